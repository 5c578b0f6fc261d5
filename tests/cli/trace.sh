#!/usr/bin/env bash
# labels: modes
# --trace in every mode: a track per worker whose slices do not overlap, every tile once with its arrows, counters, and
# the same pixels as without it.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 300x200 photo.png

# trace_of FILE: what must hold of any timeline of 12 tiles
trace_of() {
    jq -e '.otherData.schema == "chunkimg-trace/1" and .otherData.events_lost == 0 and
        ([.traceEvents[] | select(.name == "tile" and .ph == "X") | .args.index] | sort == [range(12)]) and
        ([.traceEvents[] | select(.name == "tile" and .ph == "X") | .args | [.column, .row]] | unique | length == 12) and
        ([.traceEvents[] | select(.name == "tile" and .ph == "X") | .args.bytes > 0] | all) and
        ([.traceEvents[] | select(.name == "fill") | .args.rows] | add == 200) and
        ([.traceEvents[] | select(.name == "drain" and .ph == "X") | .args.index] == [range(12)]) and
        (["s", "t", "f"] | all(. as $p | [$all[0].traceEvents[] | select(.ph == $p) | .id] | sort == [range(12)])) and
        (["queue depth", "free slots", "memory in use"] | all(. as $n | [$all[0].traceEvents[] | select(.ph == "C" and .name == $n)] | length > 20)) and
        ([.traceEvents[] | select(.ph == "C" and .name == "free slots") | .args.slots] | last > 0) and
        ([.traceEvents[] | select(.ph == "X")] | group_by(.tid) | all(sort_by(.ts) | . as $s |
            [range(1; length) | $s[.].ts + 0.002 >= $s[. - 1].ts + $s[. - 1].dur] | all))' --slurpfile all "$1" "$1" >/dev/null ||
        fail "$1: $(head -c 3000 "$1")"
}

own= # sanitizers take memory of their own
if sanitized; then own=yes; fi
expected=$(digest_of photo.png --mode serial)
for mode in $(all_modes); do
    rm -rf made
    expect_exit 0 "$CHUNKIMG" photo.png --mode "$mode" --workers 3 --tiles 12 -o made --trace t.json --json r.json --quiet
    trace_of t.json
    expect_equal "$(json r.json .digest)" "$expected" "digest of $mode"
    [ "$own" ] || [ "$(json r.json .memory.peak_rss_bytes)" -le "$(json r.json .memory.planned_bytes)" ] || fail "$mode: more memory than planned"
done

# only when asked does the plan count it
slots() { chunkimg photo.png --tiles 12 --dry-run -o x "$@" | sed -n 's/.*slots \([^,]*\),.*/\1/p'; }
plain=$(slots)
[ "$plain" != "$(slots --trace t.json)" ] || fail "the plan does not count the trace"
expect_equal "$(slots)" "$plain" "plan"

# several modes: one file each; the last of several runs stays; standard output
expect_exit 0 "$CHUNKIMG" photo.png --mode serial,threads --repeat 2 --workers 2 --tiles 12 -o made --format png --force --trace m.json
trace_of m-serial.json
trace_of m-threads.json
expect_exit 0 "$CHUNKIMG" photo.png --mode serial --tiles 12 -o made --force --quiet --trace -
jq -e '.traceEvents | length > 50' "$tmp/out" >/dev/null || fail "$(head -c 300 "$tmp/out")"
expect_exit 2 "$CHUNKIMG" photo.png photo.png --trace t.json -o none
expect_exit 1 "$CHUNKIMG" photo.png --trace missing/t.json -o none
