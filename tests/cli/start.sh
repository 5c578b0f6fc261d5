#!/usr/bin/env bash
# labels: modes
# Forked, run anew, or forked by a server: the same files from every way to start worker processes, and deaths cost no more.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 400x300 photo.png
render 300x200 photo.jpg
render 90x120 laced.png --interlaced
expect_exit 0 "$CHUNKIMG" photo.png --mode serial --tiles 20 --quiet -o undisturbed
expect_exit 0 "$CHUNKIMG" photo.png --mode serial --tiles 8 --quiet -o plain.png

for start in fork spawn forkserver; do
    how=(--mode processes --start "$start" --workers 2)
    # every option that a worker must know of
    for options in "--tile-size 70x50 --op blur=2.5 --op sobel --op invert" "--tiles 3x5 --overlap 7 --edge pad --format jpeg --quality 33" \
                   "--tiles 6 --edge shift --op median=2 --border zero --op equalize"; do
        # shellcheck disable=SC2086
        expect_equal "$(digest_of photo.png "${how[@]}" $options)" "$(digest_of photo.png --mode serial $options)" "$start, $options"
        # shellcheck disable=SC2086
        expect_exit 0 "$CHUNKIMG" photo.png "${how[@]}" $options --name '{index:03}_{stem}.{ext}' --quiet -o made --force
        # shellcheck disable=SC2086
        expect_exit 0 "$CHUNKIMG" photo.png --mode serial $options --name '{index:03}_{stem}.{ext}' --quiet -o plain --force
        diff -r plain made >/dev/null || fail "$start: other files with $options"
    done
    for input in photo.jpg laced.png; do
        expect_equal "$(digest_of "$input" "${how[@]}" --tiles 6)" "$(digest_of "$input" --mode serial --tiles 6)" "$start, $input"
    done
    expect_exit 0 "$CHUNKIMG" photo.png "${how[@]}" --tiles 8 --quiet -o made.png --force --max-memory 64M
    cmp plain.png made.png || fail "$start: one image"
    rm -rf made
    expect_exit 0 "$CHUNKIMG" photo.png --mode hybrid --start "$start" --processes 2 --threads 2 --tiles 20 --quiet -o made
    diff -r undisturbed made >/dev/null || fail "$start: hybrid"
    rm -rf made
    expect_exit 0 "$CHUNKIMG" photo.png "${how[@]}" --ipc pipe --tiles 20 --quiet -o made --fsync
    diff -r undisturbed made >/dev/null || fail "$start: pixels by socket"

    for death in KILL=7:2 KILL_AFTER=3:1 KILL_FILL=3:1 STUCK=5:1; do
        rm -rf made
        expect_exit 0 env "CHUNKIMG_TEST_$death" timeout 20 "$CHUNKIMG" photo.png "${how[@]}" --tiles 20 --quiet --tile-timeout 2 -o made --json report.json
        diff -r undisturbed made >/dev/null || fail "$start: $death changed the output"
        expect_equal "$(json report.json .workers_replaced)" "${death#*:}" "$start: $death: workers replaced"
    done
    rm -rf made
    CHUNKIMG_TEST_KILL=7 expect_exit 5 timeout 20 "$CHUNKIMG" photo.png "${how[@]}" --tiles 20 --quiet -o made
    expect_text "$tmp/err" "signal 9"
    expect_nothing made

    # no orphan when the one that runs the job is killed
    CHUNKIMG_TEST_STALL=20000 "$CHUNKIMG" photo.png "${how[@]}" --tiles 60 -o made --quiet &
    pid=$!
    sleep 0.2
    family=$(pgrep -P "$pid" | while read -r child; do echo "$child"; pgrep -P "$child" || true; done)
    kill -9 "$pid"
    wait "$pid" 2>/dev/null || true
    mapfile -t members <<<"$family"
    [ -n "$family" ] && gone_within 2 "${members[@]}" || fail "$start: an orphan was left, or there were no workers ($family)"
    rm -rf made .made.*
done

# a file on standard input has a place to begin at; a pipe has none
expect_equal "$("$CHUNKIMG" - --mode processes --start spawn --workers 2 --tiles 6 -o none --quiet --json - <photo.png | jq -r .digest)" \
    "$(digest_of photo.png --mode serial --tiles 6)" "spawn, standard input"
status=0
cat photo.png | "$CHUNKIMG" - --mode processes --start spawn -o none 2>err || status=$?
expect_equal "$status" 2 "a pipe and spawn"
expect_text err "which only a file can be"

# programs that are no workers
expect_exit 5 timeout 20 "$CHUNKIMG" photo.png --mode processes --start spawn --worker-program "$(type -P true)" -o none
expect_text "$tmp/err" "chunkimg_worker_main"
expect_exit 1 timeout 20 "$CHUNKIMG" photo.png --mode processes --start forkserver --worker-program "$(type -P true)" -o none
expect_exit 1 timeout 20 "$CHUNKIMG" photo.png --mode processes --start spawn --worker-program ./missing -o none
expect_text "$tmp/err" "No such file"
"$CHUNKIMG" chunkimg-worker-process </dev/null >/dev/null 2>&1 && fail "a worker without an order, and exit 0"
exit 0
