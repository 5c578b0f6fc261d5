#!/usr/bin/env bash
# Every fuzz target over generated images and, where they are, the foreign ones: as they are, cut short, bytes changed.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir seeds words records
"$CHUNKIMG_SOURCE/tests/fuzz/seeds" "$CHUNKIMG_RENDER" "$CHUNKIMG" seeds words records
foreign=()
[ ! -d "$CHUNKIMG_CORPUS" ] || foreign=("$CHUNKIMG_CORPUS/png/odd" "$CHUNKIMG_CORPUS/jpeg/odd" "$CHUNKIMG_CORPUS/jpeg/broken")
for target in png jpeg job; do
    expect_exit 0 "$CHUNKIMG_BUILD/tests/fuzz_$target" seeds "${foreign[@]}"
done
expect_exit 0 "$CHUNKIMG_BUILD/tests/fuzz_options" words
for target in manifest journal; do
    expect_exit 0 "$CHUNKIMG_BUILD/tests/fuzz_$target" records
done
