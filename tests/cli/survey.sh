#!/usr/bin/env bash
# labels: modes
# Operations that look at the whole image first: the same pixels in every mode, whether the decoded image is kept or
# decoded again, and whatever the tiles; a limit decides which, and the plan says it.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 300x900 photo.png
mapfile -t modes < <(all_modes)
chain=(--op blur=1 --op equalize --op flip=h --op "clahe=2,4x4")

whole=$(digest_of photo.png --mode serial --tiles 1x1 "${chain[@]}")
[ "$whole" != "$(digest_of photo.png --op blur=1 --op flip=h)" ] || fail "nothing was equalised"
for mode in "${modes[@]}"; do
    expect_equal "$(digest_of photo.png --mode "$mode" --workers 3 --tile-size 64 "${chain[@]}")" "$whole" "$mode"
done
expect_exit 0 "$CHUNKIMG" photo.png "${chain[@]}" -o one.png
expect_equal "$(digest_of one.png)" "$whole" "one image"
expect_exit 0 "$CHUNKIMG" photo.png "${chain[@]}" --tile-size 64 -o tiles
"$CHUNKIMG_ASSEMBLE" tiles one.png || fail "tiles put together"

# by default the image is kept; a limit below what that takes has it decoded again; below that, refused
render 1000x8000 tall.png
expect_exit 0 "$CHUNKIMG" tall.png --op equalize --tile-size 250 --workers 2 -o none --mode threads --json kept.json
expect_exit 0 "$CHUNKIMG" tall.png --op equalize --tile-size 250 --workers 2 -o none --mode threads --dry-run
expect_text "$tmp/out" "keeps it in memory"
limit=$(($(json kept.json .memory.planned_bytes) - 8000000)) # more than what the program itself takes differs by
for mode in "${modes[@]}"; do
    expect_exit 0 "$CHUNKIMG" tall.png --op equalize --tile-size 250 --workers 2 -o none --mode "$mode" --max-memory "$limit" \
        --json twice.json
    expect_equal "$(json twice.json .digest)" "$(json kept.json .digest)" "$mode, decoded twice"
    if ! sanitized; then
        jq -e '.memory.peak_rss_bytes <= .memory.planned_bytes' twice.json >/dev/null || fail "$mode: $(jq -c .memory twice.json)"
    fi
done
expect_exit 0 "$CHUNKIMG" tall.png --op equalize --tile-size 250 --workers 2 -o none --max-memory "$limit" --dry-run
expect_text "$tmp/out" "decodes the input 2 times"

# standard input can be read once
"$CHUNKIMG" - --op equalize -o none --quiet --json piped.json <tall.png
expect_equal "$(json piped.json .digest)" "$(json kept.json .digest)" "from standard input"
status=0
"$CHUNKIMG" - --op equalize -o none --max-memory "$limit" --workers 2 <tall.png 2>"$tmp/err" || status=$?
expect_equal "$status" 4 "standard input beyond the limit"
expect_text "$tmp/err" "can be read only once"

# of each tile by itself: what the tiles are shows
[ "$(digest_of photo.png --op equalize=tile --tile-size 64)" != "$(digest_of photo.png --op equalize=tile --tile-size 90)" ] ||
    fail "equalize=tile does not depend on the tiles"

# a damaged end is found in the first look, and leaves nothing
head -c $(($(stat -c %s tall.png) * 2 / 3)) tall.png >cut.png
for mode in serial threads processes; do
    expect_exit 3 "$CHUNKIMG" cut.png --op equalize --mode "$mode" --workers 2
    expect_nothing cut_tiles
done
expect_exit 6 "$CHUNKIMG" cut.png --op equalize --on-error skip
