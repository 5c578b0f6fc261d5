# Sourced by the other scripts: packages, builds, test images, photographs.
# shellcheck shell=bash disable=SC2034

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${CHUNKIMG_BUILD:-$root/build} # everything the scripts make lies below this folder
case $build in /*) ;; *) build=$PWD/$build ;; esac

# What a build needs. libgomp comes with gcc.
build_packages=(cmake ninja-build gcc libc6-dev pkg-config libpng-dev libjpeg62-turbo-dev libjansson-dev
                libdeflate-dev libisal-dev libcurl4-openssl-dev libseccomp-dev libuv1-dev)

note() { printf '%s\n' "$*" >&2; }
die() {
    note "$(basename "$0"): $*"
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# quietly COMMAND...: its output, without a build's progress, is shown only where it fails
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ "$status" -eq 0 ] || grep -vE '^\[[ 0-9/%]+\] (Building|Linking)' "$log" >&2 || true
    rm -f "$log"
    return "$status"
}

# as_root COMMAND...: directly, or by sudo; 1 where neither is possible
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    elif have sudo && [ -t 0 ] && [ -z "${CI:-}" ]; then
        sudo "$@"
    else
        return 1
    fi
}

can_be_root() { [ "$(id -u)" -eq 0 ] || as_root true; }

# The package lists of a fresh machine are empty: fetch them, once a run.
apt_updated=
apt_update() {
    [ -z "$apt_updated" ] || return 0
    apt_updated=yes
    quietly as_root apt-get -q update
}

apt_lists_empty() { ! compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null; }

apt_install() {
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
}

# missing_packages PKG...: those that are not installed, one a line
missing_packages() {
    local known pkg
    known=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
    for pkg; do
        grep -qx "installed $pkg" <<<"$known" || printf '%s\n' "$pkg"
    done
}

# need_packages PKG...: installs what is missing, quick where nothing is
need_packages() {
    local missing
    if ! have dpkg-query || ! have apt-get; then
        note "not a Debian system; needed are the counterparts of: $*"
        return 0
    fi
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    can_be_root || die "these Debian packages are missing and neither root nor sudo is at hand: ${missing[*]}"
    note "installing: ${missing[*]}"
    if apt_lists_empty; then apt_update || die "cannot fetch the package lists"; fi
    if [ -z "$apt_updated" ] && apt_install "${missing[@]}" 2>/dev/null; then return 0; fi
    apt_update || note "cannot refresh the package lists, trying with the old ones"
    apt_install "${missing[@]}" || die "cannot install: ${missing[*]}"
}

# want_packages PKG...: installs what can be installed, and says nothing of the rest
want_packages() {
    local pkg
    have apt-get && can_be_root || return 0
    for pkg in $(missing_packages "$@"); do apt_install "$pkg" 2>/dev/null || true; done
}

# configure_in DIR [CMAKE-ARGUMENT...]: a folder that was configured for another place starts afresh
configure_in() {
    local dir=$1 cache=$1/CMakeCache.txt generator=()
    shift
    if [ -f "$cache" ] && ! { grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache" &&
                              grep -qxF "CMAKE_CACHEFILE_DIR:INTERNAL=$dir" "$cache"; }; then
        rm -rf "$cache" "$dir/CMakeFiles"
    fi
    if [ ! -f "$cache" ] && have ninja; then generator=(-G Ninja); fi
    mkdir -p "$dir"
    quietly cmake -S "$root" -B "$dir" "${generator[@]}" "$@"
}

# build_in DIR [TARGET...]
build_in() {
    local dir=$1
    shift
    quietly cmake --build "$dir" --parallel "$(nproc)" ${1:+--target "$@"}
}

# build_release [TARGET...]: the program as users get it, in $build
build_release() {
    configure_in "$build" -DCMAKE_BUILD_TYPE=Release -DCHUNKIMG_TESTS=OFF || die "cannot configure $build"
    build_in "$build" "$@" || die "cannot build in $build"
}

program() { printf '%s\n' "$build/src/chunkimg"; }

# The corpus of foreign test images is no part of the project: CHUNKIMG_CORPUS says where it is, else a folder beside it.
find_corpus() {
    if [ -z "${CHUNKIMG_CORPUS:-}" ] && [ -d "$root/../shared/corpus" ]; then
        CHUNKIMG_CORPUS=$(cd "$root/../shared/corpus" && pwd)
    fi
    export CHUNKIMG_CORPUS=${CHUNKIMG_CORPUS:-}
}

# fetch_photographs: sets $photographs to a folder that holds abstract/ and nature/ of Debian's package mate-backgrounds.
# The package is unpacked below $build, not installed. 1 where it cannot be had.
photographs=
fetch_photographs() {
    local dir=$build/photos inside=usr/share/backgrounds/mate
    for photographs in "$dir/$inside" "/$inside"; do
        if [ -f "$photographs/abstract/Elephants_5640x3172.jpg" ]; then return 0; fi
    done
    photographs=
    have apt-get && have dpkg-deb || return 1
    mkdir -p "$dir"
    if apt_lists_empty && can_be_root; then apt_update 2>/dev/null || true; fi
    if ! download_photographs "$dir"; then
        can_be_root && apt_update 2>/dev/null && download_photographs "$dir" || return 1
    fi
    dpkg-deb -x "$dir"/mate-backgrounds_*.deb "$dir" || return 1
    rm -f "$dir"/mate-backgrounds_*.deb
    photographs=$dir/$inside
    [ -f "$photographs/abstract/Elephants_5640x3172.jpg" ]
}

download_photographs() {
    rm -f "$1"/mate-backgrounds_*.deb
    (cd "$1" && apt-get -q -o Acquire::http::Timeout=15 download mate-backgrounds) >/dev/null 2>&1 </dev/null
}
