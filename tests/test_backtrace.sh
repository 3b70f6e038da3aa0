#!/bin/sh
# SPDX-License-Identifier: MIT
# A debugger stopped on a task's stack sees its frames down to the entry, and a clean end.
#
# usage: test_backtrace.sh PATH-OF-test_context
# Prints TAP; skips where there is no debugger, or one that may not trace.

echo 1..1
if ! command -v gdb >/dev/null 2>&1; then
    echo 'ok 1 - backtrace # SKIP no gdb'
    exit 0
fi

out=$(gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'set breakpoint pending on' \
    -ex 'break backtrace_stop' -ex run -ex 'echo BEGIN\n' -ex bt -ex 'echo END\n' -ex kill "$1" \
    2>&1 </dev/null)
if ! printf '%s\n' "$out" | grep -q '^BEGIN'; then
    printf '%s\n' "$out" | sed 's/^/# /'
    echo 'not ok 1 - the program stops on the stack of a task'
    exit 1
fi
if printf '%s\n' "$out" | grep -q 'Could not trace\|ptrace: Operation not permitted'; then
    echo 'ok 1 - backtrace # SKIP tracing is forbidden here'
    exit 0
fi

frames=$(printf '%s\n' "$out" | sed -n '/BEGIN/,/END/p' | grep '^#')
last=$(printf '%s\n' "$frames" | tail -n 1)
verdict='ok 1'
for name in backtrace_stop backtrace_middle backtrace_entry; do
    printf '%s\n' "$frames" | grep -q "$name" || verdict='not ok 1'
done
case $last in
*eddy*context_start*) ;;
*) verdict='not ok 1' ;;
esac
if printf '%s\n' "$out" | grep -qi 'corrupt stack\|cannot access memory\|frame did not save'; then
    verdict='not ok 1'
fi
printf '%s\n' "$out" | sed -n '/BEGIN/,/END/p' | sed 's/^/# /'
echo "$verdict - a backtrace goes through the task's entry and ends below it"
[ "$verdict" = 'ok 1' ]
