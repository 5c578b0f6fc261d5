#!/usr/bin/env bash
# How an output gets its name: once, as a whole, by one of several runs; on the disk where that was asked for.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

render 300x200 photo.png
render 300x200 other.png --seed 9

# eight at once into one folder: one wins, the others say why
rounds=2
[ -z "${CHUNKIMG_FULL:-}" ] || rounds=100
eight() { # EXPECTED-WINNERS TARGET OPTION...: the codes of eight runs
    local winners=$1 target=$2 i pids=() status won=0
    shift 2
    for i in 1 2 3 4 5 6 7 8; do
        "$CHUNKIMG" photo.png -o "$target" --workers 2 "$@" >/dev/null 2>"err$i" &
        pids+=($!)
    done
    for i in 1 2 3 4 5 6 7 8; do
        status=0
        wait "${pids[$((i - 1))]}" || status=$?
        case $status in
        0) won=$((won + 1)) ;;
        1) expect_text "err$i" "$target" && expect_equal "$(wc -l <"err$i")" 1 "messages of a run that lost" ;;
        *) fail "exit $status: $(cat "err$i")" ;;
        esac
    done
    expect_equal "$won" "$winners" "winners of eight runs into $target ($(cat err?))"
}
for _ in $(seq 1 "$rounds"); do
    rm -rf made made.png
    eight 1 made --tiles 30
    "$CHUNKIMG_ASSEMBLE" made photo.png || fail "what the winner of eight wrote"
    eight 8 made --tiles 30 --force
    "$CHUNKIMG_ASSEMBLE" made photo.png || fail "what the last of eight wrote"
    eight 1 made.png
    eight 8 made.png --force
    "$CHUNKIMG_ASSEMBLE" --same photo.png made.png
    [ -z "$(find . -maxdepth 1 -name '.made*')" ] || fail "leftovers: $(ls -A)"
done

# the old output is there until the new one is complete, and there for ever where that fails
cp -r made before && cp made.png before.png
head -c 9000 other.png >cut.png
expect_exit 3 "$CHUNKIMG" cut.png -o made --force
expect_exit 3 "$CHUNKIMG" cut.png -o made.png --force
diff -r before made && cmp before.png made.png || fail "a failed run touched the old output"
CHUNKIMG_TEST_STALL=5000 "$CHUNKIMG" other.png --tiles 30 --workers 2 -o made --force >/dev/null 2>&1 &
pid=$!
checks=0
while kill -0 "$pid" 2>/dev/null; do
    # one of the two, whole, at any moment
    cp -r made seen 2>/dev/null && if "$CHUNKIMG_ASSEMBLE" seen photo.png 2>/dev/null || "$CHUNKIMG_ASSEMBLE" seen other.png 2>/dev/null; then
        checks=$((checks + 1))
    elif kill -0 "$pid" 2>/dev/null && [ -z "$(find . -maxdepth 1 -name '.made*')" ]; then
        fail "a mixture was seen"
    fi
    rm -rf seen
done
wait "$pid"
[ "$checks" -gt 0 ] || fail "the old output was never seen"
"$CHUNKIMG_ASSEMBLE" made other.png

# Where names cannot be exchanged: the old one stepped aside for good when the new one could not have its place.
if can_inject; then
    export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # LeakSanitizer does not work beside a tracer
    rm -rf made && cp -r before made
    expect_exit 0 strace -f -o /dev/null -e inject=renameat2:error=EINVAL "$CHUNKIMG" other.png --tiles 30 --workers 1 -o made --force
    "$CHUNKIMG_ASSEMBLE" made other.png || fail "without an exchange of names"
    rm -rf made && cp -r before made
    expect_exit 1 strace -f -o /dev/null -e inject=renameat2:error=EINVAL -e inject=mkdirat:error=EIO:when=2+ \
        "$CHUNKIMG" photo.png --tiles 4 --workers 1 -o made --force
    diff -r before made || fail "the old output was lost"
    rm -f made.png
    expect_exit 0 strace -f -o /dev/null -e inject=renameat2:error=EINVAL "$CHUNKIMG" other.png --workers 1 -o made.png
    [ -z "$(find . -maxdepth 1 -name '.made*')" ] || fail "leftovers: $(ls -A)"

    # --fsync: every file, the folder, and the folder around it
    rm -rf made
    expect_exit 0 strace -f -y -o trace -e trace=fsync,fdatasync,renameat2,openat,close "$CHUNKIMG" photo.png --tiles 4 --workers 2 -o made --fsync
    expect_equal "$(grep -c 'fsync(.*\.png>' trace)" 4 "tiles synced"
    expect_equal "$(grep -c 'fsync(.*manifest\.json>' trace)" 1 "manifests synced"
    grep -n 'fsync(.*\.made\.chunkimg-......>)\|renameat2(\|fsync(.*>)' trace | tail -3 >order
    grep -q 'chunkimg-......>)' <(sed -n 1p order) || fail "the folder was not synced before it got its name: $(cat order)"
    grep -q 'renameat2' <(sed -n 2p order) || fail "$(cat order)"
    grep -q 'fsync' <(sed -n 3p order) || fail "the folder around it was not synced: $(cat order)"
    rm -f made.png
    expect_exit 0 strace -f -y -o trace -e trace=fsync,renameat2 "$CHUNKIMG" photo.png -o made.png --fsync
    expect_equal "$(grep -c 'fsync(' trace)" 2 "an image, and the folder around it, synced"
    rm -rf made
    expect_exit 0 strace -f -o trace -e trace=fsync,fdatasync "$CHUNKIMG" photo.png --tiles 4 -o made
    expect_equal "$(grep -c 'fsync(' trace)" 0 "nobody asked for it"
fi

# A standard stream that is closed was the next file's descriptor: messages would have gone into tiles.
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
    rm -rf made
    status=0
    bash -c "\"\$CHUNKIMG\" photo.png --tiles 4 --workers 5 -v --progress json --mode processes -o made $closed" >/dev/null 2>&1 || status=$?
    case $closed in *'>&-'*) ;; *) expect_equal "$status" 0 "with $closed" ;; esac
    "$CHUNKIMG_ASSEMBLE" made photo.png || fail "with $closed"
done
