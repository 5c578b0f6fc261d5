#!/usr/bin/env bash
# What the encoders write, read by others: PNG by pngcheck, libpng, libvips and ImageMagick or GraphicsMagick,
# JPEG by djpeg and those. Programs that are not installed are named and left out.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

have() { command -v "$1" >/dev/null 2>&1; }

missing=()
for program in pngcheck djpeg cjpeg vips; do have "$program" || missing+=("$program"); done
magick=()
if have magick; then
    magick=(magick)
elif have gm; then
    magick=(gm convert)
elif have convert && convert -version 2>/dev/null | grep -q ImageMagick; then
    magick=(convert)
else
    missing+=("ImageMagick or GraphicsMagick")
fi
[ "${#missing[@]}" -lt 5 ] || skip "none of the readers is installed: ${missing[*]}"

# pixels_by READER FILE [X Y W H]: writes $tmp/pixels as that reader sees them, of the part
pixels_by() {
    local reader=$1 file=$2 part=()
    shift 2
    case $reader in
    vips)
        if [ $# -gt 0 ]; then
            vips crop "$file" crop.v "$@"
            file=crop.v
        fi
        vips rawsave "$file" pixels
        ;;
    magick)
        [ $# -eq 0 ] || part=(-crop "$3x$4+$1+$2" +repage)
        "${magick[@]}" "$file" "${part[@]}" -depth 16 rgba:pixels
        ;;
    djpeg) djpeg -outfile pixels "$file" ;;
    esac 2>"$tmp/complaint" || fail "$reader cannot read $file: $(cat "$tmp/complaint")"
    [ ! -s "$tmp/complaint" ] || fail "$reader says of $file: $(cat "$tmp/complaint")"
}

# same_by READER FILE OTHER [X Y W H]: FILE has the pixels of that part of OTHER
same_by() {
    local reader=$1 file=$2 other=$3
    shift 3
    pixels_by "$reader" "$other" "$@"
    mv pixels expected
    pixels_by "$reader" "$file"
    cmp -s pixels expected || fail "$reader sees other pixels in $file than in $other $*"
}

readers=()
! have vips || readers+=(vips)
[ "${#magick[@]}" -eq 0 ] || readers+=(magick)

# every_reader FILE OTHER [X Y W H]
every_reader() {
    local reader
    for reader in "${readers[@]}"; do same_by "$reader" "$@"; done
}

check_png() { ! have pngcheck || pngcheck -q "$1" >"$tmp/complaint" 2>&1 || fail "pngcheck: $(cat "$tmp/complaint")"; }

# tiles DIR: file, x, y, width and height of each
tiles() { jq -r '.tiles[] | [.file, .held.x, .held.y, .held.w, .held.h] | @tsv' "$1/manifest.json"; }

# ---- PNG: every kind of image, on every engine's rung ----

kinds=$(render --help | sed -n 's/^  \([a-z0-9]*\) .*/\1/p')
[ "$(wc -w <<<"$kinds")" -ge 5 ] || fail "no kinds of images to try: $kinds"
levels=(1 4 6)
[ -z "${CHUNKIMG_FULL:-}" ] || levels=(0 1 2 3 4 5 6 7 8 9)

for kind in $kinds; do
    render 233x157 "$kind.png" --kind "$kind"
    for level in "${levels[@]}"; do
        expect_exit 0 "$CHUNKIMG" "$kind.png" --tiles 5 --compression "$level" -o "$kind-$level.png"
        check_png "$kind-$level.png"
        "$CHUNKIMG_ASSEMBLE" --same "$kind.png" "$kind-$level.png" || fail "libpng, $kind, level $level"
        every_reader "$kind-$level.png" "$kind.png"
    done
    expect_exit 0 "$CHUNKIMG" "$kind.png" --tile-size 120 --overlap 9 --workers 2 -o "$kind.d"
    "$CHUNKIMG_ASSEMBLE" "$kind.d" "$kind.png" || fail "libpng, tiles of $kind"
    while read -r file x y w h; do
        check_png "$kind.d/$file"
        every_reader "$kind.d/$file" "$kind.png" "$x" "$y" "$w" "$h"
    done < <(tiles "$kind.d")
done

# ---- JPEG: the pixels that libjpeg's own programs make of the same picture ----

render 233x157 photo.jpg
expect_exit 0 "$CHUNKIMG" photo.jpg --tiles 5 --quality 75 -o one.jpg
expect_exit 0 "$CHUNKIMG" photo.jpg --tile-size 96 --quality 75 --workers 2 -o jpeg.d
expect_exit 0 "$CHUNKIMG" gray16.png --tiles 5 --quality 75 -o gray.jpg
expect_exit 0 "$CHUNKIMG" photo.jpg --tile-size 96 --lossless -o lossless.d
if have djpeg && have cjpeg; then
    djpeg -outfile photo.ppm photo.jpg
    cjpeg -quality 75 -outfile wanted.jpg photo.ppm
    same_by djpeg one.jpg wanted.jpg
    pixels_by djpeg gray.jpg
    for file in jpeg.d/*.jpg lossless.d/*.jpg; do pixels_by djpeg "$file"; done
fi
if have djpeg && have vips; then # tiles against the same part of the picture, compressed by itself
    while read -r file x y w h; do
        vips crop photo.jpg part.ppm "$x" "$y" "$w" "$h"
        cjpeg -quality 75 -outfile wanted.jpg part.ppm
        same_by djpeg "jpeg.d/$file" wanted.jpg
    done < <(tiles jpeg.d)
fi
for reader in "${readers[@]}"; do
    for file in one.jpg gray.jpg jpeg.d/*.jpg lossless.d/*.jpg; do pixels_by "$reader" "$file"; done
done

[ "${#missing[@]}" -eq 0 ] || printf 'without: %s\n' "${missing[*]}"
