#!/usr/bin/env bash
# labels: modes
# Operations that move pixels, and what operations read beyond the image: the same pixels in every mode, tiling and kind
# of output, sizes told by the plan, memory as planned, nonsense refused before anything is read.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 200x140 photo.png
mapfile -t modes < <(all_modes)

# same_everywhere WIDTHxHEIGHT OPTION...: digest and size
same_everywhere() {
    local size=$1 whole mode
    shift
    whole=$(digest_of photo.png --mode serial --tiles 1x1 "$@")
    for mode in "${modes[@]}"; do
        expect_equal "$(digest_of photo.png --mode "$mode" --workers 3 --tile-size 33 "$@")" "$whole" "$* $mode"
    done
    expect_exit 0 "$CHUNKIMG" photo.png "$@" -o one.png --force --json one.json
    expect_equal "$(digest_of one.png)" "$whole" "one image: $*"
    expect_exit 0 "$CHUNKIMG" photo.png "$@" --tile-size 64 -o tiles --force
    "$CHUNKIMG_ASSEMBLE" tiles one.png || fail "tiles put together: $*"
    expect_equal "$(json one.json '"\(.output.width)x\(.output.height)"')" "$size" "size: $*"
}

same_everywhere 150x100 --op crop=margin:20 --op crop=10,w:150
same_everywhere 140x200 --op rotate=90 --op blur=1
same_everywhere 100x70 --op resize=0.5,box
same_everywhere 144x90 --op crop=margin:20 --op resize=0.9,bilinear --op sharpen
same_everywhere 290x203 --op resize=1.45 --op flip=h
same_everywhere 200x140 --op median=3 --border zero

reflected=$(digest_of photo.png --op blur=3)
for border in symmetric replicate zero; do
    [ "$(digest_of photo.png --op blur=3 --border $border)" != "$reflected" ] || fail "--border $border changes nothing"
done

# the plan: the output's size, and what needs the whole image says so
expect_exit 0 "$CHUNKIMG" photo.png --op rotate=90 --tiles 4 --dry-run
expect_text "$tmp/out" "of 140 x 200"
expect_text "$tmp/out" "rotate=90 needs the whole image in memory"
expect_exit 0 "$CHUNKIMG" photo.png --op flip=h --tiles 4 --dry-run
expect_no_text "$tmp/out" "whole image"


# an image that a turn would keep in memory, and a limit that it passes
render 1500x8000 tall.png
sanitized || expect_exit 0 "$CHUNKIMG" tall.png --op flip=h --tile-size 256 --workers 2 -o none --max-memory 24M
expect_exit 4 "$CHUNKIMG" tall.png --op flip=v --tile-size 256 --workers 2 -o none --max-memory 24M
expect_exit 4 "$CHUNKIMG" tall.png --op blur=100 --op blur=100 --op blur=100 --workers 2 -o none --max-memory 24M
sanitized || expect_text "$tmp/err" "rows around each tile"
expect_exit 0 "$CHUNKIMG" tall.png --op rotate=90 --tile-size 256 --workers 2 -o none --json turned.json
sanitized || jq -e '.memory.peak_rss_bytes <= .memory.planned_bytes' turned.json >/dev/null ||
    fail "more memory than planned: $(jq -c .memory turned.json)"

# said before anything is read: these names have no file
expect_exit 2 "$CHUNKIMG" missing.png --op resize=wide
expect_text "$tmp/err" "neither a factor, 0.0001 to 100, nor a size in pixels"
expect_exit 2 "$CHUNKIMG" missing.png --op rotat=90
expect_text "$tmp/err" "the nearest is 'rotate'"
expect_exit 2 "$CHUNKIMG" missing.png --op crop=1,margin:2
expect_exit 2 "$CHUNKIMG" missing.png --border mirror
expect_exit 2 "$CHUNKIMG" photo.png --op crop=0,0,201,10
expect_text "$tmp/err" "is not inside the image (200 x 140)"
render 20x10 small.png
expect_exit 2 "$CHUNKIMG" small.png --op median=30
expect_text "$tmp/err" "median=30 reaches 30 pixels around each, further than the image is (20 x 10)"
expect_nothing missing_tiles small_tiles photo_tiles
