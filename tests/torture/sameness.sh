#!/usr/bin/env bash
# One digest over modes, workers, tile sizes, tickets handed out in another order, and tickets that stall at random.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 61x83 photo.png
render 70x58 photo.jpg
images=$PWD

# same_digest IMAGE MODE WORKERS SIZE STALL SEED
same_digest() {
    local status=0
    CHUNKIMG_TEST_STALL=$5 CHUNKIMG_TEST_SHUFFLE=$6 timeout -s KILL 60 "$CHUNKIMG" "$images/$1" --mode "$2" --workers "$3" --tile-size "$4" --op blur=1 -o none \
        --format png --compression 1 -q --json report.json 2>err </dev/null || status=$?
    [ "$status" -eq 0 ] || fail "$*: exit $status: $(cat err)"
    [ "$(grep -o '"digest": "[0-9a-f]*"' report.json)" = "$(cat "$images/$1.digest")" ] || fail "$*: other pixels"
}

cases() {
    local image mode workers size stall seed=20260
    for image in photo.png photo.jpg; do
        for mode in $(all_modes); do
            for workers in 1 2 3 4 7 8 16; do
                for size in 1 7 16 33 256; do
                    stall=0
                    [ "$size" -lt 16 ] || stall=$(((workers * 31 + size) % 5 * 200))
                    [ "$size" -gt 1 ] || [ "$image" = photo.png ] || continue # one pixel a tile: once is enough
                    seed=$((seed + 1))
                    ! is_full || echo "$image $mode $workers $size $stall 0"
                    echo "$image $mode $workers $size $stall $((seed % 4 == 0 && !${CHUNKIMG_FULL:-0} ? 0 : seed))"
                done
            done
        done
    done
}

for image in photo.png photo.jpg; do
    "$CHUNKIMG" $image --mode serial --tiles 1 --op blur=1 -o none -q --json one.json
    grep -o '"digest": "[0-9a-f]*"' one.json >$image.digest
done

# The order really is another one: tiles in the order in which they were begun, of a run with and of one without.
for seed in 0 1 2; do
    CHUNKIMG_TEST_SHUFFLE=$seed "$CHUNKIMG" photo.png --mode serial --tiles 36 -o none -q --trace trace.json
    jq -c '[.traceEvents[] | select(.ph == "X" and .cat == "tile")] | sort_by(.ts) | map(.args.index)' trace.json >order.$seed
done
jq -e 'length == 36 and . == sort' order.0 >/dev/null || fail "tiles are not begun in order: $(cat order.0)"
for seed in 1 2; do
    jq -e 'length == 36 and . != sort and (unique | length) == 36' order.$seed >/dev/null || fail "seed $seed: $(cat order.$seed)"
done
! cmp -s order.1 order.2 || fail "two seeds, one order"

cases >all
in_parallel same_digest < <(some_of "$(short_or_full $(($(wc -l <all) / 3)) 1000000)" <all)
