#!/usr/bin/env bash
# labels: modes
# A palette is kept where tiles hold the image's own pixels, and gone where they cannot; the pixels are the same.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq od

# colour_type FILE: 3 is palette, 2 RGB
colour_type() { od -An -tu1 -j25 -N1 "$1" | tr -d ' '; }

expect_types() { # DIR TYPE
    local file
    for file in "$1"/*.png; do expect_equal "$(colour_type "$file")" "$2" "colour type of $file"; done
}

render 300x170 screen.png --kind screen
render 90x61 map.png --kind palette # 4 bits a pixel

for image in screen map; do
    expected=$(digest_of "$image.png" --op invert --op invert) # as colours
    expect_equal "$(digest_of "$image.png")" "$expected" "digest of $image"
    for mode in serial threads processes; do
        expect_exit 0 "$CHUNKIMG" "$image.png" --tile-size 64x48 --overlap 5 --mode "$mode" --workers 3 -o "$image-$mode" --json run.json
        expect_equal "$(json run.json .digest)" "$expected" "digest of $image, $mode"
        expect_types "$image-$mode" 3
        "$CHUNKIMG_ASSEMBLE" "$image-$mode" "$image.png" || fail "$image, $mode"
    done
    for level in 0 1 3 6 9; do
        expect_exit 0 "$CHUNKIMG" "$image.png" --tiles 4 --compression "$level" -o "$image-$level.png"
        expect_equal "$(colour_type "$image-$level.png")" 3
        "$CHUNKIMG_ASSEMBLE" --same "$image.png" "$image-$level.png" || fail "$image as one image, level $level"
    done
    # padding is black, which a palette need not have; an operation makes other colours
    expect_exit 0 "$CHUNKIMG" "$image.png" --tile-size 64 --edge pad -o "$image-pad"
    expect_types "$image-pad" 2
    "$CHUNKIMG_ASSEMBLE" "$image-pad" "$image.png" || fail "$image, padded"
    expect_exit 0 "$CHUNKIMG" "$image.png" --tiles 4 --op invert -o "$image-op"
    expect_types "$image-op" 2
    expect_exit 0 "$CHUNKIMG" "$image.png" --tiles 4 --format jpeg -o "$image-jpeg"
    expect_tiles "$image-jpeg" 4 jpg
done

# strips of indices are decoded by several workers; the same image read as one chain and as colours
render 2000x1200 large.png --kind screen
expect_exit 0 "$CHUNKIMG" large.png --tiles 8 -o strips.png --json run.json
expected=$(json run.json .digest)
for mode in serial threads processes; do
    expect_exit 0 "$CHUNKIMG" strips.png --tiles 6 --mode "$mode" --workers 4 -o "large-$mode" --json run.json
    expect_equal "$(json run.json .digest)" "$expected" "strips, $mode"
    expect_types "large-$mode" 3
    "$CHUNKIMG_ASSEMBLE" "large-$mode" large.png || fail "strips, $mode"
done
expect_equal "$(digest_of strips.png --mode threads --workers 4)" "$expected" "strips as colours"
