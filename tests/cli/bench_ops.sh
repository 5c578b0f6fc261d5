#!/usr/bin/env bash
# bench --ops: every operation of the table has a rate or a reason, bad input has its exit code, nothing is left on disk.

# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 640x400 in.png --kind photo
mkdir spare
export TMPDIR=$tmp/spare

# Given ones: each by itself, then all in one chain; the input's own shape.
expect_exit 0 "$CHUNKIMG" bench --ops in.png --op invert --op blur=1.5 --json ops.json
expect_text "$tmp/out" "invert, blur=1.5"
jq -e '.schema == "chunkimg-ops/1" and .complete and .input.width == 640 and .input.depth == 8 and
    ([.ops[].op] == ["invert", "blur=1.5", "invert, blur=1.5"]) and
    ([.ops[] | .runs >= 1 and .best_mp_s > 0 and .best_mp_s >= .median_mp_s and .cpu > 0] | all)' ops.json >/dev/null ||
    fail "$(cat ops.json)"

# All: a row for every name that list knows.
render 64x48 small.png --kind photo
expect_exit 0 "$CHUNKIMG" bench --ops small.png --json -
cp "$tmp/out" all.json
# summaries begin in one column, however many arguments there are
expect_equal "$(chunkimg list | awk '/^  / && substr($0, 29, 2) !~ /^ [^ ]/')" "" "list: a line out of its column"
chunkimg list ops | awk 'NR > 1 && NF { sub("=.*", "", $1); print $1 }' >names
while read -r name; do
    jq -e --arg name "$name" '[.ops[] | select(.op == $name)] | length == 1 and (.[0].runs > 0 or (.[0].note | length > 0))' \
        all.json >/dev/null || fail "no row for $name"
done <names

# Without an input one is painted, and goes away again.
expect_exit 0 "$CHUNKIMG" bench --ops --op threshold --json -
jq -e '.input.path == null and .input.width == 4096 and .ops[0].runs > 0' "$tmp/out" >/dev/null || fail "$(cat "$tmp/out")"
expect_equal "$(ls -A spare)" "" "what is left in the temporary folder"

expect_exit 2 "$CHUNKIMG" bench --ops in.png --op blurr
expect_text "$tmp/err" "the nearest is 'blur'"
expect_exit 2 "$CHUNKIMG" bench --ops in.png small.png
expect_exit 2 "$CHUNKIMG" bench --ops -
expect_exit 2 "$CHUNKIMG" bench --ops in.png -o made
expect_exit 1 "$CHUNKIMG" bench --ops missing.png
expect_exit 3 "$CHUNKIMG" bench --ops "$0"
TMPDIR=$tmp/nowhere expect_exit 1 "$CHUNKIMG" bench --ops --op invert
expect_equal "$(ls -A spare)" "" "what is left in the temporary folder"
