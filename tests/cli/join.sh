#!/usr/bin/env bash
# labels: modes
# Tiles put together again: the same pixels, whatever was done at the edges; nothing damaged is taken.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

render 200x130 photo.png
same() { "$CHUNKIMG_ASSEMBLE" --same "$1" "$2" || fail "$1 and $2 differ"; }

# every grid, every edge that keeps all pixels
n=0
for how in "--tile-size 64" "--tile-size 64x33 --overlap 5" "--tiles 7" "--tiles 3x5 --overlap 9" "--tile-size 500" \
    "--tile-size 48 --edge pad" "--tile-size 48 --edge pad --overlap 7" "--tile-size 48x50 --edge shift" "--tile-size 1x130"; do
    n=$((n + 1))
    # shellcheck disable=SC2086
    expect_exit 0 "$CHUNKIMG" photo.png $how -o "cut$n"
    expect_exit 0 "$CHUNKIMG" join "cut$n" -o "joined$n.png"
    same photo.png "joined$n.png"
done
expect_exit 0 "$CHUNKIMG" photo.png --tile-size 64 --edge drop -o dropped
expect_exit 0 "$CHUNKIMG" join dropped -o dropped.png --json dropped.json
expect_equal "$(json dropped.json '"\(.input.width)x\(.input.height)"')" 192x128

# every kind of pixel; names that need care; a manifest in place of its folder
for kind in rgba gray16 palette screen; do
    render 90x70 "$kind.png" --kind "$kind"
    expect_exit 0 "$CHUNKIMG" "$kind.png" --tiles 6 -o "$kind" --name "{stem} {col}"$'\xe4'"{row}.{ext}"
    expect_exit 0 "$CHUNKIMG" join "$kind/manifest.json" -o "joined-$kind.png"
    same "$kind.png" "joined-$kind.png"
done
(cd cut1 && expect_exit 0 "$CHUNKIMG" join manifest.json -o ../from-inside.png)
same photo.png from-inside.png

# JPEG tiles: what they hold, decoded
render 200x130 photo.jpg
expect_exit 0 "$CHUNKIMG" photo.jpg --tile-size 64 --quality 95 -o jpegs
expect_exit 0 "$CHUNKIMG" join jpegs -o jpegs.png
"$CHUNKIMG_ASSEMBLE" jpegs jpegs.png || fail "JPEG tiles"
expect_exit 0 "$CHUNKIMG" join jpegs -o jpegs.jpg

# another tiling, in the format of the tiles; operations; all modes alike
expect_exit 0 "$CHUNKIMG" join cut2 --tile-size 50 --overlap 3 -o recut
expect_tiles recut 12
"$CHUNKIMG_ASSEMBLE" recut photo.png
expect_exit 0 "$CHUNKIMG" join jpegs/ --tile-size 100 -o recut-jpegs
expect_tiles recut-jpegs 4 jpg
expect_exit 0 "$CHUNKIMG" cut1 --op invert -o inverted.png
expect_exit 0 "$CHUNKIMG" inverted.png --op invert -o twice.png
same photo.png twice.png
want=$(digest_of photo.png)
for mode in $(chunkimg list modes | awk '{ print $1 }'); do
    "$CHUNKIMG" photo.png -o none --quiet --mode "$mode" 2>/dev/null || continue # not in this build
    for cut in cut1 cut3; do # pieces, and one chain
        expect_equal "$(digest_of "$cut" --mode "$mode" --workers 3)" "$want" "the digest of mode $mode, $cut"
    done
done
if chunkimg list modes | grep -q ' processes '; then
    for cut in cut1 cut3; do # confined workers may still read the folder that the tiles lie in
        expect_equal "$(digest_of "$cut" --mode processes --workers 3)" "$want" "the digest of confined workers, $cut"
    done
fi
expect_exit 0 "$CHUNKIMG" info cut1
expect_text "$tmp/out" "200 x 130"

# what is not whole is not put together
damaged() { # TEXT
    expect_exit 3 "$CHUNKIMG" join damaged -o damaged.png
    expect_text "$tmp/err" "$1"
    expect_equal "$(wc -l <"$tmp/err")" 1 messages
    expect_nothing damaged.png
    rm -rf damaged
    cp -r cut1 damaged
}
cp -r cut1 damaged
rm damaged/photo_001_002.png; damaged "photo_001_002.png: is missing"
printf x >>damaged/photo_001_002.png; damaged "photo_001_002.png: has another size"
printf '\x55' | dd of=damaged/photo_001_002.png bs=1 seek=500 conv=notrunc status=none; damaged "photo_001_002.png: has other content"
ln -sf photo_000_000.png damaged/photo_001_002.png; damaged "photo_001_002.png: cannot be read"
jq '.tiles[0].own.w += 1' cut1/manifest.json >damaged/manifest.json; damaged "owns more than its file holds"
jq '.tiles[1].own.x += 1 | .tiles[1].own.w -= 1' cut1/manifest.json >damaged/manifest.json; damaged "does not meet"
jq '.tiles[0].width += 1' cut1/manifest.json >damaged/manifest.json; damaged "not the tile that the manifest describes"
jq 'del(.tiles[0].held)' cut1/manifest.json >damaged/manifest.json; damaged "an entry of a tile is damaged"
jq 'del(.tiles[0])' cut1/manifest.json >damaged/manifest.json; damaged "fewer or more tiles"
render 1000x800 large.png
head -c $(($(stat -c %s large.png) / 2)) large.png >short.png
rm -r damaged
expect_exit 6 "$CHUNKIMG" short.png --tile-size 100 --compression 1 -o damaged --on-error skip
damaged "tiles were left out when it was written"
cp cut1/manifest.json damaged/photo_000_000.png
jq --arg n "$(stat -c %s cut1/manifest.json)" --arg c "$(crc32 cut1/manifest.json 2>/dev/null || python3 -c 'import zlib, sys; print("%08x" % zlib.crc32(open("cut1/manifest.json", "rb").read()))')" \
    '.tiles[0].bytes = ($n | tonumber) | .tiles[0].crc32 = $c' cut1/manifest.json >damaged/manifest.json
damaged "not a tile"

# usage
expect_exit 2 "$CHUNKIMG" join cut1
expect_exit 2 "$CHUNKIMG" join photo.png -o x.png
expect_exit 2 "$CHUNKIMG" join -o x.png
mkdir empty
expect_exit 1 "$CHUNKIMG" join empty -o x.png
expect_exit 2 "$CHUNKIMG" cut1 --lossless -o x
expect_exit 2 bash -c '"$CHUNKIMG" - -o none <cut1/manifest.json'
expect_text "$tmp/err" "folder"
