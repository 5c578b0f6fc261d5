#!/usr/bin/env bash
# The parent is killed at any of those calls: no partial output under its name, no orphan, no shared memory; the next run sweeps.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need strace
can_inject || skip "strace may not inject here"

render 96x72 photo.png
image=$PWD/photo.png
job=("$image" --tiles 36 --workers 3 -o made -q)

# killed_at MODE CALL WHEN: a thread that is killed takes its process with it; of processes only the parent is killed
killed_at() {
    local follow=-f
    rm -rf made .made*
    [ "$1" != processes ] || follow=
    (
        export CHUNKIMG_TEST_STALL=200
        timeout -s KILL 30 strace $follow -o /dev/null -e "trace=$2" -e "inject=$2:signal=SIGKILL:when=$3" \
            "$CHUNKIMG" "${job[@]}" --mode "$1" >out 2>err </dev/null || true
    ) 2>/dev/null
    [ ! -e made ] || "$CHUNKIMG_ASSEMBLE" made "$image" || fail "$*: a partial output has its final name"
    for _ in $(seq 1 50); do
        [ -n "$(processes_here)" ] || break
        sleep 0.02
    done
    [ -z "$(processes_here)" ] || fail "$*: orphans a second after the kill: $(processes_here)"
    "$CHUNKIMG" "${job[@]}" --mode "$1" --force >out 2>err || fail "$*: the next run: $(cat err)"
    "$CHUNKIMG_ASSEMBLE" made "$image" || fail "$*: the next run's output"
    [ -z "$(leftovers)" ] || fail "$*: the next run left $(leftovers)"
}

cases() {
    local mode call n i
    for mode in $(all_modes); do
        rm -rf made
        while read -r call n; do
            for ((i = 1; i <= n; i++)); do echo "$mode $call $i"; done
        done < <(calls_of "$CHUNKIMG" "${job[@]}" --mode "$mode")
    done
}

before=$(find /dev/shm -mindepth 1 2>/dev/null | sort)
cases >all
in_parallel killed_at < <(some_of "$(short_or_full 100 1000)" <all)
# ours would be newer, and named; anonymous memory has no name to be left
mapfile -t new < <(comm -13 <(echo "$before") <(find /dev/shm -mindepth 1 2>/dev/null | sort) | grep -i 'chunkimg\|ck_' || true)
[ "${#new[@]}" -eq 0 ] || fail "left in /dev/shm: ${new[*]}"
