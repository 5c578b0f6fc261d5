#!/usr/bin/env bash
# What is written where, and how it appears.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 200x120 photo.png
render 200x120 rgba.png --kind rgba

# the default folder, names, manifest
expect_exit 0 "$CHUNKIMG" photo.png --tiles 6
expect_tiles photo_tiles 6
[ -f photo_tiles/photo_001_002.png ] || fail "the default name"
"$CHUNKIMG_ASSEMBLE" photo_tiles photo.png
expect_equal "$(json photo_tiles/manifest.json .schema)" chunkimg-manifest/1
expect_equal "$(json photo_tiles/manifest.json '.tiles | length')" 6
expect_equal "$(json photo_tiles/manifest.json .plan.columns)" 3

# refused without --force, replaced with it
cp -r photo_tiles before
expect_exit 1 "$CHUNKIMG" photo.png --tiles 4
expect_text "$tmp/err" "--force"
diff -r before photo_tiles || fail "a refused run changed the output"
expect_exit 0 "$CHUNKIMG" photo.png --tiles 4 --force
expect_tiles photo_tiles 4
mkdir mine && touch mine/letter.txt
expect_exit 1 "$CHUNKIMG" photo.png -o mine --force
[ -f mine/letter.txt ] || fail "somebody's file was removed"

# overlap and edges
for edge in keep pad shift drop; do
    for overlap in 0 3; do
        expect_exit 0 "$CHUNKIMG" photo.png --tile-size 64x50 --edge "$edge" --overlap "$overlap" -o "e-$edge-$overlap"
        "$CHUNKIMG_ASSEMBLE" "e-$edge-$overlap" photo.png || fail "--edge $edge --overlap $overlap"
    done
done
expect_equal "$(json e-pad-3/manifest.json '[.tiles[] | "\(.width)x\(.height)"] | unique | join(" ")')" 70x56
expect_equal "$(json e-drop-0/manifest.json '.tiles | length')" 6
expect_equal "$(json e-shift-0/manifest.json '[.tiles[] | "\(.width)x\(.height)"] | unique | join(" ")')" 64x50

# asked and made
expect_exit 0 "$CHUNKIMG" photo.png --tiles 62 -o none
expect_text "$tmp/out" "asked 62, made 63 (9x7)"
expect_exit 0 "$CHUNKIMG" photo.png --tiles 5x3 -o five
expect_tiles five 15

# names
expect_exit 0 "$CHUNKIMG" photo.png --tiles 4 -o named --name 'a {stem}-{x:04}-{y}.{w}x{h}.{index:02}.{ext}'
[ -f 'named/a photo-0100-60.100x60.03.png' ] || fail "$(ls named)"
expect_exit 2 "$CHUNKIMG" photo.png --tiles 4 -o evil --name '../{index}'
expect_exit 2 "$CHUNKIMG" photo.png --tiles 4 -o evil --name 'same.png'
expect_nothing evil

# formats
expect_exit 0 "$CHUNKIMG" photo.png --tiles 4 --format jpeg --quality 75 -o jpegs
expect_tiles jpegs 4 jpg
expect_exit 0 "$CHUNKIMG" photo.png -o one.jpg --tiles 3
expect_exit 0 "$CHUNKIMG" photo.png -o whole.jpg --tiles 1
"$CHUNKIMG_ASSEMBLE" --same whole.jpg one.jpg || fail "strips of a JPEG differ from the whole"
expect_exit 2 "$CHUNKIMG" rgba.png --format jpeg -o alpha
expect_text "$tmp/err" "alpha"
expect_nothing alpha
expect_exit 0 "$CHUNKIMG" rgba.png -o rgba-out.png --tiles 7
"$CHUNKIMG_ASSEMBLE" --same rgba.png rgba-out.png

# standard input and output
expect_exit 0 bash -c '"$CHUNKIMG" - --tiles 4 -o piped <photo.png'
[ -f piped/stdin_001_001.png ] || fail "$(ls piped)"
"$CHUNKIMG_ASSEMBLE" piped photo.png
expect_exit 0 bash -c 'cat photo.png | "$CHUNKIMG" - --tiles 4 -o piped --force --json - | jq -e ".schema == \"chunkimg-report/1\"" >&2'

# several inputs; one that fails is reported and does not stop the others
expect_exit 3 "$CHUNKIMG" photo.png "$0" rgba.png --tiles 2 -o many
expect_tiles many/photo_tiles 2
expect_tiles many/rgba_tiles 2
expect_text "$tmp/err" "not a PNG or JPEG"
expect_text "$tmp/out" "3 inputs: 2 done, 1 failed"
expect_exit 3 "$CHUNKIMG" "$0" "$(dirname "$0")/lib.sh" -o none-came
expect_nothing none-came
expect_exit 6 "$CHUNKIMG" photo.png "$0" --tiles 2 -o many --force --on-error skip
expect_exit 3 "$CHUNKIMG" "$0" "$(dirname "$0")/lib.sh" -o none-came --on-error skip

# outputs that would meet are refused before anything is read
mkdir -p other
cp photo.png other/photo.png
expect_exit 2 "$CHUNKIMG" rgba.png photo.png other/photo.png -o meeting
expect_text "$tmp/err" "photo.png and other/photo.png would both be written to meeting/photo_tiles"
expect_exit 2 "$CHUNKIMG" photo.png other/photo.png
expect_nothing meeting
expect_exit 0 "$CHUNKIMG" photo.png other/photo.png -o none
expect_exit 2 "$CHUNKIMG" photo.png rgba.png -o one.png
expect_text "$tmp/err" "one image, for one input"
expect_exit 2 "$CHUNKIMG" - - -o none
expect_nothing one.png

# names are bytes
cp -- photo.png $'-n\xff\n.png'
expect_exit 0 "$CHUNKIMG" --tiles 2 -o bytes -- $'-n\xff\n.png'
expect_tiles bytes 2
expect_text "$tmp/out" '\xff'

# the report's keys are a contract
expect_exit 0 "$CHUNKIMG" photo.png --tiles 4 -o keys --json keys.json --mode threads --workers 2
jq -e '.schema and .input.path and .input.width == 200 and .input.height == 120 and .input.channels == 3 and
    .input.depth == 8 and .input.bytes > 0 and .tiles.count == 4 and .tiles.columns == 2 and .tiles.rows == 2 and
    .tiles.width == 100 and .tiles.height == 60 and .ops == "copy" and .mode == "threads" and .workers == 2 and
    .wall_s > 0 and .throughput_mpps > 0 and .tiles_per_s > 0 and .raw_mbps > 0 and
    (.stages | keys | length) == 6 and (.stages.encode | has("busy_s") and has("share")) and
    (.cpu | has("user_s") and has("sys_s") and has("utilisation")) and
    (.context_switches | has("voluntary") and has("involuntary")) and (.page_faults | has("minor") and has("major")) and
    .memory.peak_rss_bytes > 0 and .memory.planned_bytes > 0 and (has("startup_s")) and .output.path == "keys" and
    .output.bytes > 0 and .output.tiles_written == 4 and (.digest | length) == 8 and (.runs | length) == 1' keys.json >/dev/null ||
    fail "$(cat keys.json)"
expect_exit 0 "$CHUNKIMG" photo.png -o none --repeat 3 --warmup 1 --json runs.json
expect_equal "$(json runs.json '.runs | length')" 3
expect_exit 0 "$CHUNKIMG" photo.png --dry-run -o dry
expect_text "$tmp/out" "at most"
expect_nothing dry
