#!/usr/bin/env bash
# EXIF orientation is applied, ICC profiles and density are kept, 16 bit stays 16 bit.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq jpegtran djpeg python3

render 96x64 upright.jpg

# EXIF with orientation N in front of a JPEG that jpegtran turned the other way: every one must come out upright
exif() { # N
    printf '\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00'
    printf "\\x$(printf %02x "$1")"
    printf '\x00\x00\x00\x00\x00\x00\x00'
}
turn() { # N IN OUT: stores IN so that orientation N makes it upright
    local how
    how=$(sed -n "$1p" <<'END'
-copy none
-flip horizontal
-rotate 180
-flip vertical
-transpose
-rotate 270
-transverse
-rotate 90
END
    )
    # shellcheck disable=SC2086
    jpegtran -perfect $how "$2" >turned.jpg
    { head -c 2 turned.jpg; exif "$1"; tail -c +3 turned.jpg; } >"$3"
}

for n in 1 2 3 4 5 6 7 8; do
    turn "$n" upright.jpg "o$n.jpg"
    # the stored samples differ by how chroma is interpolated near edges when turned, so the reference is decoded the same way
    expect_exit 0 "$CHUNKIMG" "o$n.jpg" -o "o$n.png" --json o.json
    expect_equal "$(json o.json '"\(.input.width)x\(.input.height)"')" 96x64 "size with orientation $n"
    jpegtran -perfect -copy none turned.jpg >plain.jpg
    djpeg -ppm plain.jpg >stored.ppm
    python3 - "$n" stored.ppm want.ppm <<'PY' || fail "python3"
import sys
n, src, dst = int(sys.argv[1]), sys.argv[2], sys.argv[3]
data = open(src, "rb").read()
w, h = map(int, data.split(b"\n")[1].split())
px = data[len(data) - w * h * 3:]
place = {1: lambda x, y: (x, y), 2: lambda x, y: (w - 1 - x, y), 3: lambda x, y: (w - 1 - x, h - 1 - y),
         4: lambda x, y: (x, h - 1 - y), 5: lambda x, y: (y, x), 6: lambda x, y: (y, h - 1 - x),
         7: lambda x, y: (w - 1 - y, h - 1 - x), 8: lambda x, y: (w - 1 - y, x)}[n]
ow, oh = (h, w) if n >= 5 else (w, h)
out = bytearray()
for y in range(oh):
    for x in range(ow):
        sx, sy = place(x, y)
        at = (sy * w + sx) * 3
        out += px[at:at + 3]
open(dst, "wb").write(b"P6\n%d %d\n255\n" % (ow, oh) + out)
PY
    # a PNG of the wanted pixels, by way of an independent program
    if command -v pnmtopng >/dev/null; then
        pnmtopng want.ppm >want.png 2>/dev/null
        "$CHUNKIMG_ASSEMBLE" --same want.png "o$n.png" || fail "orientation $n"
    else
        tail -c $((96 * 64 * 3)) want.ppm >want.raw
        crc=$(python3 -c 'import zlib,sys; print("%08x" % zlib.crc32(open("want.raw","rb").read()))')
        expect_equal "$(json o.json .digest)" "$crc" "orientation $n"
    fi
    # and as tiles
    expect_exit 0 "$CHUNKIMG" "o$n.jpg" --format png --tiles 6 -o "o$n.d" --mode threads --workers 2
    "$CHUNKIMG_ASSEMBLE" "o$n.d" "o$n.png" || fail "tiles with orientation $n"
done

render 50x40 deep.png --kind gray16
expect_exit 0 "$CHUNKIMG" deep.png --tiles 4 -o deep --op blur=1 --json deep.json
expect_equal "$(json deep/manifest.json .plan.depth)" 16 "depth"
