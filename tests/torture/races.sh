#!/usr/bin/env bash
# helgrind sees no race in the mode threads; the sanitizer for threads is a step of scripts/test.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need valgrind

# helgrind INPUT OP
helgrind() {
    expect_exit 0 valgrind -q --tool=helgrind --suppressions="$CHUNKIMG_SOURCE/tests/torture/helgrind.supp" --error-exitcode=99 \
        "$CHUNKIMG" "$1" --mode threads --workers 3 --tiles 20 --op "$2" -o made --force --format png
    "$CHUNKIMG" verify -q made || fail "$1, $2: the tiles"
}

render 200x150 photo.png
render 200x150 photo.jpg
helgrind photo.png copy
if is_full; then
    helgrind photo.jpg blur=1
    helgrind photo.png median=2
    helgrind photo.jpg copy
fi
