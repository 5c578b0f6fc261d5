#!/usr/bin/env bash
# SIGINT and SIGTERM at any moment: out within half a second, with nothing half-written, exit 130 or 143, in every mode.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

render 300x200 photo.png
image=$PWD/photo.png

# stopped MODE SIGNAL DELAY-MS STALL-US
stopped() {
    local pid status=0 began took code=143
    [ "$2" = TERM ] || code=130
    rm -rf made
    CHUNKIMG_TEST_STALL=$4 CHUNKIMG_TEST_SHUFFLE=$(($3 % 2 * $3)) setsid "$CHUNKIMG" "$image" --tiles 400 --workers 3 --mode "$1" --op blur=2 -o made -q >out 2>err </dev/null &
    pid=$!
    sleep "$(printf '0.%03d' "$3")"
    began=${EPOCHREALTIME/./}
    kill -"$2" "$pid" 2>/dev/null || true
    wait "$pid" || status=$?
    took=$(((${EPOCHREALTIME/./} - began) / 1000))
    echo "$took" >>"$tmp/times"
    case $status in
    0) "$CHUNKIMG_ASSEMBLE" --part made "$image" >/dev/null 2>&1 || [ -f made/manifest.json ] || fail "$*: exit 0 without tiles" ;; # it was over
    "$code") [ ! -e made ] && [ -z "$(leftovers)" ] || fail "$*: left $(ls -A)" ;;
    # before its handlers are there, the signal ends the program at once; nothing is written then
    *) fail "$*: exit $status: $(cat err)" ;;
    esac
    for _ in 1 2 3 4 5; do [ -z "$(processes_here)" ] || sleep 0.1; done
    [ -z "$(processes_here)" ] || fail "$*: processes were left"
}

cases() {
    local mode signal i
    for mode in $(all_modes); do
        for signal in INT TERM; do
            for ((i = 0; i < $(short_or_full 4 60); i++)); do echo "$mode $signal $(((i * 53 + ${#mode} * 7) % 290 + 10)) $((i % 3 * 3000 + 500))"; done
        done
    done
}
in_parallel stopped < <(cases)
sort -n "$tmp/times" | tail -1 | sed 's/$/ ms at most/'
most=$(sort -n "$tmp/times" | tail -1)
[ "$most" -lt 2000 ] || fail "a run took $most ms to stop" # half a second is promised; what other programs take of the machine is not known here
