#!/usr/bin/env bash
# chunkimg verify: says of a finished folder what is missing, short or different, one line each, and exits 0, 3 or 6.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 300x200 photo.png
expect_exit 0 "$CHUNKIMG" photo.png --tiles 12 -o made
expect_exit 0 "$CHUNKIMG" verify made
expect_text "$tmp/out" "12 tiles: 12 whole, 0 missing"
expect_equal "$(wc -l <"$tmp/err")" 0 "messages about a whole folder"
expect_exit 0 "$CHUNKIMG" verify made/manifest.json made/
expect_exit 2 "$CHUNKIMG" verify
expect_exit 1 "$CHUNKIMG" verify nowhere
expect_text "$tmp/err" "No such file or directory"
mkdir empty
expect_exit 1 "$CHUNKIMG" verify empty
expect_text "$tmp/err" "manifest.json"

printf 'X' | dd of=made/photo_000_000.png bs=1 seek=50 conv=notrunc status=none
truncate -s 10 made/photo_000_001.png
rm made/photo_000_002.png
expect_exit 3 "$CHUNKIMG" verify made
expect_text "$tmp/out" "12 tiles: 9 whole, 1 missing, 1 of another size, 1 changed, 0 unreadable"
expect_text "$tmp/err" "photo_000_000.png has other content"
expect_text "$tmp/err" "photo_000_001.png has 10 bytes instead of"
expect_text "$tmp/err" "photo_000_002.png is missing"
expect_equal "$(wc -l <"$tmp/err")" 4 "three flaws and the verdict"

# one bad folder does not hide the others
expect_exit 0 "$CHUNKIMG" photo.png --tiles 2 -o good
expect_exit 3 "$CHUNKIMG" verify made good
expect_text "$tmp/out" "2 tiles: 2 whole"

# names are bytes, and shown so that a terminal stays as it is
cp -- photo.png $'\x1b[31m\n\xff.png'
expect_exit 0 "$CHUNKIMG" --tiles 2 -o $'\x1bmade' -- $'\x1b[31m\n\xff.png'
expect_exit 0 "$CHUNKIMG" verify $'\x1bmade'
rm $'\x1bmade/\x1b[31m\n\xff_000_000.png'
expect_exit 3 "$CHUNKIMG" verify $'\x1bmade'
expect_text "$tmp/err" '\x1b[31m\x0a\xff_000_000.png is missing'
expect_no_text "$tmp/err" $'\x1b'

# A manifest of another schema speaks for nobody.
jq -c '.schema = "chunkimg-manifest/99"' good/manifest.json >other && mv other good/manifest.json
expect_exit 3 "$CHUNKIMG" verify good
expect_text "$tmp/err" "schema"
