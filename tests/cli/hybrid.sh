#!/usr/bin/env bash
# labels: modes
# Processes that each run threads: any split gives the same files, and a death loses what the process had in hand and no more.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 400x300 photo.png
work=(photo.png --tiles 20 --quiet)
expect_exit 0 "$CHUNKIMG" "${work[@]}" --mode serial -o undisturbed

# split "OPTIONS" PROCESSES WORKERS
split() {
    # shellcheck disable=SC2086
    expect_exit 0 "$CHUNKIMG" "${work[@]}" --mode hybrid $1 -o made --force --json report.json
    expect_equal "$(json report.json '[.processes, .workers] | join(" ")')" "$2 $3" "processes and workers of $1"
    diff -r undisturbed made >/dev/null || fail "other files with $1"
}
split "--workers 1" 1 1
split "--workers 4" 2 4
split "--workers 7" 7 7
split "--processes 3 --threads 2" 3 6
split "--processes 2 --workers 6" 2 6
split "--threads 4 --workers 4" 1 4

expect_exit 2 "$CHUNKIMG" "${work[@]}" --mode hybrid --workers 5 --processes 2 --threads 2 -o none
expect_text "$tmp/err" "workers: 5 are not 2 processes of 2 threads"
expect_exit 2 "$CHUNKIMG" "${work[@]}" --mode threads --threads 2 -o none
expect_text "$tmp/err" "hybrid"
expect_exit 2 "$CHUNKIMG" "${work[@]}" --mode hybrid --processes 1000 --threads 32 -o none
expect_text "$tmp/err" "1024"

team=(--mode hybrid --processes 2 --threads 3)
for death in KILL=7:1 KILL=7:2 KILL_AFTER=3:2 KILL_FILL=3:1; do
    rm -rf made
    expect_exit 0 env "CHUNKIMG_TEST_$death" timeout 20 "$CHUNKIMG" "${work[@]}" "${team[@]}" -o made --json report.json
    diff -r undisturbed made >/dev/null || fail "$death changed the output"
    expect_equal "$(json report.json .workers_replaced)" "${death#*:}" "$death: processes replaced"
done

# the poison tile alone is left out, whatever else was in hand when it struck
rm -rf made
CHUNKIMG_TEST_STALL=2000 CHUNKIMG_TEST_KILL=7 expect_exit 6 timeout 20 "$CHUNKIMG" "${work[@]}" "${team[@]}" -o made --on-error skip
expect_equal "$(json made/manifest.json '[.failed[] | "\(.col),\(.row)"] | join(" ")')" "2,1" "tiles left out"
rm -rf made
CHUNKIMG_TEST_STUCK=3:1 expect_exit 0 timeout 20 "$CHUNKIMG" "${work[@]}" "${team[@]}" --tile-timeout 0.4 -o made
diff -r undisturbed made >/dev/null || fail "a stuck thread changed the output"
