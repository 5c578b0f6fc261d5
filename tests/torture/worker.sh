#!/usr/bin/env bash
# A random worker process is killed at a random moment: the same bytes as ever, or exit 5 and nothing; never a hang.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

render 96x72 photo.png
image=$PWD/photo.png
expect_exit 0 "$CHUNKIMG" "$image" --tiles 36 -o whole -q
whole=$PWD/whole

killed_worker() { # NUMBER
    local pid child status=0 children=()
    rm -rf made
    CHUNKIMG_TEST_STALL=$(($1 % 4 * 700 + 300)) timeout -s KILL 30 "$CHUNKIMG" "$image" --tiles 36 --workers $((2 + $1 % 3)) --mode processes \
        -o made -q >out 2>err </dev/null &
    pid=$!
    for _ in $(seq 1 100); do
        # children of the program, which is timeout's child
        child=$(pgrep -P "$pid" | head -1) || { sleep 0.002; continue; }
        mapfile -t children < <(pgrep -P "$child")
        [ "${#children[@]}" -eq 0 ] || break
    done
    sleep "0.0$(($1 * 7 % 30 + 10))"
    [ "${#children[@]}" -eq 0 ] || kill -9 "${children[$(($1 % ${#children[@]}))]}" 2>/dev/null || true
    wait "$pid" || status=$?
    judge "$status" "run $1" "$image"
    case $status in
    0) diff -r "$whole" made || fail "run $1: other bytes than a run without deaths" ;;
    5) [ -s err ] && [ -z "$(leftovers)" ] || fail "run $1: exit 5, but $(leftovers)$(cat err)" ;;
    *) fail "run $1: exit $status: $(cat err)" ;;
    esac
    echo "$status" >>"$tmp/codes"
}

in_parallel killed_worker < <(seq 1 "$(short_or_full 50 1000)")
echo "exit codes: $(sort "$tmp/codes" | uniq -c | awk '{ printf "%s x %s  ", $2, $1 }')"

# How long until a death is seen: from the kill of a worker until a process that takes its place has been started, all
# workers computing. Only the median is judged, since what other programs take of the machine is not known here.
children_of() {
    children=()
    { read -ra children <"/proc/$1/task/$1/children"; } 2>/dev/null || true
}

replaced_after() { # microseconds, a line each, into ./seen; a run that is killed in is over at some time
    local pid before began status=0 others i
    "$CHUNKIMG" "$image" --tile-size 4 --op burn=500000 --workers 3 --mode processes -o none -q >out 2>err </dev/null &
    pid=$!
    for ((i = 0; i < 11; i++)); do
        sleep 0.05 # a ticket that died is made again meanwhile
        children_of "$pid"
        [ "${#children[@]}" -eq 3 ] || break
        before=" ${children[*]} "
        began=${EPOCHREALTIME/./}
        kill -9 "${children[i % 3]}"
        for ((others = 0; others == 0;)); do
            children_of "$pid"
            [ "${#children[@]}" -gt 0 ] || break 2
            for child in "${children[@]}"; do [[ $before == *" $child "* ]] || others=1; done
            [ $((${EPOCHREALTIME/./} - began)) -lt 10000000 ] || fail "a dead worker was not replaced within 10 s"
        done
        echo $((${EPOCHREALTIME/./} - began)) >>seen
    done
    wait "$pid" || status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 5 ] || fail "killed again and again: exit $status: $(cat err)" # 5: a tile was hit three times
}

if [ -r "/proc/$$/task/$$/children" ]; then
    : >seen
    for ((tries = 0; tries < 20 && $(wc -l <seen) < $(short_or_full 11 111); tries++)); do replaced_after; done
    [ "$(wc -l <seen)" -gt 8 ] || fail "hardly a worker could be killed: $(wc -l <seen)"
    sort -n seen >sorted
    median=$(sed -n "$((($(wc -l <sorted) + 1) / 2))p" sorted)
    echo "a death is seen and the worker replaced after $median us (median of $(wc -l <sorted)), at most $(tail -1 sorted) us"
    [ "$median" -lt 100000 ] || fail "a death is seen after $median us"
fi
