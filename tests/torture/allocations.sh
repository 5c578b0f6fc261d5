#!/usr/bin/env bash
# The k-th allocation fails, or all from it on: an error in words or the right tiles, never a crash, in every mode.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
shim=$CHUNKIMG_BUILD/tests/libfail_alloc.so
[ -f "$shim" ] || skip "the library that lets allocations fail is not built (sanitizers have their own malloc)"

render 96x72 photo.png
render 96x72 photo.jpg
render 96x72 screen.png --kind palette --interlaced

# what a run does: an image and options; each has its own allocations
jobs=("photo.png --tiles 36" "photo.jpg --tiles 6 --format png --op blur=1" "screen.png --tile-size 40 --overlap 2 --edge pad"
    "photo.jpg --tile-size 32 --lossless" "photo.png --tiles 36 --resume"
    "photo.png --tiles 4 --op median=7")

# one_failure JOB MODE K
one_failure() {
    local status=0 words
    read -ra words <<<"${jobs[$1]}"
    rm -rf made .made*
    quietly_run timeout -s KILL 30 env "LD_PRELOAD=$shim" "CHUNKIMG_FAIL_ALLOC=$3" "$CHUNKIMG" "$tmp/${words[0]}" "${words[@]:1}" --workers 3 --mode "$2" \
        -o made -q || status=$?
    case "$status $1" in
    "0 1" | "0 3" | "0 5") [ -f made/manifest.json ] && "$CHUNKIMG" verify -q made || fail "$*: exit 0, but $(ls made)" ;;
    *) judge "$status" "$*" "$tmp/${words[0]}" ;;
    esac
    [ "$status" -eq 0 ] || [ "$status" -eq 134 ] || [ -s err ] || fail "$*: exit $status without a word"
    # libgomp and libuv end the program themselves where they get no memory; and where nobody gets any, a folder cannot be listed to be removed
    # and what is to be resumed stays
    [ "$status" -eq 0 ] || [ -z "$(leftovers)" ] || [ "$2" = openmp ] || [ "$status" -eq 134 ] || [[ $3 == *+ ]] || [[ ${jobs[$1]} == *--resume ]] || fail "$*: exit $status, but $(leftovers) was left: $(cat err)"
}

cases() {
    local mode job count words k first=1 modes
    read -ra modes < <(all_modes | xargs)
    for job in "${!jobs[@]}"; do
        for mode in "${modes[@]}"; do
            # in short, the first job in every mode, and each other one in one
            is_full || [ "$job" -eq 0 ] || [ "$mode" = "${modes[$((job % ${#modes[@]}))]}" ] || continue
            read -ra words <<<"${jobs[$job]}"
            rm -rf made
            LD_PRELOAD=$shim CHUNKIMG_COUNT_ALLOCS=$tmp/count "$CHUNKIMG" "$tmp/${words[0]}" "${words[@]:1}" --workers 3 --mode "$mode" \
                -o made -q || fail "a run that only counts"
            count=$(cat "$tmp/count")
            for ((k = first; k <= count + 3; k += $(short_or_full 7 1))); do
                echo "$job $mode $k"
                ! is_full && [ $((k % 3)) -ne 0 ] || echo "$job $mode $k+"
            done
            first=$((first % 7 + 1)) # another seventh for every job and mode
        done
    done
}

cases >all
in_parallel one_failure <all
