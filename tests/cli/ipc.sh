#!/usr/bin/env bash
# labels: modes
# Pixels copied through sockets give the same files as pixels in shared memory; how much was copied is told, and deaths cost no more.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 400x300 photo.png
render 120x90 gray16.png --kind gray16
render 160x128 photo.jpg
pipe=(--mode processes --ipc pipe --workers 3)

# same INPUT OPTIONS: one digest, and one set of files
same() {
    local input=$1
    shift
    expect_equal "$(digest_of "$input" "${pipe[@]}" "$@")" "$(digest_of "$input" --mode serial "$@")" "$input $*"
    expect_exit 0 "$CHUNKIMG" "$input" "${pipe[@]}" "$@" --quiet -o copied --force
    expect_exit 0 "$CHUNKIMG" "$input" --mode serial "$@" --quiet -o plain --force
    diff -r plain copied >/dev/null || fail "other files: $input $*"
}
same photo.png --tiles 20
same photo.png --tile-size 70x50 --op blur=3 --op sobel
same photo.png --tile-size 130 --overlap 9 --edge pad
same photo.png --tiles 1x7 --op median=2
same gray16.png --tiles 6 --op invert --edge shift
same photo.jpg --tile-size 64 --lossless
same photo.jpg --tile-size 50 --format png
rm -rf plain copied

expect_exit 0 "$CHUNKIMG" photo.png "${pipe[@]}" --tiles 6 --quiet -o copied.png
expect_exit 0 "$CHUNKIMG" photo.png --mode serial --tiles 6 --quiet -o plain.png
cmp plain.png copied.png || fail "one image"

# decoded rows to home, rows to a worker, pixels back: three times the image; with operations, rows beyond the tile too
raw=$((400 * 300 * 3))
expect_exit 0 "$CHUNKIMG" photo.png "${pipe[@]}" --tiles 20 -o none --quiet --json report.json
copied=$(json report.json .bytes_copied)
[ "$copied" -ge $((3 * raw)) ] && [ "$copied" -lt $((4 * raw)) ] || fail "$copied bytes were copied of an image of $raw"
expect_equal "$(json report.json .bytes_by_reference)" 0 "bytes by reference"
expect_exit 0 "$CHUNKIMG" photo.png --mode processes --tiles 20 -o none --quiet --json report.json
expect_equal "$(json report.json .bytes_copied)" 0 "bytes copied where memory is shared"
expect_exit 2 "$CHUNKIMG" photo.png --mode threads --ipc pipe -o none
expect_text "$tmp/err" "processes"

expect_exit 0 "$CHUNKIMG" photo.png --mode serial --tiles 20 --quiet -o undisturbed
for death in KILL=7:2 KILL_AFTER=3:2 KILL_FILL=3:1 STUCK=5:1; do
    expect_exit 0 env "CHUNKIMG_TEST_$death" timeout 20 "$CHUNKIMG" photo.png "${pipe[@]}" --tiles 20 --quiet --tile-timeout 1 -o made
    diff -r undisturbed made >/dev/null || fail "$death changed the output"
    rm -rf made
done
CHUNKIMG_TEST_KILL=7 expect_exit 6 "$CHUNKIMG" photo.png "${pipe[@]}" --tiles 20 --quiet --on-error skip -o made
expect_equal "$(json made/manifest.json '[.failed[] | "\(.col),\(.row)"] | join(" ")')" "2,1" "tiles left out"
