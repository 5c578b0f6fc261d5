#!/usr/bin/env bash
# Every operation gives the same samples on every processor: AVX-512, AVX2, SSE2, plain C, and another architecture.

# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

sums=$CHUNKIMG_BUILD/tests/opsums
src=$CHUNKIMG_SOURCE
left_out=()

# same NAME: its lines in NAME.txt are those of this machine
same() {
    cmp -s here.txt "$1.txt" || fail "$1: $(diff here.txt "$1.txt" | head -6)"
    printf '%s: %s lines, the same\n' "$1" "$(wc -l <"$1.txt")"
}

# build NAME COMPILER FLAG...: the operations and what is under them, alone
build() {
    local name=$1 compiler=$2
    shift 2
    "$compiler" -std=c17 -O1 -D_GNU_SOURCE -ffp-contract=off -fno-math-errno -Wno-psabi -w -I"$src/src" -I"$src/include" \
        -I"$src/tests" "$@" -o "$name" "$src/tests/support/opsums.c" "$src"/src/op/*.c "$src"/src/base/*.c \
        "$src/src/core/image.c" "$src/src/os/library.c" "$src/src/os/command.c" -lm -ldl -lpthread
}

expect_exit 0 "$sums"
cp "$tmp/out" here.txt
[ "$(wc -l <here.txt)" -gt 400 ] || fail "only $(wc -l <here.txt) lines"

# The code that other processors of the x86-64 family would choose.
if command -v qemu-x86_64 >/dev/null && qemu-x86_64 -cpu Haswell /bin/true 2>/dev/null && ! ldd "$sums" | grep -q asan; then
    for cpu in Nehalem Haswell; do
        qemu-x86_64 -cpu "$cpu" "$sums" >"$cpu.txt" 2>/dev/null || fail "opsums does not run on $cpu"
        same "$cpu"
    done
else
    left_out+=("no qemu-user: not run as an older processor")
fi

# Plain C, once is enough: it takes a while to build.
if grep -qx 'CMAKE_BUILD_TYPE:STRING=Release' "$CHUNKIMG_BUILD/CMakeCache.txt" 2>/dev/null; then
    build plain "${CC:-cc}" -DCK_CLONES= -DCK_X86_LANES=0
    ./plain >plain.txt
    same plain
    if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null; then
        build aarch64 aarch64-linux-gnu-gcc -static
        qemu-aarch64 ./aarch64 >aarch64.txt
        same aarch64
    else
        left_out+=("no aarch64-linux-gnu-gcc or no qemu-user: not built for aarch64")
    fi
fi
for line in "${left_out[@]}"; do printf 'left out: %s\n' "$line"; done
