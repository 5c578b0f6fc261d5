#!/usr/bin/env bash
# labels: modes
# A worker process that dies costs time and nothing else; a tile that no worker survives is named. The parent's death
# leaves no orphan, and an interrupted run leaves soon.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 400x300 photo.png
work=(photo.png --mode processes --workers 3 --tiles 20 --quiet)
expect_exit 0 "$CHUNKIMG" "${work[@]}" -o undisturbed

# same_as_undisturbed WHAT COMMAND...: exit 0, and the same files, byte for byte
same_as_undisturbed() {
    local what=$1
    shift
    rm -rf made
    expect_exit 0 "$@" -o made
    diff -r undisturbed made >/dev/null || fail "$what: other files than those of a run without deaths"
}

# before a tile, after it was stored but not reported, and while the decoder is at work: each worker dies once or twice
for death in KILL=0:1 KILL=7:2 KILL=19:1 KILL_AFTER=0:1 KILL_AFTER=7:2 KILL_FILL=0:1 KILL_FILL=3:2 KILL_FILL=6:1; do
    same_as_undisturbed "$death" env "CHUNKIMG_TEST_$death" timeout 20 "$CHUNKIMG" "${work[@]}" --json report.json
    expect_equal "$(json report.json .workers_replaced)" "${death#*:}" "$death: workers replaced"
done

# one worker alone, one image of strips, an input that is decoded as a whole, a file on standard input
rm -rf made
CHUNKIMG_TEST_KILL=5:2 same_as_undisturbed "one worker" timeout 20 "$CHUNKIMG" "${work[@]/3/1}"
expect_exit 0 "$CHUNKIMG" photo.png --tiles 8 --quiet -o whole.png
for death in KILL=3:2 KILL_FILL=4:1; do
    expect_exit 0 env "CHUNKIMG_TEST_$death" timeout 20 "$CHUNKIMG" photo.png --mode processes --workers 2 --tiles 8 --quiet --force -o made.png
    cmp whole.png made.png || fail "one image, $death"
done
render 90x120 laced.png --interlaced
expect_equal "$(CHUNKIMG_TEST_KILL_FILL=2:1 digest_of laced.png --mode processes --workers 2 --tiles 8)" "$(digest_of laced.png --mode serial)" \
    "an interlaced input"
CHUNKIMG_TEST_KILL_FILL=5:1 timeout 20 "$CHUNKIMG" - --mode processes --workers 2 --tiles 20 --quiet -o from_file <photo.png ||
    fail "a file on standard input can be read again"
expect_equal "$(find from_file -name '*.png' | wc -l)" 20 "tiles from standard input"

# what cannot be read again ends with the process that held the decoder, and says so
status=0
cat photo.png | CHUNKIMG_TEST_KILL_FILL=5:1 timeout 20 "$CHUNKIMG" - --mode processes --workers 2 --tiles 20 -o piped 2>err >out || status=$?
expect_equal "$status" 5 "a pipe whose decoder died"
expect_text err "cannot be read from its beginning again"
expect_nothing piped

# a tile that no worker survives: three tries, then exit 5, or a list of what is missing
rm -rf made
for seq in 0 7 19; do
    CHUNKIMG_TEST_KILL=$seq expect_exit 5 timeout 20 "$CHUNKIMG" "${work[@]}" -o made
    expect_text "$tmp/err" "signal 9"
    expect_text "$tmp/err" "worker"
    expect_text "$tmp/err" "tile in column $((seq % 5)), row $((seq / 5))"
    expect_text "$tmp/err" "3 workers died with it"
    expect_nothing made
done
CHUNKIMG_TEST_KILL=7 expect_exit 6 timeout 20 "$CHUNKIMG" "${work[@]}" -o made --on-error skip
expect_equal "$(json made/manifest.json '[(.tiles | length), (.failed | length), .failed[0].col, .failed[0].row] | join(" ")')" "19 1 2 1" \
    "a poison tile in the manifest"
rm -rf made
CHUNKIMG_TEST_KILL_FILL=4 expect_exit 5 timeout 20 "$CHUNKIMG" "${work[@]}" -o made
expect_text "$tmp/err" "the decoder"
expect_nothing made

# stuck: ended after --tile-timeout, and then it is a death like any other; without one, the user's signal still ends it
began=${EPOCHREALTIME/./}
CHUNKIMG_TEST_STUCK=3:1 same_as_undisturbed "stuck" timeout 20 "$CHUNKIMG" "${work[@]}" --tile-timeout 0.5
took=$(((${EPOCHREALTIME/./} - began) / 1000))
[ "$took" -ge 500 ] || fail "ended after $took ms, before the timeout"
rm -rf made
CHUNKIMG_TEST_STUCK=3 expect_exit 5 timeout 20 "$CHUNKIMG" "${work[@]}" --tile-timeout 0.2 -o made
expect_text "$tmp/err" "--tile-timeout"
CHUNKIMG_TEST_STUCK=3 "$CHUNKIMG" "${work[@]}" -o made &
pid=$!
sleep 0.3
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
expect_equal "$status" 143 "a stuck worker, and SIGTERM"
expect_nothing made

# killed from outside, any worker, at any moment: never another result, never a hang
slow=("$CHUNKIMG" photo.png --mode processes --workers 2 --tiles 40 --quiet)
expect_exit 0 "${slow[@]}" -o undisturbed --force
for i in $(seq 1 "${CHUNKIMG_KILLS:-50}"); do
    CHUNKIMG_TEST_STALL=1500 timeout 20 "${slow[@]}" -o made --force >/dev/null 2>err &
    pid=$!
    sleep "0.0$((i % 6))$((i * 7 % 10))"
    child=$(pgrep -P "$(pgrep -P "$pid" -n || echo 1)" | shuf -n 1 || true)
    [ -z "$child" ] || kill -9 "$child" 2>/dev/null || true
    status=0
    wait "$pid" || status=$?
    expect_equal "$status" 0 "a killed worker: $(cat err); exit code"
    diff -r undisturbed made >/dev/null || fail "a killed worker changed the output"
done
rm -rf made

# processes refused: goes on with those it got, or says why. Root is not subject to the limit.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$tmp" && mkdir -m 777 other
    user=(setpriv --reuid 61234 --regid 61234 --clear-groups)
    if "${user[@]}" test -x "$CHUNKIMG" -a -r "$tmp/photo.png"; then
        for limit in 1 2 3; do
            status=0
            "${user[@]}" prlimit --nproc=$limit "$CHUNKIMG" "$tmp/photo.png" --mode processes --workers 4 --tiles 20 --quiet -o other/made 2>err || status=$?
            case $status in
            0) [ "$limit" -gt 1 ] || fail "no process may be started, and exit 0"; expect_tiles other/made 20; rm -rf other/made ;;
            1) expect_equal "$limit" 1 "refused with a limit of $limit: $(cat err)"; expect_text err "starting a worker process" ;;
            *) fail "exit $status with at most $limit processes: $(cat err)" ;;
            esac
        done
    fi
fi

# the parent killed: its children go, and the next run sweeps what it left
CHUNKIMG_TEST_STALL=20000 "$CHUNKIMG" photo.png --mode processes --workers 2 --tiles 40 -o made >/dev/null 2>&1 &
pid=$!
sleep 0.2
children=$(pgrep -P "$pid" || true)
[ -n "$children" ] || fail "there were no worker processes"
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
[ ! -e made ] || fail "a partial output has its final name"
mapfile -t children <<<"$children"
gone_within 1 "${children[@]}" || fail "an orphan was left"
expect_exit 0 "$CHUNKIMG" photo.png --tiles 4 -o made
[ -z "$(find . -maxdepth 1 -name '.made.chunkimg-*')" ] || fail "a killed run's leftovers were not swept"

# interrupted: soon, cleanly, with the signal's own exit code
for mode in $(all_modes); do
    for signal in INT TERM; do
        CHUNKIMG_TEST_STALL=20000 setsid "$CHUNKIMG" photo.png --mode "$mode" --workers 2 --tiles 300 -o stopped >/dev/null 2>&1 &
        pid=$!
        sleep 0.15
        began=${EPOCHREALTIME/./}
        # a background job of a shell ignores SIGINT; the program sets its own handler
        kill -"$signal" "$pid"
        status=0
        wait "$pid" || status=$?
        took=$(((${EPOCHREALTIME/./} - began) / 1000))
        [ "$signal" = INT ] && expect_equal "$status" 130 "$mode, SIGINT" || expect_equal "$status" 143 "$mode, SIGTERM"
        [ "$took" -lt 2000 ] || fail "$mode took $took ms to stop"
        expect_nothing stopped
    done
done
