#!/usr/bin/env bash
# labels: modes
# Operations of the user's own: a shared object, and a command that has each tile on its standard input.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 150x110 photo.png
render 150x110 clear.png --kind rgba
mapfile -t modes < <(all_modes)

# ---- a shared object ----
cp "$CHUNKIMG_BUILD/samples/darkest.so" .
for input in photo.png clear.png; do
    expected=$(digest_of "$input" --op ./darkest.so=2 --op blur=1 --tiles 1x1 --mode serial)
    for mode in "${modes[@]}"; do
        expect_equal "$(digest_of "$input" --op ./darkest.so=2 --op blur=1 --mode "$mode" --workers 3 --tile-size 40)" "$expected" \
            "$mode, $input"
    done
done
if chunkimg list ops | grep -q '^  erode'; then
    expect_equal "$(digest_of clear.png --op darkest.so=radius:2)" "$(digest_of clear.png --op erode=2)" "without a slash"
fi

expect_exit 2 "$CHUNKIMG" missing.png --op ./nothing.so
expect_text "$tmp/err" "nothing.so: cannot be loaded"
expect_exit 2 "$CHUNKIMG" missing.png --op ./darkest.so=21
expect_text "$tmp/err" "radius: '21' is out of range: 1 to 20 pixels"
echo "not a library" >text.so
expect_exit 2 "$CHUNKIMG" missing.png --op ./text.so
expect_text "$tmp/err" "text.so: cannot be loaded"
if ! sanitized && command -v gcc >/dev/null; then
    # broken NAME EXPECTED LINES: a file that is made wrong in one way
    broken() {
        { echo '#include <chunkimg/chunkimg_op.h>'; echo "$3"; } >"$1.c"
        gcc -std=c17 -shared -fPIC -I "$CHUNKIMG_SOURCE/include" "$1.c" -o "$1.so"
        expect_exit 2 "$CHUNKIMG" missing.png --op "./$1.so"
        expect_text "$tmp/err" "$2"
    }
    broken empty "it has no symbol chunkimg_op_here" 'int nothing;'
    broken old "is of operation ABI 0" 'const chunkimg_op_file chunkimg_op_here = {0, sizeof(chunkimg_op), 0};'
    broken small "this program takes ABI" 'const chunkimg_op_file chunkimg_op_here = {CHUNKIMG_OP_ABI, 8, 0};'
    broken hollow "has no operation" 'const chunkimg_op_file chunkimg_op_here = CHUNKIMG_OP_FILE(0);'
    # one that crashes: by itself it takes a worker process along, and not the run that would tell
    { echo '#include <chunkimg/chunkimg_op.h>'
      echo '#include <signal.h>'
      echo 'static void apply(const void *p, const void *s, void *t, chunkimg_view in, chunkimg_view out) { raise(SIGSEGV); }'
      echo 'static const chunkimg_op o = {.name = "a", .summary = "b", .details = "c", .apply = apply};'
      echo 'const chunkimg_op_file chunkimg_op_here = CHUNKIMG_OP_FILE(&o);'; } >crash.c
    gcc -std=c17 -shared -fPIC -I "$CHUNKIMG_SOURCE/include" crash.c -o crash.so
    expect_exit 5 "$CHUNKIMG" photo.png --op ./crash.so --tiles 4 -o crashed
    expect_text "$tmp/err" "signal 11"
    expect_nothing crashed
    for i in 1 2 3 4 5 6; do cp photo.png "many$i.png"; done # nor where small inputs would be carried whole
    expect_exit 5 "$CHUNKIMG" many?.png --op ./crash.so --workers 2 --tiles 4 -o crashed
    expect_nothing crashed
    broken idle "neither apply nor apply_at" \
        'static const chunkimg_op o = {.name = "a", .summary = "b", .details = "c"}; const chunkimg_op_file chunkimg_op_here = CHUNKIMG_OP_FILE(&o);'
fi

# ---- a command: what it gives back unchanged is the image ----
for mode in "${modes[@]}"; do
    expect_equal "$(digest_of photo.png --op exec=cat --mode "$mode" --workers 3 --tile-size 60)" "$(digest_of photo.png)" "$mode, cat"
done
# every kind of image, 16 bit too, with what is read and written at once: more than a pipe holds, written before all is read
render 150x110 scan.png --kind gray16
for input in clear.png scan.png photo.png; do
    expect_equal "$(digest_of "$input" --op 'exec=dd bs=37 status=none')" "$(digest_of "$input")" "dd, $input"
done
render 900x700 large.png
expect_equal "$(digest_of large.png --op exec=cat --tile-size 900x700)" "$(digest_of large.png)" "a large tile"
if command -v python3 >/dev/null; then
    cat >negative.py <<'END'
import sys
data = sys.stdin.buffer.read()
head = data.index(b"255\n") + 4
sys.stdout.buffer.write(data[:head] + bytes(255 - v for v in data[head:]))
END
    expect_equal "$(digest_of photo.png --op 'exec=python3 negative.py' --op blur=1 --tile-size 150x110)" \
        "$(digest_of photo.png --op invert --op blur=1)" "a negative"
fi
# a comma and a colon are the command's own, and another operation may follow
expect_equal "$(digest_of photo.png --op 'exec=: a,b:c; cat' --op invert)" "$(digest_of photo.png --op invert)" "commas"

# sleepers: those that commands here have started
sleepers() { local pid; for pid in $(pgrep -x sleep || true); do [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" != "$tmp" ] || echo "$pid"; done; }

# ---- a command that fails names its tile and its reason, leaves nothing, and never hangs ----
# failing TEXT COMMAND
failing() {
    local mode
    for mode in serial threads processes; do
        expect_exit 1 timeout 60 "$CHUNKIMG" photo.png --op "exec=$2" --tile-size 60 --workers 2 --mode "$mode" -o made
        expect_text "$tmp/err" "$1"
        expect_text "$tmp/err" "tile in column"
        expect_nothing made
    done
}
failing "ended with status 3: it is Monday" 'echo one >&2; echo it is Monday >&2; exit 3'
failing "was killed by signal 9" 'cat >/dev/null; kill -9 $$'
failing "ended with status 127" 'no-such-program-anywhere'
failing "wrote nothing" 'true'
failing "wrote no PNM" 'echo hello world, this is no image'
failing "fewer bytes of pixels" 'head -c 100'
failing "more bytes of pixels" 'cat; echo more'
failing "wrote 1 x 1 pixels of 3 channels up to 255 instead of" 'printf "P6\n1 1\n255\nabc"'
failing "more bytes of pixels" 'cat; yes | head -c 3000000'
failing "ended with status 1" 'yes | head -c 1000000 >&2; exit 1'
# in the background something holds the pipes: it is not waited for
expect_exit 0 timeout 60 "$CHUNKIMG" photo.png --op 'exec=sleep 100 & cat' --tile-size 150x110 --mode serial -o none
sleepers | xargs -r kill

# ---- a command that takes long does not keep the program from being stopped, nor does a failure elsewhere wait for it ----
# stopped MODE COMMAND: only the program itself has the signal; what it leaves must be nothing
stopped() {
    local pid status=0 began took tries left
    "$CHUNKIMG" photo.png --op "exec=$2" --tile-size 60 --workers 2 --mode "$1" -o made -q 2>"$tmp/err" &
    pid=$!
    for ((tries = 0; tries < 250; tries++)); do [ -z "$(sleepers)" ] || break; command sleep 0.02; done
    [ -n "$(sleepers)" ] || fail "$1: the command was not started: $(cat "$tmp/err")"
    left=$(sleepers)
    began=${EPOCHREALTIME/./}
    kill -INT "$pid"
    wait "$pid" || status=$?
    took=$(((${EPOCHREALTIME/./} - began) / 1000))
    expect_equal "$status" 130 "$1, $2: $(cat "$tmp/err")"
    [ "$took" -lt 2000 ] || fail "$1, $2: took $took ms to stop" # half a second is promised; of other programs nothing is known here
    # shellcheck disable=SC2086
    gone_within 2 $left || fail "$1, $2: commands were left: $left"
    expect_nothing made
    longest=$((took > longest ? took : longest))
}
longest=0
for mode in "${modes[@]}"; do stopped "$mode" 'sleep 100; cat'; done
stopped threads 'exec sleep 100'
stopped processes 'trap "" TERM; sleep 100; cat'
echo "stopped within $longest ms"
# shellcheck disable=SC2016
expect_exit 1 timeout 20 "$CHUNKIMG" photo.png --op 'exec=mkdir first 2>/dev/null && exit 7; sleep 100; cat' --tile-size 60 --workers 2 \
    --mode threads -o made
expect_text "$tmp/err" "ended with status 7"

# the tile that fails can be left out
expect_exit 6 "$CHUNKIMG" photo.png --op 'exec=tile=$(mktemp); cat >"$tile"; [ "$(head -c 8 "$tile" | tail -c 5)" != "30 60" ] && cat "$tile"; s=$?; rm "$tile"; exit $s' \
    --tile-size 60 --on-error skip -o skipped
expect_equal "$(json skipped/manifest.json '.failed | length')" 1 "tiles left out"
expect_text skipped/manifest.json "ended with status 1"

# nothing of ours but the three standard descriptors is open in it, however many run at once
# shellcheck disable=SC2016
sh -c 'ls /proc/$$/fd >before; cat' </dev/null
for mode in threads processes; do
    rm -f fds.*
    # shellcheck disable=SC2016
    expect_exit 0 "$CHUNKIMG" photo.png --op 'exec=ls /proc/$$/fd >fds.$$; cat' --tile-size 30 --workers 4 --mode "$mode" -o none
    for list in fds.*; do
        more=$(grep -vxF -f before "$list" || true)
        expect_equal "$more" "" "descriptors in a command, $mode"
    done
done
