#!/usr/bin/env bash
# Few descriptors, no more threads or processes, no or a tiny /dev/shm, standard output closed or full: right, or said clearly.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

render 120x90 photo.png
image=$PWD/photo.png

# either WHAT COMMAND...: the tiles, or one clear sentence and nothing
either() {
    local what=$1 status=0
    shift
    rm -rf made .made*
    timeout -s KILL 30 "$@" >out 2>err </dev/null || status=$?
    judge "$status" "$what" "$image"
    [ "$status" -eq 0 ] || [ -s err ] || fail "$what: exit $status without a word"
    codes="$codes $status"
}

# must WHAT COMMAND...: the tiles
must() {
    either "$@"
    [ "${codes##* }" -eq 0 ] || fail "$1: $(cat err)"
}

codes=
run=("$CHUNKIMG" "$image" --tiles 36 --workers 7 -o made -q)
for mode in $(all_modes); do
    must "$mode, 64 descriptors" bash -c 'ulimit -n 64; exec "$@"' _ "${run[@]}" --mode "$mode"
    for n in 20 12 8 7 6 5; do
        either "$mode, $n descriptors" bash -c 'ulimit -n "$1"; shift; exec "$@"' _ "$n" "${run[@]}" --mode "$mode"
    done
    either "$mode, standard output full" bash -c '"$@" >/dev/full' _ "${run[@]}" --mode "$mode"
    must "$mode, standard input closed" bash -c '"$@" <&-' _ "${run[@]}" --mode "$mode"
    must "$mode, standard error closed" bash -c '"$@" 2>&-' _ "${run[@]}" --mode "$mode"
done
echo "descriptors and streams: exit codes$(tr ' ' '\n' <<<"$codes" | sort | uniq -c | awk 'NF == 2 { printf " %s x %s", $2, $1 }')"

# no report can be printed: an error, though the tiles are there
expect_exit 1 bash -c '"$CHUNKIMG" photo.png --tiles 4 -o printed >/dev/full'
expect_text "$tmp/err" "standard output"
"$CHUNKIMG_ASSEMBLE" printed photo.png

# no more threads or processes than there are: root has no such limit
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    codes=
    user=54321 # nobody else runs as that
    chmod 755 "$tmp" && mkdir -m 777 theirs && cd theirs
    for mode in $(all_modes); do
        for n in 1 2 3 4 8; do
            either "$mode, $n processes" setpriv --reuid=$user --regid=$user --clear-groups bash -c 'ulimit -u "$1"; shift; exec "$@"' _ "$n" \
                "${run[@]}" --mode "$mode"
        done
    done
    cd ..
    echo "processes: exit codes$(tr ' ' '\n' <<<"$codes" | sort | uniq -c | awk 'NF == 2 { printf " %s x %s", $2, $1 }')"
else
    echo "left out: limits of processes (needs root and setpriv)"
fi

# /dev/shm
if unshare -m mount -t tmpfs -o size=1m tmpfs /dev/shm 2>/dev/null; then
    for mode in $(all_modes); do
        must "$mode, /dev/shm of 1 MiB" unshare -m bash -c 'mount -t tmpfs -o size=1m tmpfs /dev/shm && "$@" && [ -z "$(ls -A /dev/shm)" ]' _ \
            "${run[@]}" --mode "$mode"
        must "$mode, no /dev/shm" unshare -m bash -c 'mount -t tmpfs -o size=4k,mode=000,ro tmpfs /dev && "$@"' _ "${run[@]}" --mode "$mode"
    done
else
    echo "left out: another /dev/shm (unshare -m)"
fi
