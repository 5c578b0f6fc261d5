#!/usr/bin/env bash
# bench: the comparison of real runs: documents that hold what they promise, bad input, an interrupt, nothing left on disk.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 300x200 photo.png
few=(--runs 3 --min-time 0.001 --warmup 1)

# only_these NAME...: the folder holds them and nothing more
only_these() {
    expect_equal "$(find . -mindepth 1 ! -name out ! -name err -printf '%P\n' | sort | xargs)" "$*" "files left"
}

# every mode that is built is a row, the digests are one, the sentences end with a command line that runs
expect_exit 0 "$CHUNKIMG" bench photo.png --tiles 6 --workers 1,2,3,4 "${few[@]}" --seed 7 --json o.json --csv o.csv --markdown o.md
expect_text "$tmp/out" "seed 7"
expect_text "$tmp/out" "against serial"
expect_text "$tmp/out" "laws of scaling"
expect_equal "$(wc -c <"$tmp/err")" 0 "messages"
jq -e '.schema == "chunkimg-bench/1" and .complete and .protocol.seed == 7 and .input.width == 300 and .input.bytes > 0 and
    (.machine | .cpus_allowed >= 1 and (.cpu | length > 0) and (.kernel | length > 0) and (.compiler | length > 0) and
        (.flags | length > 0) and (.libraries | length > 0) and (.file_system | length > 0) and .memory_bytes > 0) and
    ([.cases[].digest] | unique | length == 1) and ([.cases[] | has("error")] | any | not) and
    ([.cases[] | (.wall_s | length) >= 3 and .wall.low <= .wall.median and .wall.median <= .wall.high and .wall.min <= .wall.mean and
        .throughput_mpps > 0 and .tiles_per_s > 0 and .speedup_region > 0 and .speedup_end_to_end > 0 and
        .speedup.low <= .speedup.value and .speedup.value <= .speedup.high and
        (.figures | has("total_s") and has("region_s") and has("decode_s") and has("user_s") and has("voluntary_switches") and
            has("peak_memory_bytes") and has("spawn_s")) and .figures.total_s >= .figures.wall_s] | all) and
    ([.curves[] | select(.mode == "threads") | .usl.sigma >= 0 and .amdahl.sigma >= 0] == [true]) and
    (.conclusion | length >= 2) and (.use.command | startswith("chunkimg photo.png --tiles 6"))' o.json >/dev/null || fail "$(cat o.json)"
for mode in $(all_modes); do
    jq -e --arg mode "$mode" '[.cases[].mode] | index($mode)' o.json >/dev/null || fail "$mode is no row"
done
expect_equal "$(($(wc -l <o.csv) - 1))" "$(jq '[.cases[].wall_s | length] | add' o.json)" "lines of the CSV"
expect_text o.md "threads x 2"
# shellcheck disable=SC2046
expect_exit 0 "$CHUNKIMG" $(jq -r .use.command o.json | cut -d ' ' -f 2-) -o none
only_these o.csv o.json o.md photo.png

# sizes of tiles, options of a job, output on the disk; a report on standard output is alone there
expect_exit 0 "$CHUNKIMG" bench photo.png --modes threads --workers 2 --tile-sizes 64,100x50 --op blur=1 "${few[@]}" -o made --json -
jq -e '(.cases | length) == 4 and ([.cases[] | .label] | index("threads x 2, 100x50 px")) and ([.cases[].figures.write_s] | all(. > 0)) and
    .work.ops == "blur=1"' "$tmp/out" >/dev/null || fail "$(cat "$tmp/out")"
expect_exit 0 "$CHUNKIMG" bench photo.png --modes serial -o none "${few[@]}" --json -
jq -e '.work.format == "" and (.cases | length) == 1 and .use.case == 0' "$tmp/out" >/dev/null || fail "$(cat "$tmp/out")"
only_these o.csv o.json o.md photo.png

# presets, each with its sentence; the tick of latency is seen
for preset in quick latency; do
    expect_exit 0 "$CHUNKIMG" bench photo.png --preset "$preset" --modes serial,threads --workers 2 "${few[@]}" --json -
    jq -e '.preset == $p and (.conclusion | length) == 1' --arg p "$preset" "$tmp/out" >/dev/null || fail "$preset: $(cat "$tmp/out")"
done

# inputs that are late: eight delays one after another in serial, about one where they overlap; the same pixels in all
if chunkimg --version | grep -q 'without libcurl'; then
    chunkimg bench photo.png --preset io --tile-sizes 128 "${few[@]}" --json - >io.json
    jq -e '[.cases[] | select(.slow_inputs)] == []' io.json >/dev/null || fail "slow inputs without libcurl"
    jq -e '.left_out["slow inputs"] | contains("libcurl")' io.json >/dev/null || fail "slow inputs are not named as left out"
else
    chunkimg bench photo.png --preset io --tile-sizes 128 "${few[@]}" --json - >io.json
    jq -e '[.cases[] | select(.slow_inputs == 8)] | length == 3 and (.[0].mode == "serial" and .[0].wall.min >= 8 * 0.2) and
           all(.[1:][]; .wall.min >= 0.2 and .speedup.value > 2) and ([.[].digest] | unique | length == 1)' io.json >/dev/null ||
        fail "slow inputs: $(jq -c '[.cases[] | {label, wall, digest}]' io.json)"
    jq -e '.conclusion[0] | test("8 inputs that are 200 ms late each: serial [0-9.]+ s, async [0-9.]+ s, threads [0-9.]+ s")' io.json >/dev/null ||
        fail "the sentence of io: $(jq .conclusion io.json)"
    ! pgrep -f "bench photo.png --preset io" >/dev/null || fail "the server of slow inputs is still there"
fi
rm io.json
jq -e '[.cases[].figures | .jitter_p99_s > 0 and .jitter_worst_s >= .jitter_p99_s] | all' "$tmp/out" >/dev/null || fail "$(cat "$tmp/out")"

# before and after
expect_exit 0 "$CHUNKIMG" bench --compare o.json o.json --json -
jq -e '.schema == "chunkimg-bench-compare/1" and ([.cases[].verdict] | unique) == ["no difference that these runs can show"]' "$tmp/out" \
    >/dev/null || fail "$(cat "$tmp/out")"
sed 's|chunkimg-bench/1|chunkimg-bench/0|' o.json >old.json
expect_exit 2 "$CHUNKIMG" bench --compare o.json old.json --json none.json
expect_text "$tmp/err" "chunkimg-bench/0"
expect_exit 2 "$CHUNKIMG" bench --compare photo.png o.json
expect_exit 2 "$CHUNKIMG" bench --compare o.json
expect_exit 1 "$CHUNKIMG" bench --compare o.json missing.json
rm o.csv o.json o.md old.json

# usage: one sentence each
usage() {
    expect_exit 2 "$CHUNKIMG" bench "$@"
    expect_equal "$(wc -l <"$tmp/err")" 1 "lines of the message"
}
usage photo.png --preset gill
expect_text "$tmp/err" "latency"
usage photo.png --modes thread
expect_text "$tmp/err" "there is no mode 'thread'"
usage photo.png --runs 0
expect_text "$tmp/err" "1 to 5000"
usage photo.png --workers 0
usage photo.png --workers 1,x
usage photo.png --tile-sizes 64x
usage photo.png --modes serial,threads --op nothing
usage photo.png photo.png --json -
usage
usage -
usage photo.png --jsn x
expect_text "$tmp/err" "--json"
expect_equal "$(chunkimg list presets | wc -l)" 9 "presets that are listed"
expect_exit 2 "$CHUNKIMG" photo.png --runs 3
expect_text "$tmp/err" "belongs to bench"
expect_exit 1 "$CHUNKIMG" bench missing.png
expect_exit 3 "$CHUNKIMG" bench "$0"
only_these photo.png

# interrupted: what is finished was printed, and the folder is as before
status=0
timeout --foreground -s INT 1 "$CHUNKIMG" bench photo.png --min-time 60 -o made >"$tmp/out" 2>"$tmp/err" || status=$?
case $status in 124 | 130) ;; *) fail "exit code $status after an interrupt: $(cat "$tmp/err")" ;; esac
expect_text "$tmp/out" "serial x 1"
expect_text "$tmp/out" "not complete"
only_these photo.png
