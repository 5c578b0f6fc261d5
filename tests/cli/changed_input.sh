#!/usr/bin/env bash
# labels: modes
# Somebody writes to the input while it is read: an error, in every mode; another name or another file in its place is none.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" # the leak check cannot be traced

render 300x200 original.png
render 300x200 other.png --kind rgba
expect_exit 0 "$CHUNKIMG" original.png --tiles 30 -o whole --quiet --name '{col}-{row}.{ext}'

# meanwhile DEED CODE OPTION...: in the middle of the run, DEED is done to photo.png
meanwhile() {
    local deed=$1 code=$2 status=0 pid
    shift 2
    rm -rf made photo.png moved.png
    cp -p original.png photo.png
    CHUNKIMG_TEST_STALL=3000 "$CHUNKIMG" --tiles 30 -o made --quiet --name '{col}-{row}.{ext}' "$@" <photo.png >out 2>err &
    pid=$!
    for ((i = 0; i < 500; i++)); do
        [ -z "$(find . -path './.made.*/0-0.png')" ] || break # the first tile is there
        sleep 0.005
    done
    "$deed"
    wait "$pid" || status=$?
    expect_equal "$status" "$code" "$deed, $*: $(cat err); exit code"
    if [ "$code" -eq 0 ]; then
        diff -r -x manifest.json whole made >/dev/null || fail "$deed, $*: other tiles"
    else
        expect_text err "was changed while it was read"
        expect_equal "$(wc -l <err)" 1 "lines of messages"
        expect_nothing made
    fi
}

longer() { echo >>photo.png; }
shorter() { truncate -s 100 photo.png; }
rewritten() { # as many bytes, and with the old time
    cp -p original.png kept.png
    printf x | dd of=photo.png bs=1 seek=2000 conv=notrunc status=none
    touch -r kept.png photo.png
}
replaced() { cp other.png new.png && mv new.png photo.png; }
renamed() { mv photo.png moved.png; }
removed() { rm photo.png; }
linked() { ln photo.png moved.png; }

for mode in $(all_modes); do
    meanwhile longer 3 photo.png --mode "$mode" --workers 2
done
for mode in serial processes; do
    for deed in shorter rewritten; do
        meanwhile "$deed" 3 photo.png --mode "$mode" --workers 2
        meanwhile "$deed" 3 - --mode "$mode" --workers 2
        meanwhile "$deed" 3 photo.png --mode "$mode" --workers 2 --on-error skip
    done
    for deed in replaced removed linked; do
        meanwhile "$deed" 0 photo.png --mode "$mode" --workers 2
    done
done

# read a second time, since the whole image is looked at first and does not fit: by then its name is another, larger image's
render 1200x1500 tall.png
render 2400x3000 larger.png
expect_exit 0 "$CHUNKIMG" tall.png --op equalize --tile-size 100 -o none --mode serial --json kept.json
expect_exit 0 "$CHUNKIMG" tall.png --op equalize --tile-size 100 -o none --mode serial \
    --max-memory $(($(json kept.json .memory.planned_bytes) - 2000000)) --json twice.json
[ "$(json twice.json .memory.bands_bytes)" -lt "$(json kept.json .memory.bands_bytes)" ] || fail "the image was kept"
for mode in serial threads processes; do
    rm -rf made
    cp tall.png photo.png
    expect_exit 0 "$CHUNKIMG" photo.png --op equalize --tile-size 100 -o none --mode "$mode" --workers 2 --json kept.json
    CHUNKIMG_TEST_STALL=30000 "$CHUNKIMG" photo.png --op equalize --tile-size 100 -o made --mode "$mode" --workers 2 --quiet \
        --max-memory $(($(json kept.json .memory.planned_bytes) - 2000000)) >out 2>err &
    pid=$!
    for ((i = 0; i < 500; i++)); do
        [ -z "$(find . -maxdepth 1 -name '.made.*')" ] || break # the first look at the image is about to begin
        sleep 0.005
    done
    cp larger.png new.png && mv new.png photo.png
    status=0
    wait "$pid" || status=$?
    expect_equal "$status" 3 "another image before the second reading, $mode: $(cat err); exit code"
    expect_text err "photo.png: was changed between two readings"
    expect_nothing made
done

# an image that is made of several: one of its tiles is enough
if can_inject; then
    cp -r whole joined
    # its last read waits, between the look at its bytes and the end of decoding
    strace -f -o /dev/null -P "$PWD/joined/5-4.png" -e trace=pread64 -e inject=pread64:delay_enter=400000:when=1 \
        "$CHUNKIMG" joined -o made.png --quiet --mode serial >out 2>err &
    pid=$!
    sleep 0.2
    cp -p joined/5-4.png kept.png && cat kept.png >joined/5-4.png
    status=0
    wait "$pid" || status=$?
    expect_equal "$status" 3 "a tile that is written anew while it is read: $(cat err); exit code"
    expect_text err "5-4.png: was changed while it was read"
    expect_nothing made.png
fi
