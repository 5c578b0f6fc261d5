#!/usr/bin/env bash
# labels: modes
# --resume: a killed run is gone on with and ends as if it had never been killed, byte for byte; what is not the same work,
# or not whole any more, is not believed.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

modes=$(all_modes)
tiles=100
same_work=(photo.png --tiles "$tiles" -o made)

render 300x200 photo.png
expect_exit 0 "$CHUNKIMG" photo.png --tiles "$tiles" -o whole

staging() { find . -maxdepth 1 -type d -name '.made.chunkimg-*' | head -1; }

# killed_at SHARE OPTION...: a run of 100 tiles that is killed when so many files are there; 1: it was over before that
killed_at() {
    local share=$1 pid dir
    shift
    CHUNKIMG_TEST_STALL=4000 "$CHUNKIMG" "${same_work[@]}" --workers 2 "$@" >/dev/null 2>&1 &
    pid=$!
    for _ in $(seq 1 500); do
        dir=$(staging)
        [ -z "$dir" ] || [ "$(find "$dir" -name '*.png' 2>/dev/null | wc -l)" -lt "$share" ] || break
        sleep 0.02
    done
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    [ -n "$(staging)" ] && [ ! -e made ]
}

# On a machine that has much else to do, a run may end between two looks at its folder: then another one.
kill_at() {
    local tries=5
    until killed_at "$@"; do
        rm -rf made
        ((--tries)) || fail "the run was over before it was killed"
    done
    # children of a killed run end with it; until then they hold their lock on the staging folder
    for _ in $(seq 1 100); do
        flock -n "$(staging)" true && return
        sleep 0.01
    done
    fail "somebody still works in the staging folder a second after the kill"
}

# resumed LEAST OPTION...: exit 0, the tree of a run that was never killed, and at least so many tiles not made again
resumed() {
    local least=$1
    shift
    expect_exit 0 "$CHUNKIMG" "${same_work[@]}" --resume --json resumed.json "$@"
    diff -r whole made >&2 || fail "a resumed run made another tree ($*)"
    [ "$(json resumed.json .output.tiles_kept)" -ge "$least" ] ||
        fail "$(json resumed.json .output.tiles_kept) tiles were kept, at least $least were whole ($*)"
    [ -z "$(staging)" ] || fail "a resumed run left its staging folder"
    [ ! -e made/.chunkimg-journal ] || fail "the journal was published"
}

for mode in $modes; do
    kill_at 90 --mode "$mode"
    resumed 75 --mode "$mode"
    "$CHUNKIMG_ASSEMBLE" made photo.png || fail "$mode"
    rm -r made
done

# begun in one mode, gone on with in another; killed twice
kill_at 40 --mode threads
kill_at 80 --mode processes --resume
resumed 60 --mode serial --workers 1
rm -r made

# other work: nothing is believed, and nothing of it stays
render 300x200 other.png --seed 9
kill_at 50
expect_exit 0 "$CHUNKIMG" photo.png --tiles "$tiles" -o made --resume --compression 1 --json resumed.json
expect_equal "$(json resumed.json .output.tiles_kept)" 0 "tiles kept of another compression"
"$CHUNKIMG_ASSEMBLE" made photo.png
rm -r made
kill_at 50
cp other.png photo.new && mv photo.new photo.png # same name, same size of image
expect_exit 0 "$CHUNKIMG" "${same_work[@]}" --resume --json resumed.json
expect_equal "$(json resumed.json .output.tiles_kept)" 0 "tiles kept of another source"
"$CHUNKIMG_ASSEMBLE" made photo.png || fail "tiles of the image that stood there before"
rm -r made whole
render 300x200 photo.png
expect_exit 0 "$CHUNKIMG" photo.png --tiles "$tiles" -o whole

# damage in the staging folder: made again
flip() { # FILE
    local byte
    byte=$(od -An -tu1 -j60 -N1 "$1")
    printf "\\x$(printf %x $((byte ^ 8)))" | dd of="$1" bs=1 seek=60 conv=notrunc status=none
}
kill_at 60
dir=$(staging)
flip "$dir/photo_000_001.png"
truncate -s 50 "$dir/photo_000_002.png"
rm "$dir/photo_000_003.png"
rm "$dir/photo_000_004.png" && ln -s ../whole/photo_000_004.png "$dir/photo_000_004.png"
rm "$dir/photo_000_005.png" && mkfifo "$dir/photo_000_005.png"
printf x >>"$dir/photo_000_006.png"
resumed 35
rm -r made

# the journal torn in its last line, or one of its bits wrong: the tiles before are believed
kill_at 60
truncate -s -7 "$(staging)/.chunkimg-journal"
resumed 35
rm -r made
kill_at 60
flip "$(staging)/.chunkimg-journal" # its first line: what the work is
expect_exit 0 "$CHUNKIMG" "${same_work[@]}" --resume --json resumed.json
expect_equal "$(json resumed.json .output.tiles_kept)" 0 "tiles kept by a journal whose first line is damaged"
diff -r whole made
rm -r made

# without --resume, a leftover is swept
kill_at 50
expect_exit 0 "$CHUNKIMG" "${same_work[@]}" --json resumed.json
expect_equal "$(json resumed.json '.output.tiles_kept // 0')" 0
[ -z "$(staging)" ] || fail "a leftover was not swept"
diff -r whole made

# a finished folder that lost tiles since: those are made again, and only those
rm made/photo_001_001.png
flip made/photo_002_002.png
truncate -s 0 made/photo_003_003.png
resumed $((tiles - 3))
expect_equal "$(json resumed.json .output.tiles_kept)" $((tiles - 3)) "tiles kept of a finished folder"
resumed $tiles # nothing to do

# a finished folder of other work, or of no work, is not what is resumed
expect_exit 1 "$CHUNKIMG" photo.png --tiles 4 -o made --resume
expect_text "$tmp/err" "other work"
expect_exit 1 "$CHUNKIMG" other.png --tiles "$tiles" -o made --resume
diff -r whole made
mkdir mine && touch mine/letter.txt
expect_exit 1 "$CHUNKIMG" photo.png --tiles "$tiles" -o mine --resume
[ -f mine/letter.txt ]

# Two tiles whose names changed places in the manifest, and with them their sums: each was believed under the other's name.
cp -r whole swapped
jq -c '.tiles as $t | ($t[0] | {file, bytes, crc32}) as $a | ($t[1] | {file, bytes, crc32}) as $b | .tiles[0] += $b | .tiles[1] += $a' \
    whole/manifest.json >swapped/manifest.json
rm -r made && mv swapped made
resumed $((tiles - 2))

# Standard input, or a pipe, cannot be told from what came through it before: tiles of another image were kept, with exit 0.
expect_exit 0 bash -c '"$CHUNKIMG" - --tiles 6 -o piped <photo.png'
expect_exit 2 bash -c '"$CHUNKIMG" - --tiles 6 -o piped --resume <other.png'
expect_text "$tmp/err" "resume"
expect_exit 2 bash -c 'cat other.png | "$CHUNKIMG" - --tiles 6 -o piped --resume'
expect_exit 2 bash -c '"$CHUNKIMG" <(cat other.png) --tiles 6 -o piped --resume'
expect_exit 2 "$CHUNKIMG" photo.png --resume --force -o made
expect_exit 2 "$CHUNKIMG" photo.png --resume -o one.png
expect_exit 2 "$CHUNKIMG" photo.png --resume -o none

# a run with --resume that is stopped keeps what it has
CHUNKIMG_TEST_STALL=4000 "$CHUNKIMG" photo.png --tiles "$tiles" -o stopped --resume --workers 2 >/dev/null 2>&1 &
pid=$!
sleep 0.4
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
expect_equal "$status" 143 "exit code of a stopped run"
expect_exit 0 "$CHUNKIMG" photo.png --tiles "$tiles" -o stopped --resume --json resumed.json
[ "$(json resumed.json .output.tiles_kept)" -gt 0 ] || fail "nothing was kept of a stopped run"
diff -r whole stopped

# several at once on one leftover: one takes it, nobody works in another's folder, all trees are right
rounds=3
[ -z "${CHUNKIMG_FULL:-}" ] || rounds=40
for _ in $(seq 1 "$rounds"); do
    rm -rf made
    kill_at 50
    pids=()
    for i in 1 2 3 4; do
        "$CHUNKIMG" "${same_work[@]}" --resume --workers 2 >/dev/null 2>"err$i" &
        pids+=($!)
    done
    won=0
    for i in 1 2 3 4; do
        status=0
        wait "${pids[$((i - 1))]}" || status=$?
        case $status in
        0) won=$((won + 1)) ;;
        1) [ -s "err$i" ] || fail "a run lost without a word" ;;
        *) fail "exit $status: $(cat "err$i")" ;;
        esac
    done
    [ "$won" -ge 1 ] || fail "nobody finished: $(cat err?)"
    diff -r whole made || fail "several resumed runs made a wrong tree"
    [ -z "$(staging)" ] || fail "a staging folder was left"
done
