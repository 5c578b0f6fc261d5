#!/usr/bin/env bash
# Foreign images: valid ones come out as libpng and libjpeg-turbo decode them, broken ones exit 3 and leave nothing.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -d "${CHUNKIMG_CORPUS:-}" ] || skip "no foreign test images (CHUNKIMG_CORPUS)"

count=0
for file in "$CHUNKIMG_CORPUS"/png/valid/* "$CHUNKIMG_CORPUS"/jpeg/valid/*; do
    rm -rf made
    expect_exit 0 "$CHUNKIMG" "$file" --format png --tile-size 13x9 -o made --mode threads --workers 2
    "$CHUNKIMG_ASSEMBLE" made "$file" || fail "$file"
    expect_exit 0 "$CHUNKIMG" "$file" -o one.png --force --tiles 3
    "$CHUNKIMG_ASSEMBLE" --same "$file" one.png || fail "$file as one image"
    count=$((count + 1))
done
[ "$count" -gt 150 ] || fail "only $count valid images were found"
rm -rf made one.png
for file in "$CHUNKIMG_CORPUS"/*/broken/*; do
    for mode in serial threads processes openmp; do
        expect_exit 3 "$CHUNKIMG" "$file" --format png --tiles 1 -o made --mode "$mode"
        expect_nothing made
    done
done
for file in "$CHUNKIMG_CORPUS"/*/odd/*; do
    status=0
    timeout 20 "$CHUNKIMG" "$file" --format png -o made --mode threads --workers 2 >/dev/null 2>err || status=$?
    case $status in
    0) [ -f made/manifest.json ] || fail "$file: exit 0 without a manifest" ;;
    3 | 4) expect_nothing made ;;
    *) fail "$file: exit $status: $(cat err)" ;;
    esac
    rm -rf made
done
