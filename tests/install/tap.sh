# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# tap.sh: what the tests of the installation share. They set `scratch`, and end with `done_testing`.

count=0 failed=0 skipped=0

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
        failed=$((failed + 1))
    fi
}

skip_check() {
    count=$((count + 1)) skipped=$((skipped + 1))
    echo "ok $count - $1 # SKIP $2"
}

done_testing() {
    echo "1..$count"
    echo "$((count - failed - skipped)) passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
    exit
}

# compile OUTPUT "COMPILER AND OPTIONS" SOURCE PACKAGES: with what pkg-config says, and nothing else.
compile() {
    local flags
    # shellcheck disable=SC2086 # words are meant
    flags=$(pkg-config --cflags --libs $4) || return 1
    eval "$2 \"\$3\" $flags -o \"\$1\"" # pkg-config quotes for a shell
}

# warns_of_each SOURCE "COMPILER AND OPTIONS": as often as lines of SOURCE say `// ignored`.
warns_of_each() {
    local said expected
    expected=$(grep -c '// ignored$' "$1")
    said=$(eval "$2 -c \"\$1\" $(pkg-config --cflags eddy) -o /dev/null" 2>&1) || { echo "$said"; return 1; }
    [ "$(grep -c 'Wunused-result' <<<"$said")" = "$expected" ] && [ "$expected" -ge 9 ] ||
        { echo "$said"; return 1; }
}
