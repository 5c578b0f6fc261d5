#!/usr/bin/env bash
# The disk is full, has no inodes left, or may only be read: exit 1 with path and reason, and nothing under a final name.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unshare -m true 2>/dev/null || skip "no file systems may be mounted here (unshare -m)"

render 300x200 photo.png
mkdir disk

# within OPTIONS COMMAND...: with ./disk a file system of its own
within() {
    local options=$1
    shift
    unshare -m bash -c 'mount -t tmpfs -o "$1" tmpfs disk && shift && "$@"; exit $?' _ "$options" "$@"
}
within size=1m true || skip "tmpfs may not be mounted here"

# refused OPTIONS REASON MODE OUTPUT: inside, so that what is left can be looked at
cat >refused.sh <<'END'
reason=$1 mode=$2 output=$3 want=$4
shift 4
[ -z "${ONLY_READ:-}" ] || mount -o remount,ro disk
status=0
"$CHUNKIMG" photo.png --tiles 36 --workers 3 --mode "$mode" -o "disk/$output" -q "$@" 2>err || status=$?
[ "$status" -eq "$want" ] || { echo "exit $status instead of $want: $(cat err)"; exit 1; }
[ "$status" -ne 0 ] || exit 0
grep -q "$reason" err || { echo "no word of '$reason': $(cat err)"; exit 1; }
grep -q "disk/$output" err || { echo "no word of where: $(cat err)"; exit 1; }
[ "$(wc -l <err)" -eq 1 ] || { echo "more than one message: $(cat err)"; exit 1; }
[ -z "$(ls -A disk)" ] || { echo "left: $(ls -A disk)"; exit 1; }
END

expect_exit 0 "$CHUNKIMG" photo.png --tiles 36 -o whole
expect_exit 0 "$CHUNKIMG" photo.png --tiles 36 -o whole.png
count=0
for mode in $(all_modes); do
    for output in made made.png; do
        kib=$(du -sk --apparent-size "whole${output#made}" | cut -f1)
        for size in 8 $((kib / 3)) $((kib * 3 / 4)); do # one page; in the middle
            within "size=${size}k" bash refused.sh "No space left" "$mode" "$output" 1 || fail "$mode, $output, $size KiB"
            count=$((count + 1))
        done
        ONLY_READ=1 within size=4m bash refused.sh "Read-only" "$mode" "$output" 1 || fail "$mode, $output, read-only"
    done
    for inodes in 2 3 20 38; do # of 40 that it takes, and the root
        within "size=4m,nr_inodes=$inodes" bash refused.sh "No space left" "$mode" made 1 || fail "$mode, $inodes inodes"
    done
    within size=4m bash refused.sh "" "$mode" made 0 || fail "$mode, room enough"
    # a file size limit (SIGXFSZ) and a quota are the same to the user
    expect_exit 1 bash -c 'ulimit -f 1; "$CHUNKIMG" photo.png --tiles 4 --mode "$1" -o limited -q' _ "$mode"
    expect_text "$tmp/err" "File too large"
    expect_nothing limited
done
echo "$count sizes of full disks"
