#!/usr/bin/env bash
# Bad words exit 2 before a file is read, bad files exit 3, bombs exit 4: one clear sentence each, and nothing left.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

render 300x200 photo.png
render 300x200 photo.jpg

# one message, exit 2, and the input was never opened
usage() {
    expect_exit 2 "$CHUNKIMG" no-such-file.png -o made "$@"
    expect_equal "$(grep -vc "^chunkimg: warning: " "$tmp/err")" 1 "lines of the message for: $*"
    expect_no_text "$tmp/err" no-such-file
    expect_nothing made
}
usage --tiles 0
usage --tiles -1
usage --tiles 1e18
usage --tiles 99999999999999999999
usage --tiles 8x
usage --tile-size 0
usage --tile-size NaN
usage --overlap -1
usage --tile-size 16 --overlap 16
usage --workers -1
usage --workers 1000000
usage --quality 0
usage --compression 10
usage --op blr
expect_text "$tmp/err" "'blur'"
usage --op blur=0
usage --op blur=1,2
usage --op median=1.5
usage --op median=999
usage --mode thread
usage --mode ,
usage --format gif
usage --format png --quality 90
expect_text "$tmp/err" "quality: is for jpeg"
usage --format jpeg --compression 1
usage --lossless --quality 90
usage --lossless --compression 9
expect_exit 2 "$CHUNKIMG" no-such-file.png -o made.jpg --compression 1
expect_exit 0 "$CHUNKIMG" photo.png -o same.png --quality 85 # the default: as if it were not there
cp photo.jpg other.jpg
expect_exit 0 "$CHUNKIMG" photo.png other.jpg -o both --quality 70 --compression 1 # each is for one of them
rm -rf same.png both other.jpg
usage --name '{nope}'
usage --tilez 4
expect_text "$tmp/err" "--tiles"
usage --edge cut
usage --max-memory lots
usage --json
usage -Z
usage --tiles 4 --tile-size 4
expect_exit 2 "$CHUNKIMG"
expect_exit 2 "$CHUNKIMG" photo.png --tiles 99999999 -o made
expect_exit 2 "$CHUNKIMG" photo.png --tiles 301x1 -o made
expect_exit 2 "$CHUNKIMG" photo.png -o out.png --format jpeg
expect_exit 2 "$CHUNKIMG" photo.png -o made --op threshold=300
expect_nothing made out.png

# files
bad() {
    local code=$1 file=$2
    shift 2
    expect_exit "$code" "$CHUNKIMG" "$file" --tiles 4 -o made "$@"
    expect_equal "$(grep -vc "^chunkimg: warning: " "$tmp/err")" 1 "lines of the message for $file"
    expect_text "$tmp/err" "$(basename "$file")"
    expect_nothing made
}
bad 1 missing.png
bad 1 /
: >empty.png
bad 3 empty.png
echo "hello, this is no image at all" >text.png
bad 3 text.png
for mode in $(all_modes); do
    for input in photo.png photo.jpg; do
        size=$(stat -c %s "$input")
        for part in 10 60 90; do
            head -c $((size * part / 100)) "$input" >cut-$input
            bad 3 "cut-$input" --mode "$mode" --workers 2
        done
        head -c $((size - 1)) "$input" >cut-$input
        bad 3 "cut-$input" --mode "$mode" --workers 2
    done
done
expect_exit 3 bash -c 'head -c 20000 photo.png | "$CHUNKIMG" - -o made'
expect_nothing made

# bombs: refused by what the header claims
bad 4 photo.png --max-pixels 1000
bad 4 photo.png --max-memory 1MiB
printf '\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x06\x00\x00\x00' >bomb.png
printf 'crc!%.0s' 1 2 3 4 >>bomb.png
expect_exit 3 "$CHUNKIMG" bomb.png -o made # its CRC is wrong too
# a JPEG of few bytes that claims 65500 x 65500: its size field is patched
at=$(grep -obUaP '\xff\xc0' photo.jpg | head -1 | cut -d: -f1)
cp photo.jpg huge.jpg
printf '\xff\xdc\xff\xdc' | dd of=huge.jpg bs=1 seek=$((at + 5)) conv=notrunc status=none
bad 4 huge.jpg

# outputs that cannot be
expect_exit 1 "$CHUNKIMG" photo.png -o no/such/folder
expect_text "$tmp/err" "No such file or directory"
: >plain
expect_exit 1 "$CHUNKIMG" photo.png -o plain
expect_exit 1 "$CHUNKIMG" photo.png -o plain --force
expect_exit 1 bash -c '"$CHUNKIMG" photo.png -o none >/dev/full'
expect_exit 1 "$CHUNKIMG" photo.png -o none --json /dev/full

# said before anything is read: what an option cannot be
refused() {
    local code=$1 words=$2
    shift 2
    expect_exit "$code" "$@"
    expect_text "$tmp/err" "$words"
}
render 60x40 small.png
many=()
for _ in $(seq 65); do many+=(--op copy); done
refused 2 "CHUNKIMG_WORKERS: 'x' is not a number of workers, 1 to 1024" env CHUNKIMG_WORKERS=x "$CHUNKIMG" small.png -o none
refused 2 "exec: needs a command: exec='CMD'" "$CHUNKIMG" small.png -o none --op exec=
refused 2 "overlap and edge are for tiles; the output is one image" "$CHUNKIMG" small.png -o x.png --overlap 4
refused 2 "output: '/' is not the name of a new folder or file" "$CHUNKIMG" small.png -o /
refused 2 "output: needs the name of a folder or file" "$CHUNKIMG" small.png -o ''
refused 2 "format: tiles can be read but not written" "$CHUNKIMG" small.png -o x --format tiles
refused 4 "the output would have 6000 x 4000 pixels, more than --max-pixels allows" "$CHUNKIMG" small.png -o none --op resize=100 --max-pixels 1000000
refused 2 "op: given more than" "$CHUNKIMG" small.png -o none "${many[@]}"
if "$CHUNKIMG" --version | grep -q libseccomp; then
    refused 2 "sandbox: required, but exec=cat starts commands, which it would forbid" \
        "$CHUNKIMG" small.png -o none --op exec=cat --sandbox=require --mode processes
fi
