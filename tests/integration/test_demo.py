# SPDX-License-Identifier: MIT
"""test_demo.py BUILD: scripts/demo keeps its promises, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time

from fetch_support import ROOT, case, clean_environment, expect, expect_equal, main


def start_demo(folder, **options):
    return subprocess.Popen([os.path.join(ROOT, "scripts", "demo"), sys.argv[1]],
                            env=clean_environment(TMPDIR=folder), start_new_session=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def expect_nothing_is_left(process, folder):
    expect_equal(os.listdir(folder), [], "the temporary folder")
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return
    raise AssertionError("something is still running")


@case
def it_shows_the_summary_and_five_names(folder):
    for options in ({"stdin": subprocess.DEVNULL}, {"preexec_fn": lambda: os.close(0)}):
        began = time.monotonic()
        process = start_demo(folder, **options)
        out, _ = process.communicate(timeout=60)
        expect_equal(process.returncode, 0, out)
        expect(time.monotonic() - began < 10, f"it took {time.monotonic() - began} s")
        for words in ("82 loaded, 8 not found, 0 failed: 90 URLs", "82 people, 8 not found",
                      "Luke Skywalker", "C-3PO", "R2-D2", "Darth Vader", "Leia Organa"):
            expect(words in out, f"{words!r} isn't in {out}")
        expect_nothing_is_left(process, folder)


@case
def interrupted_it_leaves_nothing_running(folder):
    process = start_demo(folder, stdin=subprocess.DEVNULL)
    while "eddy fetch" not in process.stdout.readline():
        pass
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    expect_equal(process.returncode, 130)
    expect_nothing_is_left(process, folder)


@case
def without_a_build_it_says_so(folder):
    with tempfile.TemporaryDirectory() as nothing:
        done = subprocess.run([os.path.join(ROOT, "scripts", "demo"), nothing], check=False,
                              capture_output=True, text=True)
    expect_equal(done.returncode, 1)
    expect("make" in done.stderr, done.stderr)


main()
