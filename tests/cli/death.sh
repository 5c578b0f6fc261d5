#!/usr/bin/env bash
# labels: modes
# A worker process that dies ends in exit 5, which names worker, signal and tile; the parent's death leaves no orphan.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

render 400x300 photo.png

for seq in 0 7 19; do
    CHUNKIMG_TEST_KILL=$seq expect_exit 5 timeout 20 "$CHUNKIMG" photo.png --mode processes --workers 3 --tiles 20 -o made
    expect_text "$tmp/err" "signal 9"
    expect_text "$tmp/err" "worker"
    expect_text "$tmp/err" "tile in column $((seq % 5)), row $((seq / 5))"
    expect_nothing made
done

# killed from outside, at any moment
for i in $(seq 1 "${CHUNKIMG_KILLS:-12}"); do
    CHUNKIMG_TEST_STALL=3000 timeout 20 "$CHUNKIMG" photo.png --mode processes --workers 2 --tiles 40 -o made --force >/dev/null 2>err &
    pid=$!
    sleep "0.0$((i % 6))$((i % 7))"
    child=$(pgrep -P "$(pgrep -P "$pid" -n || echo 1)" | head -1 || true)
    [ -z "$child" ] || kill -9 "$child" 2>/dev/null || true
    status=0
    wait "$pid" || status=$?
    case $status in
    0) [ -f made/manifest.json ] || fail "exit 0 without a manifest" ;;
    5) expect_text err "worker" ;;
    *) fail "exit $status after a killed worker: $(cat err)" ;;
    esac
done
rm -rf made

# the parent killed: its children go, and the next run sweeps what it left
CHUNKIMG_TEST_STALL=20000 "$CHUNKIMG" photo.png --mode processes --workers 2 --tiles 40 -o made >/dev/null 2>&1 &
pid=$!
sleep 0.2
children=$(pgrep -P "$pid" || true)
[ -n "$children" ] || fail "there were no worker processes"
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
[ ! -e made ] || fail "a partial output has its final name"
for _ in $(seq 1 20); do
    alive=0
    # one that has ended and waits to be reaped by whoever adopted it is no orphan
    for child in $children; do
        state=$(sed 's/.*) //; s/ .*//' "/proc/$child/stat" 2>/dev/null || true)
        [ -z "$state" ] || [ "$state" = Z ] || alive=1
    done
    [ "$alive" = 1 ] || break
    sleep 0.05
done
[ "$alive" = 0 ] || fail "an orphan was left"
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
