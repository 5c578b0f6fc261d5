#!/usr/bin/env bash
# labels: modes
# Worker processes give up what they do not need: one that was taken over reaches no path, and the output is the same.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq

render 400x300 photo.png
render 300x200 photo.jpg
echo secret >secret
work=(photo.png --workers 3 --tiles 20 --quiet)
expect_exit 0 "$CHUNKIMG" "${work[@]}" --mode serial -o plain

expect_exit 0 "$CHUNKIMG" "${work[@]}" --mode processes -o none --json report.json
if [ "$(json report.json .sandbox.in_force)" != true ]; then
    why=$(json report.json .sandbox.what)
    expect_exit 1 "$CHUNKIMG" "${work[@]}" --mode processes -o none --sandbox=require
    expect_text "$tmp/err" "$why"
    skip "worker processes are not confined: $why"
fi

# Without it a worker that is told to open a path does so (and kills itself to show it); with it nothing is opened or made.
for mode in processes hybrid; do
    for output in made none made.png; do
        CHUNKIMG_TEST_OPEN=$PWD/secret expect_exit 5 timeout 20 "$CHUNKIMG" "${work[@]}" --mode "$mode" -o "$output" --sandbox=off
        CHUNKIMG_TEST_OPEN=$PWD/secret expect_exit 0 timeout 20 "$CHUNKIMG" "${work[@]}" --mode "$mode" -o "$output" --sandbox=require
        rm -rf made made.png
    done
    expect_exit 0 "$CHUNKIMG" "${work[@]}" --mode "$mode" -o made
    diff -r plain made >/dev/null || fail "$mode: a sandbox changed the output"
    rm -rf made
done

# No path is left at all: not elsewhere, and not in the output's own folder, whose descriptor a forked worker has.
mkdir elsewhere
for start in fork spawn forkserver; do
    [ "$start" != fork ] || CHUNKIMG_TEST_OPEN=new expect_exit 5 timeout 20 "$CHUNKIMG" "${work[@]}" --mode processes -o made --sandbox=off
    CHUNKIMG_TEST_OPEN=$PWD/elsewhere/new expect_exit 5 timeout 20 "$CHUNKIMG" "${work[@]}" --mode processes --start "$start" -o made --sandbox=off
    rm -rf elsewhere/new
    for path in new "$PWD/elsewhere/new"; do
        CHUNKIMG_TEST_OPEN=$path expect_exit 0 timeout 20 "$CHUNKIMG" "${work[@]}" --mode processes --start "$start" -o made
        diff -r plain made >/dev/null || fail "--start $start: a worker that tried to open $path changed the output"
        rm -rf made
    done
    [ ! -e elsewhere/new ] || fail "a confined worker made a file elsewhere"
done

# workers open nothing in any case: their files come from the supervisor, confined or not
if can_inject; then
    for sandbox in require off; do
        strace -f -o calls -e trace=openat,open,creat,openat2,sendmsg "$CHUNKIMG" "${work[@]}" --mode processes --start fork -o made --sandbox="$sandbox"
        made=$(grep -c 'O_CREAT|O_EXCL' calls)
        [ "$made" -ge 20 ] || fail "--sandbox=$sandbox: $made files were made"
        expect_equal "$(grep 'O_CREAT|O_EXCL' calls | cut -d' ' -f1 | sort -u | wc -l)" 1 "--sandbox=$sandbox: processes that make files"
        [ "$(grep -c SCM_RIGHTS calls)" -ge 20 ] || fail "--sandbox=$sandbox: files were not sent"
        diff -r plain made >/dev/null || fail "--sandbox=$sandbox changed the output"
        rm -rf made
    done
fi

# what fails on a file's way to a worker: the tile is made all the same, or it is said
if can_inject; then
    # faulty CODE INJECTION: the supervisor alone is traced
    faulty() {
        rm -rf made
        expect_exit "$1" timeout -s KILL 20 strace -o /dev/null -e "trace=${2%%:*}" -e "inject=$2" "$CHUNKIMG" "${work[@]}" --mode processes -o made
    }
    for error in ENOBUFS ETOOMANYREFS EAGAIN; do
        faulty 0 "sendmsg:error=$error:when=5"
        diff -r plain made >/dev/null || fail "$error: a file that could not be sent changed the output"
    done
    faulty 1 sendmsg:error=ENOBUFS:when=5+
    expect_text "$tmp/err" "giving a worker process the file of the tile in column"
    expect_text "$tmp/err" "No buffer space available"
    expect_nothing made
    closes=$(strace -e trace=close,sendmsg "$CHUNKIMG" "${work[@]}" --mode processes -o made 2>&1 | awk '/^close/ { n++ } /^sendmsg/ && ++sent == 7 { print n + 1 }')
    faulty 1 "close:error=EIO:when=$closes"
    expect_text "$tmp/err" "closing the file of the tile in column"
    expect_nothing made
    rm -rf made
fi

# memory: what the plan gives reason for, and not what a decoder asks for that was taken over
for mode in processes hybrid; do
    CHUNKIMG_TEST_MEMORY=300 expect_exit 5 timeout 20 "$CHUNKIMG" "${work[@]}" --mode "$mode" -o made --sandbox=off
    CHUNKIMG_TEST_MEMORY=300 expect_exit 0 timeout 20 "$CHUNKIMG" "${work[@]}" --mode "$mode" -o made
    rm -rf made
    CHUNKIMG_TEST_MEMORY=30 expect_exit 5 timeout 20 "$CHUNKIMG" "${work[@]}" --mode "$mode" -o made # the allocator's own leeway
done
if command -v gcc >/dev/null; then
    cat >glutton.c <<'END'
#include <chunkimg/chunkimg_op.h>
#include <stdlib.h>
#include <string.h>
static void apply(const void *params, const void *state, void *scratch, chunkimg_view in, chunkimg_view out)
{
    char *much = malloc(300u << 20);

    (void)params, (void)state, (void)scratch;
    if (!much)
        abort();
    for (int32_t y = 0; y < out.shape.h; y++)
        memcpy(chunkimg_row(out, y), chunkimg_row(in, y), (size_t)out.shape.w * chunkimg_pixel_nbytes(out.shape));
    free(much);
}
static const chunkimg_op glutton = {.name = "glutton", .summary = "takes much memory", .details = "None.", .apply = apply};
const chunkimg_op_file chunkimg_op_here = CHUNKIMG_OP_FILE(&glutton);
END
    gcc -std=c17 -O1 -shared -fPIC -fno-builtin-malloc -I "$CHUNKIMG_SOURCE/include" glutton.c -o glutton.so
    expect_exit 0 "$CHUNKIMG" "${work[@]}" --mode processes --op ./glutton.so -o made --sandbox=off
    rm -rf made
    expect_exit 5 "$CHUNKIMG" "${work[@]}" --mode processes --op ./glutton.so -o made
    expect_text "$tmp/err" "was killed by signal 6 (Aborted)" # one that had the tile too often, or the last of them
    expect_nothing made
fi

# everything a worker does in earnest still works: operations, JPEG, whole images, fsync, a worker replaced
expect_exit 0 "$CHUNKIMG" photo.jpg --mode processes --workers 2 --tiles 6 --op blur=2 --op median=3 --quiet -o made --fsync --sandbox=require
rm -rf made
render 90x120 laced.png --interlaced
expect_exit 0 "$CHUNKIMG" laced.png --mode processes --workers 2 --tiles 6 --quiet -o made --sandbox=require
rm -rf made
CHUNKIMG_TEST_KILL=7:2 expect_exit 0 "$CHUNKIMG" "${work[@]}" --mode processes -o made --sandbox=require
diff -r plain made >/dev/null || fail "a replaced worker changed the output"
