#!/usr/bin/env bash
# helgrind over the mode threads; the sanitizer for threads is a step of scripts/test. Only in full: it takes minutes.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
is_full || skip "helgrind is for --full"
need valgrind

render 200x150 photo.png
render 200x150 photo.jpg
for input in photo.png photo.jpg; do
    for op in copy blur=1; do
        expect_exit 0 valgrind -q --tool=helgrind --error-exitcode=99 "$CHUNKIMG" $input --mode threads --workers 3 --tiles 20 --op $op \
            -o made --force --format png
        "$CHUNKIMG_ASSEMBLE" made $input || [ $op != copy ] || fail "$input"
    done
done
