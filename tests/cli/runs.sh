#!/usr/bin/env bash
# Several runs and several inputs behind one command: nothing of them outlives it, nothing is replaced unsaid.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

render 700x500 photo.png
cp photo.png other.png
mkdir a b && cp photo.png a/same.png && render 300x200 b/same.png --seed 5

# A run apart did not hear of a signal to its parent, and went on for seconds.
slow=("$CHUNKIMG" photo.png --tile-size 20 --workers 2 -o made --repeat 3)
for signal in TERM INT; do
    CHUNKIMG_TEST_STALL=20000 setsid "${slow[@]}" >/dev/null 2>&1 &
    pid=$!
    sleep 0.3
    began=${EPOCHREALTIME/./}
    kill -"$signal" "$pid"
    status=0
    wait "$pid" || status=$?
    took=$(((${EPOCHREALTIME/./} - began) / 1000))
    [ "$signal" = TERM ] && expect_equal "$status" 143 || expect_equal "$status" 130
    [ "$took" -lt 2000 ] || fail "several runs took $took ms to stop"
    expect_nothing made
done

# The same signal to the process and to its group at once, as timeout(1) and terminals send it, left the staging folder.
for _ in 1 2 3; do
    CHUNKIMG_TEST_STALL=20000 setsid "$CHUNKIMG" photo.png --tile-size 20 --workers 2 -o made >/dev/null 2>&1 &
    pid=$!
    sleep 0.2
    kill -TERM "$pid" "-$pid" && kill -TERM "$pid" 2>/dev/null
    status=0
    wait "$pid" || status=$?
    expect_equal "$status" 143
    expect_nothing made
done

# A run apart outlived its parent, and wrote its output when nobody waited for it any more.
CHUNKIMG_TEST_STALL=20000 setsid "${slow[@]}" >/dev/null 2>&1 &
pid=$!
sleep 0.3
children=$(pgrep -P "$pid" || true)
[ -n "$children" ] || fail "there was no run apart"
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
mapfile -t children <<<"$children"
gone_within 2 "${children[@]}" || fail "a run outlived the command"
expect_nothing made

# A signal while an input is waited for: no input after it is begun, and it is no success.
mkfifo gate.png
"$CHUNKIMG" other.png gate.png photo.png --tiles 2 -o many >/dev/null 2>err &
pid=$!
for _ in $(seq 1 100); do [ ! -d many/other_tiles ] || break; sleep 0.02; done
kill -TERM "$pid"
sleep 0.1
timeout 5 bash -c 'echo "no image" >gate.png' || true # nobody reads it where the signal came before it was opened
status=0
wait "$pid" || status=$?
[ "$status" -ne 0 ] || fail "exit 0 of a command that was stopped before its last input"
[ ! -e many/photo_tiles ] || fail "an input was begun after the signal"

# With --force the second of two inputs of one name replaced what was made of the first, with exit 0.
expect_exit 2 "$CHUNKIMG" a/same.png b/same.png --tiles 2 -o both --force
expect_text "$tmp/err" "a/same.png and b/same.png would both be written to both/same_tiles"
[ ! -e both ] || fail "something was made"
(cd a && expect_exit 2 "$CHUNKIMG" same.png ../b/same.png --tiles 2 --force && [ ! -e same_tiles ]) || fail "in the default folder"
expect_exit 2 "$CHUNKIMG" a/same.png b/same.png --tiles 2 -o both
[ ! -e both ] || fail "something was made without --force"
