#!/usr/bin/env bash
# What is installed can be used: the program, a program built on the library, the man page, the completions.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need cmake pkg-config gcc

if sanitized; then
    skip "a library with sanitizers needs them in every program"
fi
render 120x80 photo.png
cmake --install "$CHUNKIMG_BUILD" --prefix "$tmp/there" >install.log 2>&1 || fail "$(tail -3 install.log)"
expect_exit 0 there/bin/chunkimg photo.png --tiles 4
expect_tiles photo_tiles 4

PKG_CONFIG_PATH=$(dirname "$(find there -name chunkimg.pc)")
export PKG_CONFIG_PATH
read -ra flags < <(pkg-config --cflags --libs chunkimg)
gcc -std=c17 -Wall -Werror "$CHUNKIMG_SOURCE/samples/minimal.c" "${flags[@]}" -o minimal
LD_LIBRARY_PATH=$(dirname "$(find there -name 'libchunkimg.so')") expect_exit 0 ./minimal photo.png made
"$CHUNKIMG_ASSEMBLE" made photo.png || fail "what the sample wrote"

manual=$(find there -name chunkimg.1)
for option in $(chunkimg --help | grep -o -- '--[a-z][a-z-]*' | sort -u); do
    grep -qF -- "${option//-/\\-}" "$manual" || fail "$option is not in the man page"
done
bash -n there/share/bash-completion/completions/chunkimg
