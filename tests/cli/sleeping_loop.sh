#!/usr/bin/env bash
# labels: modes
# The one word that wakes the event loop is refused: the loop slept for ever, with all its requests done.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need strace
can_inject || skip "strace may not inject here"
[[ $(all_modes) == *async* ]] || skip "this build has no mode async"

export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" # the leak check cannot be traced

render 96x72 photo.png

# unheard WHEN OPTION...: the WHEN-th write of every thread fails with EAGAIN. In a thread of the pool that is a word to the
# loop, or else the bytes of a tile, which is an error that is said.
unheard() {
    local status=0 when=$1
    shift
    rm -rf made
    (
        timeout -s KILL 20 strace -f -o /dev/null -e trace=write -e inject=write:error=EAGAIN:when="$when" \
            "$CHUNKIMG" photo.png --mode async "$@" --quiet >out 2>err </dev/null
        exit $?
    ) 2>/dev/null || status=$? # the shell says nothing of signals
    case $status in
    0) woken=$((woken + 1)) ;;
    1) [ ! -s err ] || expect_text err "Resource temporarily unavailable" ;; # or the message is what could not be written
    134) ;; # libuv cannot lock its signals, and ends the program
    *) fail "exit $status, $when: $* (137: it slept)" ;;
    esac
}

woken=0
for when in 2 3 5; do # of reading ahead; no tile is written. The first one of the loop's own thread is libuv's lock
    unheard "$when" -o none
    unheard "$when" -o none --async-pool 2
done
# With a sanitizer other writes are the second and the third.
sanitized || expect_equal "$woken" 6 "runs that only read and were woken"
[ "$woken" -gt 0 ] || fail "no run that only reads was woken"

reading=$woken
for _ in 1 2 3 4 5; do # whose write is the one that is refused, a tile's or a word, is up to the threads
    for when in $(seq 6 17); do
        unheard "$when" --tiles 36 -o made
        unheard "$when" --tiles 36 -o made --async-pool 2
    done
    [ "$woken" -eq "$reading" ] || break
done
[ "$woken" -gt "$reading" ] || fail "no run that writes tiles was woken"
