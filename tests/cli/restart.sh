#!/usr/bin/env bash
# labels: modes
# A JPEG with restart markers is decoded in pieces by all workers: the same pixels, and the same refusals, as in one go.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

modes=$(all_modes)
workers=(1 2 5)

render 3001x2003 photo.png
render 1999x1501 gray.png --kind gray16
expect_exit 0 "$CHUNKIMG" photo.png -o one.jpg --quality 85
expect_exit 0 "$CHUNKIMG" gray.png -o gray.jpg --quality 85

for input in one.jpg gray.jpg; do
    expected=$(digest_of "$input" --mode serial --workers 1 --tile-size 256)
    for mode in $modes; do
        for n in "${workers[@]}"; do
            expect_equal "$(digest_of "$input" --mode "$mode" --workers "$n" --tile-size 256)" "$expected" "$input, $mode with $n workers"
        done
    done
    expect_equal "$(CHUNKIMG_TEST_STALL=2000 digest_of "$input" --mode threads --workers 3 --tile-size 200x77)" "$expected" "$input with stalls"
done
expected=$(digest_of one.jpg --mode serial --workers 1 --op blur=3)
expect_equal "$(digest_of one.jpg --mode threads --workers 3 --op blur=3)" "$expected" "with an operation"

# a worker that decodes pieces needs memory for it: so one sees that it does
digest_of one.jpg --mode threads --workers 1 >/dev/null
alone=$(json digest.json .memory.workers_bytes)
digest_of one.jpg --mode threads --workers 4 >/dev/null
[ "$(json digest.json .memory.workers_bytes)" -gt $((4 * alone)) ] || fail "not decoded in pieces"
if ! sanitized; then
    jq -e '.memory.peak_rss_bytes <= .memory.planned_bytes' digest.json >/dev/null || fail "more memory than planned"
fi

# from standard input: a file from where it stands, and a pipe
digest=$(digest_of one.jpg --mode serial --workers 1)
{ head -c 1000 /dev/zero && cat one.jpg; } >behind.bin
{ dd bs=1000 count=1 of=/dev/null status=none && chunkimg - -o none --mode threads --workers 2 --quiet --json behind.json; } <behind.bin
expect_equal "$(json behind.json .digest)" "$digest" "from the middle of a file"
chunkimg - -o none --mode threads --workers 2 --quiet --json pipe.json < <(cat one.jpg)
expect_equal "$(json pipe.json .digest)" "$digest" "from a pipe"

# damage behind the middle that leaves the markers as they are, and the end cut off
size=$(stat -c %s one.jpg)
cp one.jpg damaged.jpg
head -c 3000 /dev/zero | dd of=damaged.jpg bs=1 seek=$((size / 2)) conv=notrunc status=none
head -c $((size - 5000)) one.jpg >cut.jpg
for mode in $modes; do
    for input in damaged.jpg cut.jpg; do
        expect_exit 3 "$CHUNKIMG" "$input" -o made --tile-size 256 --mode "$mode" --workers 3
        expect_text err "damaged JPEG"
        expect_nothing made
    done
done
