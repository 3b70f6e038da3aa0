#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# test_install.sh BUILD CC [CXX]: installs BUILD, and builds and runs programs with what pkg-config
# says. Prints TAP.
#
# First under a folder, for what can be read from the files. Then, as root, where BUILD says
# (/usr/local), in a mount namespace: /usr/local and /etc are overlays that vanish with it, and the
# shell has no variables but PATH and HOME.

set -u
build=$1 cc=$2 cxx=${3-}
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
build=$(cd "$build" && pwd)
pc=$build/meson-private/eddy.pc
prefix=$(sed -n 's/^prefix=//p' "$pc" | sed 's/\\ / /g')

# In the namespace.
if [ -n "${EDDY_TEST_OVERLAY-}" ]; then
    scratch=$EDDY_TEST_OVERLAY
    unset EDDY_TEST_OVERLAY
    # shellcheck source=tests/install/overlay.sh
    . "$here/overlay.sh"
    [ -n "$cc" ] || exit 0 # it can be done
    # shellcheck source=tests/install/installed.sh
    . "$here/installed.sh"
    exit
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/overlay"
# shellcheck source=tests/install/tap.sh
. "$here/tap.sh"

# in_namespace ARGUMENT...: this script there.
in_namespace() {
    unshare --mount env -i PATH="$PATH:/usr/local/bin:/usr/sbin:/sbin" HOME="$scratch" \
        EDDY_TEST_OVERLAY="$scratch/overlay" "$0" "$@"
}

# only_public LIBRARY: all that it exports begins with eddy_, and a header declares it.
only_public() {
    local symbol
    local -i seen=0
    while read -r symbol; do
        seen+=1
        case $symbol in
        eddy_*) ;;
        *) echo "exports $symbol"; return 1 ;;
        esac
        grep -qrw -- "$symbol" "$include" || { echo "no header declares $symbol"; return 1; }
    done < <(nm -D --defined-only "$1" | awk '{print $3}' | sed 's/@.*//')
    [ "$seen" -gt 0 ]
}

# all_declared_exported LIBRARY HEADER...: every function marked EDDY_API is there.
all_declared_exported() {
    local library=$1 symbol
    shift
    nm -D --defined-only "$library" | awk '{print $3}' | sed 's/@.*//' >"$scratch/exported"
    # A declaration may go over several lines: they are joined, and its first name before "(" taken.
    while read -r symbol; do
        grep -qx "$symbol" "$scratch/exported" || { echo "$symbol is not exported"; return 1; }
    done < <(cat "$@" | tr '\n' ' ' | grep -oE 'EDDY_API [^;{]*' |
        sed -E 's/EDDY_PRINTF\([^)]*\)//' | grep -oE '^[^(]*eddy_[a-z0-9_]+ ?\(' |
        grep -oE 'eddy_[a-z0-9_]+ ?\($' | tr -d ' (')
}

# explains NAME...: man finds each of these among the installed pages, and sets it without a warning.
explains() {
    local name complaint
    for name in "$@"; do
        MANPATH=$man man -w "$name" || return 1
        complaint=$(MANPATH=$man MANWIDTH=80 man --warnings=w -P cat "$name" 2>&1 >/dev/null)
        [ -z "$complaint" ] || { echo "$name: $complaint"; return 1; }
    done
}

# each_explained HEADER...: there is a page for every public name that a header declares.
each_explained() {
    local name
    local -i seen=0
    while read -r name; do
        seen+=1
        [ -s "$man/man3/$name.3" ] || { echo "$name has no page"; return 1; }
    done < <(cat "$@" | sed 's|/\*.*\*/||' |
        grep -oE '^EDDY_API [^;]*\beddy_[a-z0-9_]+\(|^# *define (eddy|EDDY)_[a-zA-Z0-9_]+' |
        grep -oE '(eddy|EDDY)_[a-zA-Z0-9_]+\(?$' | tr -d '(' | grep -vE '__|_H$' | sort -u)
    [ "$seen" -gt 200 ]
}

# are_here FILE...
are_here() {
    local file
    for file in "$@"; do
        [ -s "$file" ] || { echo "there is no $file"; return 1; }
    done
}

has_soname() { readelf -d "$1" | grep -q "SONAME.*\[$2\]"; }

check "it installs under a root" \
    meson install -C "$build" --no-rebuild --quiet --destdir "$scratch/root"
series=$(sed -n 's/^Version: \(0\.[0-9]*\|[1-9][0-9]*\)\..*/\1/p' "$pc")
root=$scratch/root$prefix
lib=$root/$(sed -n 's/^libdir=${prefix}.//p' "$pc")
include=$root/include/eddy-$series
man=$root/share/man
check "headers, libraries and documents are where they belong" are_here \
    "$include/eddy.h" "$include/eddy/task.h" "$lib/libeddy.so" "$lib/libeddy.a" \
    "$lib/pkgconfig/eddy.pc" "$lib/cmake/Eddy/EddyConfig.cmake" "$root/share/doc/eddy/LICENSE" \
    "$root/share/doc/eddy/README.md" "$root/share/doc/eddy/docs/differences.md" \
    "$root/share/doc/eddy/examples/squares.c" "$root/share/doc/eddy/examples/tutorial/03_awaited.c" \
    "$root/share/doc/eddy/examples/swapi/swapi.json"

for library in "$lib"/libeddy*.so; do
    name=$(basename "$library")
    check "$name exports what is public and nothing else" only_public "$library"
    check "$name is called $name.$series" has_soname "$library" "$name.$series"
done
core_headers=()
for header in "$include"/eddy/*.h; do
    case ${header##*/} in http* | sql* | curl* | tls* | dns*) ;; *) core_headers+=("$header") ;; esac
done
check "libeddy.so exports all that its headers declare" \
    all_declared_exported "$lib/libeddy.so" "${core_headers[@]}"

pages="eddy.7 eddy_queue eddy_queue_put EDDY_ASYNC_TO eddy_run_options eddy_http_session_get"
[ ! -e "$root/bin/eddy" ] || pages+=" eddy.1 eddy-fetch eddy-serve"
if command -v man >/dev/null; then
    # shellcheck disable=SC2086
    check "man finds the pages, by the names of functions too" explains $pages
fi
check "there is a page for every public name" each_explained "$include"/eddy/*.h

if [ "$prefix" != /usr/local ]; then
    skip_check "programs build and run" "this build is for $prefix"
elif [ "$(id -u)" != 0 ] || ! in_namespace "$build" "" 2>/dev/null; then
    skip_check "programs build and run" "no root, or no file system of its own for /usr/local"
else
    in_namespace "$build" "$cc" "$cxx" >"$scratch/said" || failed=$((failed + 1))
    grep -E '^(#|(not )?ok)' "$scratch/said" | sed -E 's/^((not )?ok) [0-9]+/\1/'
    count=$((count + $(grep -cE '^(not )?ok' "$scratch/said")))
fi
done_testing
