#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# test_make_install.sh: `make install` and `make uninstall`, and what other build systems find. TAP.
#
# As root, in a mount namespace in which /usr/local and /etc are overlays. The tree is a copy that
# belongs to a user, in a folder with spaces.

set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)

if [ -z "${EDDY_TEST_OVERLAY-}" ]; then
    [ "$(id -u)" = 0 ] || {
        echo "only root can have a /usr/local of its own"
        echo "0 passed, 0 failed, 1 skipped"
        exit 0
    }
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    unshare --mount env -i PATH="/usr/local/bin:/usr/local/sbin:$PATH" HOME="$scratch" \
        EDDY_TEST_OVERLAY="$scratch" "$0"
    exit
fi

scratch=$EDDY_TEST_OVERLAY
unset EDDY_TEST_OVERLAY
# shellcheck source=tests/install/overlay.sh
. "$here/overlay.sh"
# shellcheck source=tests/install/tap.sh
. "$here/tap.sh"

owner=12345
sources="$scratch/my sources/eddy"
mkdir -p "$sources"
(cd "$tree" && git ls-files -z | xargs -0 tar -cf - --) | tar -C "$sources" -xf - || exit
chmod 755 "$scratch" "$scratch/my sources"
chown -R $owner:$owner "$sources"
cd "$sources" || exit

as_user() { setpriv --reuid=$owner --regid=$owner --clear-groups "$@"; }

# files FOLDER...: all that is there.
files() { find "$@" ! -type d -printf '%p %s\n' -o -printf '%p/\n' | LC_ALL=C sort; }

# A program is compiled and started; the shell has PATH and HOME alone.
squares_run() {
    compile "$scratch/squares" cc "$sources/examples/squares.c" eddy &&
        [ "$("$scratch/squares")" = "1 4 9" ]
}

refused() { # WORDS...: `make WORDS` by a user without rights is one sentence that says what to do
    local said
    ! said=$(as_user make "$@" 2>&1) || return 1
    said=$(grep -v '^make: ' <<<"$said")
    [[ $said == "install: no permission to write to "*"sudo"* ]] && [ "$(wc -l <<<"$said")" = 1 ] ||
        { echo "$said"; return 1; }
}

installs() { # WORDS...: `make install WORDS` says at most three lines
    local said
    said=$(make install "$@" 2>&1) && [ "$(wc -l <<<"$said")" -le 3 ] || { echo "$said"; return 1; }
}

is_all_the_owners() {
    local found
    found=$(find "$sources" ! -user $owner)
    [ -z "$found" ] || { echo "$found" | head; return 1; }
}

is_unchanged() { files /usr/local | diff "$scratch/before" -; }

files /usr/local >"$scratch/before"
check "without rights make install says so" refused install
check "and installs nothing" is_unchanged

check "make install says little" installs
check "a program builds and runs" squares_run
check "the command starts" eddy --version
check "what root built in a user's tree is the user's" is_all_the_owners
check "the owner's next make works" as_user scripts/build build installed

echo old >/usr/local/include/eddy-old.h
sed -i '1i include/eddy-old.h' /usr/local/share/eddy/installed
check "it can be installed again" installs
check "files of the earlier installation are gone" test ! -e /usr/local/include/eddy-old.h

for compiler in "gcc -std=gnu11" "g++ -std=gnu++17 -x c++"; do
    check "each ignored status is warned of ($compiler)" \
        warns_of_each "$here/ignored.c" "$compiler -O2 -Wall"
done

# ---- CMake, and Meson with a subproject ------------------------------------------------------

cmake_project() {
    mkdir -p "$scratch/cmake" && cp "$here/app.c" "$here/http.c" "$here/ignored.c" "$scratch/cmake/" &&
        cat >"$scratch/cmake/CMakeLists.txt" <<'CMAKE' || return
cmake_minimum_required(VERSION 3.23)
project(app C)
find_package(Eddy 0.1 CONFIG REQUIRED COMPONENTS eddy http sql)
add_executable(app app.c)
target_link_libraries(app PRIVATE Eddy::eddy)
add_executable(http http.c)
target_link_libraries(http PRIVATE Eddy::http Eddy::sql)
add_library(ignored STATIC ignored.c)
target_link_libraries(ignored PRIVATE Eddy::eddy)
CMAKE
    cmake -S "$scratch/cmake" -B "$scratch/cmake/build" "$@" || return
    cmake --build "$scratch/cmake/build" 2>&1 | tee "$scratch/cmake/said" || return
    [ "$("$scratch/cmake/build/app")" = 42 ] && [ "$("$scratch/cmake/build/http")" = 42 ] &&
        [ "$(grep -c Wunused-result "$scratch/cmake/said")" = "$(grep -c '// ignored$' "$here/ignored.c")" ]
}

cmake_refuses() { # VERSION COMPONENT
    mkdir -p "$scratch/refused" &&
        printf '%s\n' 'cmake_minimum_required(VERSION 3.23)' 'project(app C)' \
            "find_package(Eddy $1 CONFIG REQUIRED COMPONENTS $2)" >"$scratch/refused/CMakeLists.txt" &&
        ! cmake -S "$scratch/refused" -B "$scratch/refused/build"
}

if command -v cmake >/dev/null; then
    check "CMake finds the libraries, and the compiler warns" cmake_project
    check "CMake refuses another series" cmake_refuses 0.2 eddy
    check "CMake refuses a component that there is not" cmake_refuses 0.1 nonsense
else
    skip_check "CMake finds the libraries" "no cmake"
fi

meson_project() {
    local folder=$scratch/meson
    mkdir -p "$folder/subprojects" && ln -s "$sources" "$folder/subprojects/eddy" &&
        cp "$here/app.c" "$folder/" && cat >"$folder/meson.build" <<'MESON' || return
project('app', 'c', default_options: ['c_std=gnu11'])
eddy = dependency('eddy', fallback: 'eddy', default_options: ['http=disabled', 'sql=disabled'])
test('app', executable('app', 'app.c', dependencies: eddy))
MESON
    meson setup "$folder/build" "$folder" --force-fallback-for=eddy && meson test -C "$folder/build"
}
check "Meson builds it as a subproject" meson_project

# ---- other folders ---------------------------------------------------------------------------

check "make uninstall without rights says so" refused uninstall
check "make uninstall" make uninstall
check "nothing is left" is_unchanged
check "a second make uninstall says that there is none" \
    eval '! said=$(make uninstall 2>&1) && grep -q "^install: there is no Eddy in /usr/local" <<<"$said"'

# With another prefix the path is in the programs, and PKG_CONFIG_PATH, which make install names.
prefix="$scratch/an other/prefix"
elsewhere() {
    local said setting
    said=$(make install PREFIX="$prefix") || return
    setting=$(sed -n 's/.*: export //p' <<<"$said")
    (eval "export $setting" && squares_run) && "$prefix/bin/eddy" --version
}
check "a prefix with spaces" elsewhere
uninstalls_elsewhere() { make uninstall PREFIX="$prefix" && [ -z "$(find "$prefix" -mindepth 1)" ]; }
check "it can be uninstalled there" uninstalls_elsewhere

# A package is built under a root: the machine's own linker has nothing to do with that.
mkdir "$scratch/bin"
printf '#!/bin/sh\ntouch "%s"\n' "$scratch/ldconfig-ran" >"$scratch/bin/ldconfig"
chmod 755 "$scratch/bin/ldconfig"
under_a_root() {
    PATH=$scratch/bin:$PATH make install DESTDIR="$scratch/package root" PREFIX=/usr &&
        [ -e "$scratch/package root/usr/lib/libeddy.so" ] && [ ! -e "$scratch/ldconfig-ran" ] &&
        is_unchanged
}
check "DESTDIR: nothing outside of it changes, and ldconfig is not run" under_a_root
runs_ldconfig() { PATH=$scratch/bin:$PATH make install && [ -e "$scratch/ldconfig-ran" ]; }
check "without DESTDIR ldconfig is run" runs_ldconfig

done_testing
