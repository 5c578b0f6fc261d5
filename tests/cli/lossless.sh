#!/usr/bin/env bash
# labels: modes
# --lossless: tiles have the coefficients and the pixels of their places in the input, in every mode; what cannot be is refused.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq jpegtran djpeg cjpeg python3

modes=$(all_modes)

render 203x157 painted.jpg
djpeg -ppm painted.jpg >painted.ppm

# name, size of an MCU, how it is made
kinds() {
    cat <<'END'
444 8x8 -sample 1x1
420 16x16 -sample 2x2
422 16x8 -sample 2x1
440 8x16 -sample 1x2
411 32x8 -sample 4x1
best 16x16 -quality 100
deep 16x16 -quality 1 -sample 2x2
gray 8x8 -grayscale
gray22 8x8 -grayscale -sample 2x2
rgb 8x8 -rgb
progressive 16x16 -progressive
restarts 16x16 -restart 1 -optimize
scans 16x16 -scans scans.txt
END
}
printf '0;\n1;\n2;\n' >scans.txt

# A tile and what jpegtran cuts there: the same coefficients (whatever tables code them), the same pixels.
same_tiles() { # DIR INPUT
    local file w h x y count=0
    while read -r file w h x y; do
        jpegtran -crop "${w}x$h+$x+$y" -copy none "$2" 2>/dev/null >cut.jpg # coarse tables are worth a word to it
        cmp -s <(jpegtran -copy none -optimize "$1/$file" 2>/dev/null) <(jpegtran -copy none -optimize cut.jpg 2>/dev/null) ||
            fail "$1/$file: other coefficients than jpegtran's"
        cmp -s <(djpeg "$1/$file") <(djpeg cut.jpg) || fail "$1/$file: other pixels than jpegtran's"
        count=$((count + 1))
    done < <(jq -r '.tiles[] | "\(.file) \(.held.w) \(.held.h) \(.held.x) \(.held.y)"' "$1/manifest.json")
    expect_equal "$count" "$(json "$1/manifest.json" .plan.count)" "tiles in the manifest of $1"
}

# The pixels of every tile are the input's, where chroma is not smoothed over the tile's border.
same_pixels() { # DIR INPUT
    djpeg -nosmooth -outfile whole.pnm "$2"
    jq -r '.tiles[] | "\(.file) \(.held.x) \(.held.y) \(.held.w) \(.held.h)"' "$1/manifest.json" >places
    python3 - "$1" places <<'PY' || fail "$1: other pixels than $2"
import subprocess, sys
def read(data):
    kind, size, top, px = data.split(b"\n", 3)
    w, h = map(int, size.split())
    return w, h, len(px) // (w * h), px
w, h, n, whole = read(open("whole.pnm", "rb").read())
owned = 0
for line in open(sys.argv[2]):
    name, x, y, tw, th = line.split()
    x, y = int(x), int(y)
    gw, gh, gn, px = read(subprocess.run(["djpeg", "-nosmooth", sys.argv[1] + "/" + name], stdout=subprocess.PIPE, check=True).stdout)
    assert (gw, gh, gn) == (int(tw), int(th), n), name
    for row in range(gh):
        at = ((y + row) * w + x) * n
        assert px[row * gw * n:(row + 1) * gw * n] == whole[at:at + gw * n], (name, row)
    owned += gw * gh
assert owned == w * h
PY
}

while read -r kind mcu how; do
    # shellcheck disable=SC2086
    cjpeg $how -outfile "$kind.jpg" painted.ppm 2>/dev/null
    mw=${mcu%x*} mh=${mcu#*x}
    size=$((3 * mw < 64 ? 5 * mw : 2 * mw))x$((3 * mh))
    expect_exit 0 "$CHUNKIMG" "$kind.jpg" --lossless --tile-size "$size" --mode serial -o "$kind" --json one.json
    expect_text "$tmp/out" "lossless JPEG"
    same_tiles "$kind" "$kind.jpg"
    same_pixels "$kind" "$kind.jpg"
    expected=$(json one.json .digest)
    expect_equal "$(digest_of "$kind.jpg" --lossless --tile-size "$mcu" --mode serial)" "$expected" "$kind, one MCU a tile"
    for mode in $modes; do
        for n in 1 2 7; do
            expect_equal "$(digest_of "$kind.jpg" --lossless --tile-size "$size" --mode "$mode" --workers "$n")" "$expected" \
                "$kind, $mode with $n workers"
        done
        expect_exit 0 "$CHUNKIMG" "$kind.jpg" --lossless --tile-size "$size" --mode "$mode" --workers 3 -o "$kind.$mode"
        diff -r "$kind" "$kind.$mode" || fail "$kind: $mode makes other files than serial"
        rm -r "$kind.$mode"
    done
    expect_exit 2 "$CHUNKIMG" "$kind.jpg" --lossless --tile-size "$((mw * 3 + 1))x$((mh * 4 - 1))" -o refused
    expect_text "$tmp/err" "multiples of $mw x $mh pixels here; the nearest is $((mw * 3))x$((mh * 4))"
    expect_nothing refused
done < <(kinds)

# foreign files, turned ones left out
if [ -d "$CHUNKIMG_CORPUS" ]; then
    for file in "$CHUNKIMG_CORPUS"/jpeg/valid/*; do
        rm -rf foreign
        if "$CHUNKIMG" "$file" --lossless --tile-size 96 -o foreign --quiet 2>err; then same_tiles foreign "$file"; else
            grep -q "EXIF orientation" err || fail "$file: $(cat err)"
        fi
    done
fi

# grids: overlap, edges, equal shares that happen to fit, one tile, standard input
expect_exit 0 "$CHUNKIMG" 420.jpg --lossless --tile-size 48 --overlap 32 --mode threads --workers 3 -o overlap
same_tiles overlap 420.jpg
expect_exit 0 "$CHUNKIMG" 422.jpg --lossless --tile-size 48x24 --overlap 16 --mode processes --workers 2 -o overlap22
same_tiles overlap22 422.jpg
expect_exit 0 "$CHUNKIMG" 420.jpg --lossless --tile-size 64x48 --edge drop -o drop
expect_tiles drop 9 jpg
same_tiles drop 420.jpg
expect_exit 0 "$CHUNKIMG" 420.jpg --lossless --tiles 1 -o single
same_tiles single 420.jpg
expect_exit 0 bash -c '"$CHUNKIMG" - --lossless -o piped <420.jpg'
cmp single/420_000_000.jpg piped/stdin_000_000.jpg || fail "standard input"
render 192x97 even.jpg
expect_exit 0 "$CHUNKIMG" even.jpg --lossless --tiles 4x2 --mode threads --workers 2 -o even
same_tiles even even.jpg
expect_equal "$(json even/manifest.json .options.lossless)" true
expect_equal "$(json even/manifest.json '"\(.plan.image_width) \(.plan.channels) \(.plan.depth)"')" "192 3 8"

# the plan: in pixels, and with the coefficients of all scans counted
expect_exit 0 "$CHUNKIMG" 420.jpg --lossless --tile-size 64 --dry-run -o planned
expect_text "$tmp/out" "203 x 157 RGB8"
expect_text "$tmp/out" "tiles        12 (4 x 3, 64 x 64), copy, lossless JPEG"
expect_nothing planned
render 4000x2000 large.jpg
jpegtran -progressive large.jpg >scans.jpg
digest_of large.jpg --lossless --tile-size 256 >/dev/null
one=$(json "$tmp/digest.json" .memory.decoder_bytes)
expect_equal "$(digest_of scans.jpg --lossless --tile-size 256)" "$(digest_of large.jpg --lossless --tile-size 256)" "scans that add up"
all=$(json <("$CHUNKIMG" scans.jpg --lossless --tile-size 256 -o none --quiet --json -) .memory.decoder_bytes)
[ "$one" -lt 1000000 ] && [ "$all" -ge 24000000 ] && [ "$all" -lt 26000000 ] || fail "decoder's memory: $one, $all bytes"
expect_exit 4 "$CHUNKIMG" scans.jpg --lossless --tile-size 256 -o made --max-memory 20MB
expect_nothing made

# profile and density stay
python3 - 444.jpg profile.jpg <<'PY'
import sys
data = open(sys.argv[1], "rb").read()
icc = bytearray(200)
icc[0:4] = len(icc).to_bytes(4, "big")
icc[16:20] = b"RGB "
icc[36:40] = b"acsp"
part = b"ICC_PROFILE\0\1\1" + icc
jfif = bytearray(data[2:20])
jfif[11:16] = b"\1\0\x48\0\x60"
open(sys.argv[2], "wb").write(data[:2] + jfif + b"\xff\xe2" + (len(part) + 2).to_bytes(2, "big") + part + data[20:])
PY
expect_exit 0 "$CHUNKIMG" profile.jpg --lossless --tile-size 96x80 -o profile
for file in profile/*.jpg; do
    python3 - "$file" profile.jpg <<'PY' || fail "$file: profile or density is not the input's"
import sys
a, b = (open(name, "rb").read() for name in sys.argv[1:])
assert a[:20] == b[:20] and b"ICC_PROFILE\0\1\1" in a and b"acsp" in a
PY
done

# refused before a file is read
usage() { # SENTENCE OPTION...
    local sentence=$1
    shift
    expect_exit 2 "$CHUNKIMG" no-such-file.jpg --lossless -o made "$@"
    expect_text "$tmp/err" "$sentence"
    expect_equal "$(grep -vc "^chunkimg: warning: " "$tmp/err")" 1 "lines of the message for: $*"
    expect_nothing made
}
usage "no operation can be applied" --op blur=1
usage "format says png" --format png
usage "makes tiles; the output is one image" -o made.jpg
usage "edge can be keep or drop" --edge pad
usage "edge can be keep or drop" --edge shift

# refused for what the file is
refused() { # CODE SENTENCE FILE OPTION...
    local code=$1 sentence=$2 file=$3
    shift 3
    expect_exit "$code" "$CHUNKIMG" "$file" --lossless -o made "$@"
    expect_text "$tmp/err" "$sentence"
    expect_equal "$(grep -vc "^chunkimg: warning: " "$tmp/err")" 1 "lines of the message for $file"
    expect_nothing made
}
render 40x30 some.png
refused 2 "only a JPEG can be cut without decoding it, this is png" some.png
refused 2 "nearest grid is 3 x 2 of 80 x 80: --tile-size 80x80" 420.jpg --tiles 3x2
refused 2 "a multiple of 16 pixels here; the nearest is 16" 420.jpg --tile-size 64 --overlap 5
refused 2 "a multiple of 16 pixels here; the nearest is 32" 422.jpg --tile-size 64 --overlap 24
{
    head -c 2 420.jpg
    printf '\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00'
    tail -c +3 420.jpg
} >turned.jpg
refused 2 "EXIF orientation is 6" turned.jpg --tile-size 64
expect_text "$tmp/err" "jpegtran -rotate 90"

# damaged: nothing is left, in any mode
for kind in 420 gray progressive restarts; do
    bytes=$(stat -c %s "$kind.jpg")
    for cut in $((bytes / 2)) $((bytes - 40)) $((bytes - 1)); do
        head -c "$cut" "$kind.jpg" >cut.jpg
        for mode in $modes; do refused 3 "cut.jpg" cut.jpg --tile-size 32 --mode "$mode" --workers 2; done
    done
done
refused 4 "--max-pixels" 420.jpg --max-pixels 1000
refused 4 "--max-memory" 420.jpg --max-memory 1MiB
