#!/usr/bin/env bash
# bench --limits: every figure is there and above zero, bad input has its exit code, and nothing is left on disk.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 300x200 photo.png
render 300x200 photo.jpg
render 61x83 woven.png --kind gray16 --interlaced

# only_these NAME...: the folder holds them and nothing more
only_these() {
    expect_equal "$(find . -mindepth 1 ! -name out ! -name err -printf '%P\n' | sort | xargs)" "$*" "files left"
}
only_these photo.jpg photo.png woven.png

# limits INPUT: exit 0, the text says what it was, the JSON lies in $tmp/limits.json
limits() {
    expect_exit 0 "$CHUNKIMG" bench --limits "$1" --json limits.json
    expect_text "$tmp/out" "runs against their limits"
    expect_text "$tmp/out" "of the limit"
    expect_equal "$(wc -c <"$tmp/err")" 0 "messages"
    jq -e '.schema == "chunkimg-limits/1" and .complete and .cpus >= 1 and .input.width > 0 and .input.bytes > 0 and
        ([.figures[][] | .value > 0 and .runs >= 1 and (.unit | length > 0)] | all) and
        ([.limits[] | .wall_s > 0 and .limit_s > 0 and .of_limit > 0 and (.limit | length > 0)] | all) and
        (.figures.runs | has("decode_serial") and has("decode_threads") and has("tiles_serial")) and
        (.figures.memory | has("copy_1_threads") and has("first_touch") and has("first_touch_huge")) and
        (.figures.processes | has("fork") and has("thread") and has("round_trip") and has("cpus_at_once")) and
        (.figures.files | has("read") and has("create_1_threads")) and
        (.limits | has("decode_serial") and has("decode_threads") and has("tiles_serial") and has("tiles_threads") and
            has("tiles_threads_machine"))' limits.json >/dev/null || fail "$1: $(cat limits.json)"
}

limits photo.png
jq -e '.figures.png | has("inflate_zlib") and has("unfilter_plain") and has("crc32_zlib") and has("adler32_zlib") and
    .deflate_zlib_6.ratio > 0 and .deflate_zlib_1.ratio > 0' limits.json >/dev/null || fail "$(cat limits.json)"
limits photo.jpg
jq -e '.figures.jpeg | has("entropy") and has("entropy_coefficients") and has("decode") and .entropy_share.value > 0 and
    .encode.ratio > 0' limits.json >/dev/null || fail "$(cat limits.json)"
rm limits.json

# JSON alone on standard output; options of a job are options of the tile runs
expect_exit 0 "$CHUNKIMG" bench --limits woven.png --tiles 6 --op blur=1 --json -
jq -e '.input.depth == 16 and (.limits | has("tiles_threads")) and (.limits | has("tiles_threads_machine") | not)' \
    "$tmp/out" >/dev/null || fail "$(cat "$tmp/out")"
only_these photo.jpg photo.png woven.png

# together with a comparison: every case as a share of its limit
expect_exit 0 "$CHUNKIMG" bench --limits photo.png --modes threads --workers 2 --runs 2 --min-time 0.001 --json -
jq -e '.chain_limit_s > 0 and ([.cases[] | .of_limit > 0 and .of_limit < 2] | all)' "$tmp/out" >/dev/null || fail "$(cat "$tmp/out")"
only_these photo.jpg photo.png woven.png

# usage
expect_exit 2 "$CHUNKIMG" bench
expect_text "$tmp/err" "--limits"
expect_exit 2 "$CHUNKIMG" bench --limits
expect_exit 2 "$CHUNKIMG" bench --limits photo.png photo.jpg
expect_exit 2 "$CHUNKIMG" bench --limits -
expect_exit 2 "$CHUNKIMG" bench --limits photo.png -o made
expect_exit 2 "$CHUNKIMG" photo.png --limits
expect_text "$tmp/err" "bench"
expect_exit 2 "$CHUNKIMG" bench --limits photo.png --tiles 301x1

# bad files: one message, its exit code
for input in photo.png photo.jpg; do
    head -c $(($(stat -c %s "$input") / 2)) "$input" >"cut-$input"
    expect_exit 3 "$CHUNKIMG" bench --limits "cut-$input"
    expect_equal "$(wc -l <"$tmp/err")" 1 "lines of the message"
    expect_text "$tmp/err" "cut-$input"
    rm "cut-$input"
done
expect_exit 3 "$CHUNKIMG" bench --limits "$0"
expect_exit 1 "$CHUNKIMG" bench --limits missing.png
expect_text "$tmp/err" "missing.png"

# interrupted: what is finished was printed, and the folder is as before
status=0
timeout --foreground -s INT 0.7 "$CHUNKIMG" bench --limits photo.png >"$tmp/out" 2>"$tmp/err" || status=$?
case $status in 124 | 130) ;; *) fail "exit code $status after an interrupt: $(cat "$tmp/err")" ;; esac
only_these photo.jpg photo.png woven.png
