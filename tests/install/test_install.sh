#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# test_install.sh BUILD CC [CXX]: installs BUILD into an empty folder, and there builds and runs
# programs with what pkg-config says, and nothing else. Prints TAP.

set -u
build=$1 cc=$2 cxx=${3-}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
count=0 failed=0

# check NAME COMMAND...: one case; what the command said is shown if it fails.
check() {
    local name=$1
    shift
    count=$((count + 1))
    if "$@" >"$scratch/log" 2>&1; then
        echo "ok $count - $name"
    else
        sed 's/^/# /' "$scratch/log"
        echo "not ok $count - $name"
        failed=1
    fi
}

# as_archives FLAGS PACKAGE: ours as archives, with what they need; the system's libraries as ever,
# for what libcurl itself would need as an archive is more than a machine that builds Eddy has.
as_archives() {
    local package needed
    flags="$1 $(pkg-config --static --libs eddy)" || return 1
    for package in "$2" $(pkg-config --print-requires "$2"); do
        for needed in $(pkg-config --print-requires-private "$package" | cut -d" " -f1); do
            flags+=" $(pkg-config --libs "$needed")" || return 1
        done
    done
    sed -E 's/-l(eddy[a-z-]*)/-l:lib\1.a/g' <<<"$flags"
}

# build_and_run SOURCE "COMPILER FLAGS" PACKAGES STATIC: a program that must print 42.
build_and_run() {
    local source=$1 compiler=$2 packages=$3 static=$4 flags
    # shellcheck disable=SC2086 # words are meant
    flags=$(pkg-config --cflags --libs $packages) || return 1
    [ -z "$static" ] || flags=$(as_archives "$flags" "$packages") || return 1
    rm -f "$scratch/app"
    # shellcheck disable=SC2086
    $compiler -Wall -Wextra -Werror "$here/$source" $flags -o "$scratch/app" || return 1
    if [ -n "$static" ] && readelf -d "$scratch/app" | grep 'NEEDED.*libeddy'; then
        return 1
    fi
    [ "$(LD_LIBRARY_PATH=$lib "$scratch/app")" = 42 ]
}

# is_refused SOURCE COMPILER...: it compiles as it is, and not with items of another type.
is_refused() {
    local source=$1 flags
    shift
    flags=$(pkg-config --cflags eddy) || return 1
    # shellcheck disable=SC2086
    "$@" $flags -fsyntax-only "$here/$source" && ! "$@" $flags -fsyntax-only -DITEM=long "$here/$source"
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

has_soname() { readelf -d "$1" | grep -q "SONAME.*\[$2\]"; }

check "it installs" meson install -C "$build" --no-rebuild --quiet --destdir "$root"
pc=$(find "$root" -name eddy.pc)
lib=$(dirname "$(dirname "$pc")")
include=$(dirname "$(find "$root" -path '*/include/eddy.h')")
check "pkg-config's file and the headers are there" test -n "$pc" -a -f "$include/eddy/task.h"
export PKG_CONFIG_PATH=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root

compilers=("$cc -std=gnu11")
[ -z "$cxx" ] || compilers+=("$cxx -std=gnu++17" "$cxx -std=c++20")
for static in "" --static; do
    for compiler in "${compilers[@]}"; do
        source=app.c
        [[ $compiler != *++* ]] || source=app.cpp
        check "a program of two tasks ($compiler${static:+, static})" \
            build_and_run "$source" "$compiler" eddy "$static"
    done
    for name in tls http sql; do
        [ -f "$lib/pkgconfig/eddy-$name.pc" ] || continue
        check "a program that uses eddy-$name${static:+, static}" \
            build_and_run "$name.c" "$cc -std=gnu11" "eddy-$name" "$static"
        [ -z "$cxx" ] || check "the headers of eddy-$name in C++${static:+, static}" \
            build_and_run "$name.c" "$cxx -x c++ -std=gnu++17" "eddy-$name" "$static"
    done
done

# shellcheck disable=SC2086
check "eddy_for refuses items of another type" is_refused app.c $cc -std=gnu11
# shellcheck disable=SC2086
[ -z "$cxx" ] || check "eddy_for refuses them in C++" is_refused app.cpp $cxx -std=gnu++17

for library in "$lib"/libeddy*.so; do
    name=$(basename "$library")
    check "$name exports what is public and nothing else" only_public "$library"
    check "$name is called $name.0" has_soname "$library" "$name.0"
done
core_headers=$(find "$include/eddy" -name '*.h' ! -name 'http*' ! -name 'sql*' ! -name 'curl*' \
    ! -name 'tls*' ! -name 'dns*')
# shellcheck disable=SC2086
check "libeddy.so exports all that its headers declare" \
    all_declared_exported "$lib/libeddy.so" $core_headers

man=$(dirname "$(dirname "$(find "$root" -name eddy.7)")")
pages="eddy.7 eddy_queue eddy_queue_put EDDY_ASYNC_TO eddy_run_options eddy_http_session_get"
[ -z "$(find "$root" -path '*/bin/eddy')" ] || pages+=" eddy.1 eddy-fetch eddy-serve"
if command -v man >/dev/null; then
    # shellcheck disable=SC2086
    check "man finds the pages, by the names of functions too" explains $pages
fi
check "there is a page for every public name" each_explained "$include"/eddy/*.h

echo "1..$count"
exit "$failed"
