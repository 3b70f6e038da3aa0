#!/bin/bash
# SPDX-License-Identifier: MIT
#
# test_run_tests.sh RUN-TESTS: what scripts/run-tests counts, and that it never counts too well.
#
# Each case makes a throwaway Meson project whose tests are small shell scripts, and looks at the
# last line and the exit status.

set -u
run_tests=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
number=0

# A test of the project that is being made: its name, and what it runs.
has_test() {
    printf '#!/bin/bash\n%s\n' "$2" >"$scratch/src/$1.sh"
    chmod +x "$scratch/src/$1.sh"
    echo "test('$1', find_program('$1.sh'), timeout: 2 ${3:-})" >>"$scratch/src/meson.build"
}

begin() {
    rm -rf "$scratch/src" "$scratch/build"
    mkdir "$scratch/src"
    echo "project('throwaway')" >"$scratch/src/meson.build"
}

# expect WHAT EXIT-STATUS LAST-LINE [OPTION...]
expect() {
    local status last verdict=ok
    number=$((number + 1))
    meson setup "$scratch/build" "$scratch/src" >"$scratch/log" 2>&1
    "$run_tests" "$scratch/build" "${@:4}" >"$scratch/log" 2>&1
    status=$?
    last=$(tail -n 1 "$scratch/log")
    if [ "$status" != "$2" ] || [ "$last" != "$3" ]; then
        verdict='not ok'
        sed 's/^/# /' "$scratch/log"
        echo "# expected '$3' and $2, got '$last' and $status"
    fi
    echo "$verdict $number - $1"
}

echo 1..12

begin
has_test one 'echo 1..2; echo ok 1 - a; echo ok 2 - b'
has_test two 'echo ok 1; echo "ok 2 # SKIP no network"'
expect 'TAP cases are counted one by one' 0 '3 passed, 0 failed, 1 skipped'

begin
has_test one 'echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1'
has_test two 'echo ok 1; echo "    not ok 1 - a subtest"'
expect 'a failed case counts once, a subtest never' 1 '2 passed, 1 failed'

begin
has_test quiet 'echo ok 1; echo not ok 2'
expect 'a failed case counts though the exit status says 0' 1 '1 passed, 1 failed'

begin
has_test cmocka 'echo 1..1; echo ok 1 - a; echo 1..2; echo ok 1 - b; echo "not ok 2 # SKIP c"'
expect 'several groups may stand in one executable' 0 '2 passed, 0 failed, 1 skipped'

begin
has_test planned 'echo 1..5; echo ok 1; kill -SEGV $$'
has_test unplanned 'echo ok 1; kill -SEGV $$'
has_test late 'echo 1..1; echo ok 1; kill -SEGV $$'
expect 'a crash fails what was planned, and at least one' 1 '3 passed, 6 failed'

begin
has_test slow 'echo ok 1; sleep 20'
expect 'what takes too long has failed' 1 '1 passed, 1 failed'

begin
has_test sums 'echo 1 passed, 1 failed; echo 10 passed, 0 failed, 2 skipped'
expect 'the last sum of a runner of its own counts' 0 '10 passed, 0 failed, 2 skipped'

begin
has_test silent_good 'exit 0'
has_test silent_bad 'exit 3'
has_test silent_absent 'exit 77'
has_test meant_to_fail 'exit 1' ', should_fail: true'
expect 'who says nothing is one case' 1 '2 passed, 1 failed, 1 skipped'

begin
has_test many 'for i in $(seq 77); do echo not ok $i; done; exit 77'
expect '77 failures are no skip' 1 '0 passed, 77 failed'

begin
has_test one 'echo ok 1'
expect 'nothing ran: not a success' 1 '0 passed, 0 failed' --suite absent

begin
has_test one 'echo ok 1'
echo "custom_target('broken', output: 'x', command: ['false'], build_by_default: true)" \
    >>"$scratch/src/meson.build"
expect 'a broken build is a failure' 1 '0 passed, 1 failed'

begin
has_test telling 'echo ok 1 - fine; echo not ok 2 - this one; echo because of this >&2'
expect 'a failure is shown' 1 '1 passed, 1 failed' >"$scratch/verdict"
grep -q 'because of this' "$scratch/log" && ! grep -q 'ok 1 - fine' "$scratch/log" ||
    sed -i 's/^ok/not ok/' "$scratch/verdict"
cat "$scratch/verdict"
