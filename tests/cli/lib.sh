# Sourced by the tests of the command line. Runs each test in a folder of its own, which goes away with it.
# shellcheck shell=bash disable=SC2034
#
# Set by ctest: CHUNKIMG (the program), CHUNKIMG_RENDER (paints images), CHUNKIMG_SOURCE, CHUNKIMG_BUILD,
# CHUNKIMG_CORPUS (foreign test images; empty where there are none).

set -euo pipefail

: "${CHUNKIMG:?the path of the program}" "${CHUNKIMG_RENDER:?the path of render}"
: "${CHUNKIMG_CORPUS:=}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
export LC_ALL=C NO_COLOR=1
unset CHUNKIMG_WORKERS OMP_NUM_THREADS

fail() {
    printf 'FAIL: %s\n' "$*" >&2
    exit 1
}

skip() {
    printf 'skipped: %s\n' "$*"
    exit 77
}

need() {
    local program
    for program; do command -v "$program" >/dev/null 2>&1 || skip "$program is not installed"; done
}

chunkimg() { "$CHUNKIMG" "$@"; }
render() { "$CHUNKIMG_RENDER" "$@"; }

# Whether this build has a sanitizer, which takes memory of its own.
sanitized() { grep -q '^CHUNKIMG_SANITIZE:STRING=.' "$CHUNKIMG_BUILD/CMakeCache.txt"; }

# all_modes: the names of those that this build has
all_modes() { chunkimg list modes | sed -n '/not in this build/!s/^  \([a-z]*\).*/\1/p'; }

# can_inject: whether strace may let system calls fail here
can_inject() { command -v strace >/dev/null && strace -o /dev/null -e inject=renameat2:error=EINVAL true 2>/dev/null; }

# gone_within SECONDS PID...: whether none of the processes runs any more by then; one that has ended and waits to be reaped by
# whoever adopted it does not
gone_within() {
    local tries=$(($1 * 50)) pid state alive=1
    shift
    for ((; tries > 0 && alive; tries--)); do
        alive=0
        for pid; do
            state=$(sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2>/dev/null || true)
            [ -z "$state" ] || [ "$state" = Z ] || alive=1
        done
        [ "$alive" = 0 ] || sleep 0.02
    done
    [ "$alive" = 0 ]
}

# expect_exit CODE COMMAND...: its output lies in $tmp/out and $tmp/err afterwards
expect_exit() {
    local expected=$1 status=0
    shift
    "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
    if [ "$status" -ne "$expected" ]; then
        sed 's/^/  out: /' "$tmp/out" | head -20 >&2
        sed 's/^/  err: /' "$tmp/err" | head -20 >&2
        fail "exit code $status instead of $expected: $*"
    fi
}

# expect_text FILE TEXT: a fixed string
expect_text() { grep -qF -- "$2" "$1" || fail "\"$2\" is not in: $(head -c 2000 "$1")"; }
expect_no_text() { ! grep -qF -- "$2" "$1" || fail "\"$2\" is in: $(head -c 2000 "$1")"; }

expect_equal() { [ "$1" = "$2" ] || fail "${3:-values differ}: \"$1\" is not \"$2\""; }

# Nothing of an output, nor of its temporaries, is left.
expect_nothing() {
    local name
    for name; do
        [ ! -e "$name" ] || fail "$name was left behind"
        [ -z "$(find "$(dirname "$name")" -maxdepth 1 -name ".*chunkimg-*" -print -quit)" ] || fail "a temporary of $name was left behind"
    done
}

# expect_tiles DIR COUNT [SUFFIX]
expect_tiles() {
    local count
    count=$(find "$1" -maxdepth 1 -name "*.${3:-png}" -size +0 -printf x | wc -c)
    expect_equal "$count" "$2" "tiles in $1"
}

# json FILE FILTER: one value of a report
json() { jq -r "$2" "$1"; }

# digest_of INPUT [OPTION...]: the digest of the pixels that a run makes
digest_of() {
    expect_exit 0 "$CHUNKIMG" "$@" -o none --quiet --json "$tmp/digest.json"
    json "$tmp/digest.json" .digest
}
