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
