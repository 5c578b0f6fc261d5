#!/usr/bin/env bash
# labels: modes
# One digest over modes, workers, tile sizes and shuffled timing, and tiles that any reader puts together again.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

modes=$(all_modes)
workers=(1 2 3 8)
sizes=(1x1 7 16x5 33 256)
[ -n "${CHUNKIMG_FULL:-}" ] && workers=(1 2 3 4 7 8 16)

render 61x83 rgb.png
render 64x50 rgba.png --kind rgba
render 45x70 gray16.png --kind gray16
render 90x60 palette.png --kind palette
render 70x90 photo.jpg

for input in rgb.png rgba.png gray16.png palette.png photo.jpg; do
    for op in copy blur=2 median=2,sobel; do
        ops=()
        for one in ${op//,/ }; do ops+=(--op "$one"); done
        expected=$(digest_of "$input" --mode serial --tiles 1 "${ops[@]}")
        for size in "${sizes[@]}"; do
            [ "$size" != 1x1 ] || [ "$op" = copy ] || continue # one pixel a tile: once is enough
            expect_equal "$(digest_of "$input" --mode serial --tile-size "$size" "${ops[@]}")" "$expected" "$input $op, tiles of $size"
        done
        for mode in $modes; do
            for n in "${workers[@]}"; do
                expect_equal "$(digest_of "$input" --mode "$mode" --workers "$n" --tile-size 17x9 "${ops[@]}")" "$expected" \
                    "$input $op, $mode with $n workers"
            done
        done
    done
done

# images whose rows fill huge pages; the second look at an image that is kept found a pixel of each page cleared
render 1300x2000 large.png
for op in blur=2 equalize clahe=2; do
    expected=$(digest_of large.png --mode serial --tiles 1 --op "$op")
    for mode in $modes; do
        expect_equal "$(digest_of large.png --mode "$mode" --workers 2 --tile-size 400 --op "$op")" "$expected" "large $op, $mode"
    done
done

# timing that differs from run to run does not show
for mode in $modes; do
    expect_equal "$(CHUNKIMG_TEST_STALL=300 digest_of rgb.png --mode "$mode" --workers 3 --tiles 30 --op blur=1)" \
        "$(digest_of rgb.png --mode serial --op blur=1)" "$mode with stalls"
done

# the files themselves, read by libpng and libjpeg
for mode in $modes; do
    for input in rgb.png rgba.png gray16.png palette.png; do
        expect_exit 0 "$CHUNKIMG" "$input" --mode "$mode" --workers 3 --tiles 12 -o "$mode-$input.d"
        expect_tiles "$mode-$input.d" 12
        "$CHUNKIMG_ASSEMBLE" "$mode-$input.d" "$input" || fail "$mode $input"
        expect_exit 0 "$CHUNKIMG" "$input" --mode "$mode" --workers 3 --tiles 5 -o "$mode-$input.out.png"
        "$CHUNKIMG_ASSEMBLE" --same "$input" "$mode-$input.out.png" || fail "$mode $input as one image"
    done
done

# several modes at once: one table, one digest
expect_exit 0 "$CHUNKIMG" rgb.png --mode all --workers 2 --tiles 4 -o all --json all.json
expect_text "$tmp/out" "speed-up"
expect_equal "$(json all.json '[.reports[].digest] | unique | length')" 1 "digests of all modes"
expect_equal "$(json all.json '.reports | length')" "$(wc -w <<<"$modes")" "modes in the report"
"$CHUNKIMG_ASSEMBLE" all rgb.png || fail "the output of several modes"
