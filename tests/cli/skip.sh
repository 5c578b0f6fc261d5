#!/usr/bin/env bash
# labels: modes
# --on-error skip: what could be made is there and right, what could not is listed in the manifest with the reason, exit 6.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq python3

modes=$(all_modes)

render 900x2000 photo.png
render 900x2000 photo.jpg

parts=(60)
[ -z "${CHUNKIMG_FULL:-}" ] || parts=(35 50 60 70 90)

# right_tiles DIR IMAGE: each tile that is listed has the pixels of the image; what is listed as failed has no file
right_tiles() {
    expect_equal "$(json "$1/manifest.json" '(.tiles | length) + (.failed | length)')" "$(json "$1/manifest.json" .plan.count)" \
        "tiles and failures of $1"
    expect_equal "$(find "$1" -name "*.png" | wc -l)" "$(json "$1/manifest.json" '.tiles | length')" "files in $1"
    "$CHUNKIMG_ASSEMBLE" --part "$1" "$2" || fail "$1 has tiles that are not right"
}

for input in photo.png photo.jpg; do
    for part in "${parts[@]}"; do
        head -c $(($(stat -c %s $input) * part / 100)) "$input" >cut.any
        counts=
        for mode in $modes; do
            expect_exit 3 "$CHUNKIMG" cut.any -o made --format png --compression 1 --tile-size 200 --mode "$mode"
            expect_nothing made
            expect_exit 6 "$CHUNKIMG" cut.any -o made --format png --compression 1 --tile-size 200 --mode "$mode" --workers 2 \
                --on-error skip --json report.json
            expect_text "$tmp/err" "tiles failed and were left out"
            right_tiles made "$input"
            failed=$(json made/manifest.json '.failed | length')
            [ "$failed" -gt 0 ] && [ "$failed" -lt 50 ] || fail "$input, $part %: $failed of 50 tiles failed"
            json made/manifest.json '.failed[].why' | grep -q "damaged\|ends" || fail "no reason is given"
            expect_equal "$(json report.json .output.tiles_failed)" "$failed" "failures in the report"
            expect_exit 6 "$CHUNKIMG" verify made
            expect_text "$tmp/out" "$failed left out"
            counts="$counts $failed"
            rm -r made
        done
        expect_equal "$(xargs -n1 <<<"$counts" | sort -u | wc -l)" 1 "different tiles fail in different modes:$counts"
    done
done

# A flipped bit in the pixels of a PNG is found by the CRC behind them: what was decoded before it came to light is not right.
python3 - <<'END'
import struct
data = bytearray(open("photo.png", "rb").read())
at, chunks = 8, []
while at < len(data):
    n = struct.unpack(">I", data[at:at + 4])[0]
    if data[at + 4:at + 8] == b"IDAT":
        chunks.append((at + 8, n))
    at += 12 + n
at, n = chunks[len(chunks) * 2 // 3]
for bit in range(4):
    bad = bytearray(data)
    bad[at + 3 * bit + 40] ^= 1 << bit
    open("flipped%d.png" % bit, "wb").write(bad)
END
for bit in 0 1 2 3; do
    for mode in $modes; do
        status=0
        "$CHUNKIMG" flipped$bit.png -o made --compression 1 --tile-size 100 --mode "$mode" --workers 2 --on-error skip >/dev/null 2>err || status=$?
        case $status in
        3) expect_nothing made ;;
        6) right_tiles made photo.png ;;
        *) fail "exit $status of a damaged file: $(cat err)" ;;
        esac
        rm -rf made
    done
done

# nothing could be made: as if it had not been asked for
head -c 200 photo.png >cut.any
expect_exit 3 "$CHUNKIMG" cut.any -o made --on-error skip
expect_nothing made
# one image has no place for a hole
head -c 400000 photo.png >cut.any
expect_exit 3 "$CHUNKIMG" cut.any -o made.png --on-error skip
expect_nothing made.png

# several inputs: each for itself
head -c $(($(stat -c %s photo.png) / 2)) photo.png >half.png
expect_exit 6 "$CHUNKIMG" photo.png half.png -o many --tile-size 300 --compression 1 --on-error skip
expect_text "$tmp/out" "many/half_tiles/" # a run that left something out is reported too
expect_tiles many/photo_tiles 21
right_tiles many/half_tiles photo.png

# an input that is none does not stop the others, and is one that failed
echo "no image" >text.png
expect_exit 6 "$CHUNKIMG" text.png photo.png missing.png -o more --compression 1 --on-error skip
expect_tiles more/photo_tiles 8
expect_exit 3 "$CHUNKIMG" text.png missing.png -o none-came --on-error skip
expect_nothing none-came

# gone on with when the whole file is there again... is other work: the source changed
expect_exit 1 "$CHUNKIMG" photo.png -o many/half_tiles --tile-size 300 --compression 1 --resume
# the same damaged file again: what is whole is kept
expect_exit 6 "$CHUNKIMG" half.png -o many/half_tiles --tile-size 300 --compression 1 --on-error skip --resume --json report.json
expect_equal "$(json report.json .output.tiles_kept)" "$(json many/half_tiles/manifest.json '.tiles | length')" "tiles kept"
