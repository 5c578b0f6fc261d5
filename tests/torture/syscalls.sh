#!/usr/bin/env bash
# One system call fails, or all from that one on: never exit 0 with a tile missing or different.
# Every call of a job of 36 tiles that opens, reads, writes, closes, renames, maps or clones, with each error, in every mode.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need strace
can_inject || skip "strace may not inject here"

render 96x72 photo.png
image=$PWD/photo.png
job=("$image" --tiles 36 --workers 3 -o made -q)

# one_fault MODE CALL ERROR WHEN
one_fault() {
    local status=0
    rm -rf made .made*
    quietly_run timeout -s KILL 30 strace -f --seccomp-bpf -o /dev/null -e "trace=$2" -e "inject=$2:error=$3:when=$4" \
        "$CHUNKIMG" "${job[@]}" --mode "$1" || status=$?
    judge "$status" "$*" "$image"
    # libgomp and libuv end the program themselves where they are refused what was promised before; the next run sweeps
    [ "$status" -eq 0 ] || [ "$status" -eq 134 ] || [ -z "$(leftovers)" ] || [ "$1" = openmp ] || [ "$2" = openat ] || fail "$*: exit $status, but $(leftovers) was left"
    # a failure has its reason, unless the message was what could not be written
    [ "$status" -eq 0 ] || [ "$status" -eq 134 ] || [ -s err ] || [ "$2" = write ] || fail "$*: exit $status without a word"
    # an interrupted call is called again
    [ "$3$2" != EINTRwrite ] || [[ $4 == *+ ]] || [ "$status" -eq 0 ] || fail "$*: exit $status: $(cat err)"
}

cases() {
    local mode call n error i first loader
    # what the loader maps before the program begins is the loader's own business
    loader=$(calls_of "$CHUNKIMG" --version | sed -n 's/^mmap //p')
    for mode in $(all_modes); do
        rm -rf made
        while read -r call n; do
            first=1
            [ "$call" != mmap ] || first=$((loader + 1))
            for error in ENOSPC EIO EINTR EMFILE ENOMEM EAGAIN; do
                for ((i = first; i <= n; i++)); do
                    echo "$mode $call $error $i"
                    [ "$error" = EINTR ] || [ "$error" = EAGAIN ] || echo "$mode $call $error $i+"
                done
            done
        done < <(calls_of "$CHUNKIMG" "${job[@]}" --mode "$mode")
    done
}

cases >all
in_parallel one_fault < <(if is_full; then cat all; else some_of 400 <all; fi)
