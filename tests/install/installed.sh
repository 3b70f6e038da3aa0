# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# installed.sh: installs BUILD into /usr/local and uses it, as the rest of test_install.sh. It runs in
# a namespace of its own, and sets no variable that a compiler, pkg-config or the linker reads.
# Given: build, cc, cxx, here, tree, scratch.

# shellcheck source=tests/install/tap.sh
. "$here/tap.sh"
cd "$scratch" || exit

# as_archives FLAGS PACKAGE: ours as archives, with what they need; the system's libraries as ever,
# for what libcurl itself would need as an archive is more than a machine that builds Eddy has.
as_archives() {
    local package needed
    flags="$1 $(pkg-config --static --libs eddy)" || return 1
    for package in "$2" $(pkg-config --print-requires "$2" | cut -d" " -f1); do
        for needed in $(pkg-config --print-requires-private "$package" | cut -d" " -f1); do
            flags+=" $(pkg-config --libs "$needed")" || return 1
        done
    done
    sed -E 's/-l(eddy[a-z-]*)/-l:lib\1.a/g' <<<"$flags"
}

# prints_42 SOURCE "COMPILER FLAGS" PACKAGES [STATIC]: a program that must print 42.
prints_42() {
    local flags
    rm -f app
    if [ -z "${4-}" ]; then
        compile app "$2 -Wall -Wextra -Werror" "$here/$1" "$3" || return 1
    else
        # shellcheck disable=SC2086 # words are meant
        flags=$(pkg-config --cflags --libs $3) && flags=$(as_archives "$flags" "$3") || return 1
        # shellcheck disable=SC2086
        $2 -Wall -Wextra -Werror "$here/$1" $flags -o app || return 1
        ! readelf -d app | grep 'NEEDED.*libeddy' || return 1
    fi
    [ "$(./app)" = 42 ]
}

# is_refused SOURCE COMPILER...: it compiles as it is, and not with items of another type.
is_refused() {
    local source=$1 flags
    shift
    flags=$(pkg-config --cflags eddy) || return 1
    # shellcheck disable=SC2086
    "$@" $flags -fsyntax-only "$here/$source" && ! "$@" $flags -fsyntax-only -DITEM=long "$here/$source"
}

# The sample of curl.h, in a program.
curl_sample_links() {
    {
        printf '#include <eddy.h>\n#include <eddy/curl.h>\nEDDY_ASYNC(app)\n{\n'
        sed -n '/^ \*\/$/q; s/^ \*     //p' /usr/local/include/eddy-*/eddy/curl.h
        printf 'return rc;\n}\nint main(void) { return eddy_main(eddy_coro(app)); }\n'
    } >sample.c
    compile app "$cc -std=gnu11 -Wall -Wextra -Werror" sample.c eddy-http
}

# Each example is copied alone, as a reader does who tries it.
examples_compile() {
    local source packages
    for source in /usr/local/share/doc/eddy/examples/*.c /usr/local/share/doc/eddy/examples/*/*.c; do
        packages=$(sed -n 's/.*pkg-config --cflags --libs \([a-z -]*\)).*/\1/p' "$source")
        cp "$source" copied.c
        compile app "$cc -std=gnu11 -Wall -Wextra -Werror" copied.c "${packages:-eddy}" ||
            { echo "$source"; return 1; }
    done
}

check "it installs into /usr/local" meson install -C "$build" --no-rebuild --quiet
check "the command starts" eddy --version

libraries=()
for name in tls http sql; do
    [ ! -e "/usr/local/lib/libeddy-$name.so" ] || libraries+=("$name")
done
compilers=("$cc -std=gnu11")
[ -z "$cxx" ] || compilers+=("$cxx -std=gnu++17" "$cxx -std=c++20")
for static in "" --static; do
    for compiler in "${compilers[@]}"; do
        source=app.c
        [[ $compiler != *++* ]] || source=app.cpp
        check "a program of two tasks ($compiler${static:+, static})" \
            prints_42 "$source" "$compiler" eddy "$static"
    done
    for name in "${libraries[@]}"; do
        check "a program that uses eddy-$name${static:+, static}" \
            prints_42 "$name.c" "$cc -std=gnu11" "eddy-$name" "$static"
        [ -z "$cxx" ] || check "the headers of eddy-$name in C++${static:+, static}" \
            prints_42 "$name.c" "$cxx -x c++ -std=gnu++17" "eddy-$name" "$static"
    done
done

# Whatever compiler built the libraries, users have these.
for compiler in "gcc -std=gnu11" "clang -std=gnu11" "g++ -std=gnu++17 -x c++" \
    "clang++ -std=gnu++17 -x c++"; do
    if command -v "${compiler%% *}" >/dev/null; then
        for level in -O0 "-O2 -Wall -Wextra"; do
            check "each ignored status is warned of ($compiler $level)" \
                warns_of_each "$here/ignored.c" "$compiler $level"
        done
    fi
done

# shellcheck disable=SC2086
check "eddy_for refuses items of another type" is_refused app.c $cc -std=gnu11
# shellcheck disable=SC2086
[ -z "$cxx" ] || check "eddy_for refuses them in C++" is_refused app.cpp $cxx -std=gnu++17

if [ "${#libraries[@]}" = 3 ]; then
    check "the sample of curl.h links" curl_sample_links
    check "each example compiles when it is copied" examples_compile
fi
done_testing
