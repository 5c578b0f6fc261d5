#!/usr/bin/env bash
# labels: modes
# Several inputs over the network: who waits for whom in each mode, what limits and failures do there, and what an end does.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=server.sh
. "$(dirname "$0")/server.sh"

# ---- who waits for whom ---------------------------------------------------------------------------------

# How many requests to /slow/ the server had at the same time, at most.
overlap() {
    local _
    for _ in $(seq 100); do [ "$(grep -c /slow/ access.log)" -lt 8 ] || break; sleep 0.05; done
    awk '/\/slow\// { printf "%.3f 1\n%.3f -1\n", $1 - $2 + 0.001, $1 }' access.log | sort -n |
        awk '{ now += $2; if (now > most) most = now } END { print most }'
}
slow=() # eight photographs
for i in 1 2 3 4 5 6 7 8; do slow+=("$at/slow/$i.png"); done

# loads MODE LEAST MOST [OPTION...]: the same files as by serial, with at least and at most so many requests at once
loads() {
    local mode=$1 least=$2 most=$3 saw
    shift 3
    grep -qx "$mode" modes || return 0 # not in this build
    : >access.log
    expect_exit 0 "$CHUNKIMG" "${slow[@]}" -o "by-$mode" --mode "$mode" "$@"
    expect_equal "$(grep -c '^loaded ' "$tmp/out")" 8 "lines of what mode $mode loaded"
    saw=$(overlap)
    if [ "$saw" -lt "$least" ] || [ "$saw" -gt "$most" ]; then fail "mode $mode $*: $saw requests at once, not $least to $most"; fi
    diff -r by-serial "by-$mode" >/dev/null || fail "mode $mode wrote other files than serial"
    [ "$mode" = serial ] || rm -r "by-$mode"
}
(all_modes; echo auto) >modes
loads serial 1 1
for mode in openmp threads processes gil; do loads "$mode" 4 4 --workers 4; done
loads hybrid 4 4 --processes 2 --threads 2
loads threads 2 2 --workers 2
loads async 8 8
loads auto 8 8
loads auto 2 2 --workers 2 --tile-timeout 30 # which asks for processes: they load, and this one has no thread when it forks

# auto: while others are to come, what is little work is done on the loop that moves them; what is much is shared
render 1200x900 www/large.png
expect_exit 0 "$CHUNKIMG" "$at/1.png" "$at/large.png" "$at/slow/2.png" "$at/slow/3.png" -o none --workers 2 --tiles 12 --op burn=200 --json chosen.json
chosen() { json chosen.json ".reports[] | select(.input.path == \"$1\") | .mode + \": \" + .mode_reason"; }
if grep -qx async modes; then
    expect_equal "$(chosen "$at/1.png" | sed 's/: [0-9]*/:/')" "async: downloads still to come, which go on in its loop, and little to compute"
fi
expect_equal "$(chosen "$at/large.png" | sed 's/:.*//')" threads

# runs that are processes of their own: this one, which will fork, starts nobody, and has as many going at once
for modes in threads threads,serial; do
    : >access.log
    expect_exit 0 "$CHUNKIMG" "${slow[@]}" -o none --mode "$modes" --workers 3 --repeat 2
    case $modes in threads) want=3 ;; *) want=8 ;; esac
    expect_equal "$(overlap)" "$want" "requests at once for runs of $modes"
done

# more addresses than there are descriptors
for mode in threads async auto; do
    grep -qx "$mode" modes || continue
    many=()
    for i in $(seq 300); do many+=("$at/1.png?$i"); done
    (ulimit -n 300 && expect_exit 0 "$CHUNKIMG" "${many[@]}" -o none --mode "$mode")
    expect_text "$tmp/out" "300 inputs: 300 done, 0 failed    300 loaded"
done

# In every mode: whatever becomes of one, the others are loaded, and each limit holds.
ends=()
for mode in $(cat modes); do
    "$CHUNKIMG" "$at/2.png" "$at/missing.png" "$at/stall" "$at/endless" "$at/to-file" "https://127.0.0.1:$tls/1.png" \
        "$at/no-image" "$at/3.png" -o none --mode "$mode" --timeout 4 --max-download 100KiB >"out-$mode" 2>"err-$mode" &
    ends+=($!)
done
for mode in $(cat modes); do
    status=0
    wait "${ends[0]}" || status=$?
    ends=("${ends[@]:1}")
    expect_equal "$status" 1 "the exit code of mode $mode"
    expect_text "out-$mode" "8 inputs: 2 done, 6 failed    3 loaded"
    expect_equal "$(wc -l <"err-$mode")" 6 "messages in mode $mode"
    expect_text "err-$mode" "$at/missing.png: cannot be loaded: the server answered 404"
    expect_text "err-$mode" "$at/stall: nothing more came for 4 s (--timeout)"
    expect_text "err-$mode" "$at/endless: more than --max-download allows"
    expect_text "err-$mode" "$at/to-file: cannot be loaded: redirected to neither http nor https"
    expect_text "err-$mode" "https://127.0.0.1:$tls/1.png: cannot be loaded: SSL"
    expect_text "err-$mode" "$at/no-image: not a PNG or JPEG image"
    expect_exit 2 "$CHUNKIMG" "$at/1.png" "file:///etc/hostname" -o none --mode "$mode"
done

# Nobody waits for a server longer than the user does.
for mode in $(cat modes); do
    "$CHUNKIMG" "$at/stall" "$at/stall?again" -o none --mode "$mode" --workers "$([ "$mode" = serial ] && echo 1 || echo 2)" 2>stopped.err &
    pid=$!
    sleep 0.3
    children=$(pgrep -P "$pid" || true)
    kill -INT "$pid"
    gone_within 2 "$pid" || fail "mode $mode waits for a server after it was interrupted"
    status=0
    wait "$pid" || status=$?
    expect_equal "$status" 130 "the exit code of mode $mode, interrupted while it loads"
    for pid in $children; do gone_within 2 "$pid" || fail "mode $mode left a process behind"; done
done

# A process that dies over a download: another one begins it again.
"$CHUNKIMG" "${slow[@]}" -o by-processes --mode processes --workers 2 >"$tmp/out" &
pid=$!
for _ in $(seq 500); do children=$(pgrep -P "$pid" || true); [ -z "$children" ] || break; sleep 0.01; done
sleep 0.1
# shellcheck disable=SC2086
kill -9 $children
wait "$pid" || fail "a download whose process was killed was not begun again"
diff -r by-serial by-processes >/dev/null || fail "a download that was begun again brought something else"

# downloads go on while a job runs: on its loop, inline and with a pool; some fail, and disturb no other
if "$CHUNKIMG" www/1.png -o none --quiet --mode async 2>/dev/null; then
    render 1200x900 work.png
    for pool in 0 2; do
        expect_exit 1 "$CHUNKIMG" work.png "$at/slow/1.png" "$at/missing.png" "$at/slow/2.png" "http://127.0.0.1:1/no.png" \
            -o "mixed$pool" --mode async --async-pool "$pool" --op median=2
        expect_text "$tmp/out" "5 inputs: 3 done, 2 failed    2 loaded"
        expect_equal "$(wc -l <"$tmp/err")" 2 messages
        "$CHUNKIMG" verify "mixed$pool/1_tiles" "mixed$pool/2_tiles" "mixed$pool/work_tiles" >/dev/null || fail "what was made beside downloads"
    done
    expect_exit 0 "$CHUNKIMG" "${slow[@]:0:3}" -o none --mode async --repeat 2 --json apart.json
    expect_equal "$(json apart.json '.reports | length')" 3
fi
