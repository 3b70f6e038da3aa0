#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
fuzz.py: programs that nobody has seen, run by Eddy and by the machine of the specification.

    fuzz.py --run build/tests/conformance/run --count 100000 [--seed S] [--size medium] ...

Program number k of a run comes from the seed S + k, so a seed and a size name a program for good
(as long as generate.py stays the same). The first program whose traces differ is shrunk, and
printed with both. A sample is run by CPython as well, where that is to be had.

Exit status: 0 if every trace was the same, 1 if not, 2 for a wrong command line, 130 if it was
interrupted (then the counts are those so far). The last line is "N passed, N failed[, N skipped]".
"""

import argparse
import concurrent.futures
import itertools
import multiprocessing
import os
import random
import signal
import sys
import time

import generate
import machine
from cpython import VERSION, CPython, Unavailable
from eddy import Eddy, as_line
from shrink import count_ops, shrink

CHUNK = 500  # programs that a process takes at a time
SIZES = list(generate.SIZES)
SHRINK_SECONDS = 120
TOLD_EACH = 50000  # programs


def make(options, index):
    """Program number `index`."""
    size = SIZES[index % len(SIZES)] if options.size == "all" else options.size
    return generate.program(options.seed + index, size)


def expected(program):
    """The machine's trace, or None for what section 9 leaves out."""
    try:
        return machine.run(program)
    except machine.LeftOut:
        return None


def check_chunk(options, indices):
    """Returns (how many were compared, the indices of those that differ, how many are left out)."""
    eddy = Eddy(options.run)
    names, entries, differing, left_out = {}, [], [], 0
    for index in indices:
        program = make(options, index)
        trace = expected(program)
        if trace is None:
            left_out += 1
            if eddy.trace(program)[-1][0] == "crash":
                differing.append(index)
        else:
            names[program["name"]] = index
            entries.append((program, trace))
    differing += [names[name] for name in eddy.check(entries)]
    return len(indices), sorted(differing), left_out


class Progress:
    """A line on a terminal; elsewhere one for each so many programs."""

    def __init__(self, total):
        self.total, self.began, self.is_shown = total, time.monotonic(), sys.stderr.isatty()
        self.told = 0

    def show(self, done, failed):
        if not self.is_shown and done - self.told >= TOLD_EACH:
            self.told = done
            print(f"{done} of {self.total}, {failed} differ", flush=True)
        if self.is_shown:
            rate = done / max(time.monotonic() - self.began, 0.001)
            line = f"{done:,} of {self.total:,}, {failed:,} differ, {rate:,.0f}/s"
            sys.stderr.write(f"\r{line} \x1b[K")
            sys.stderr.flush()

    def clear(self):
        if self.is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class Tally:
    """What has been counted so far."""

    def __init__(self):
        self.done, self.left_out, self.differing = 0, 0, []
        self.is_interrupted = False

    def add(self, done, differing, left_out):
        self.done += done
        self.left_out += left_out
        self.differing = sorted(self.differing + differing)

    def interrupt(self, *_):
        self.is_interrupted = True

    def passed(self):
        return self.done - len(self.differing)


def ignore_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def compare_all(options, tally):
    """Runs all programs, until one differs."""
    progress = Progress(options.count)
    chunks = (range(at, min(at + CHUNK, options.count)) for at in range(0, options.count, CHUNK))
    pool = concurrent.futures.ProcessPoolExecutor(
        options.jobs, multiprocessing.get_context("fork"), ignore_interrupts)
    with pool:
        pending = {pool.submit(check_chunk, options, chunk)
                   for chunk in itertools.islice(chunks, 2 * options.jobs)}
        while pending and not tally.is_interrupted:
            ready, pending = concurrent.futures.wait(
                pending, timeout=0.5, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in ready:
                tally.add(*future.result())
                if not tally.differing or options.keep_going:
                    pending |= {pool.submit(check_chunk, options, chunk)
                                for chunk in itertools.islice(chunks, 1)}
            progress.show(tally.done, len(tally.differing))
        pool.shutdown(cancel_futures=True)
    progress.clear()


def difference(eddy, program):
    """Returns both traces where they differ, else None; also where the machine has no answer."""
    try:
        want = machine.run(program)
    except Exception:  # whatever the machine makes of a program that isn't one
        return None
    got = eddy.trace(program)
    return (want, got) if want != got else None


def print_traces(left_name, left, right_name, right):
    same = next((i for i, (a, b) in enumerate(zip(left, right)) if a != b),
                min(len(left), len(right)))
    print(f"their first {same} events are the same; then")
    for name, trace in ((left_name, left), (right_name, right)):
        print(f"  {name}:")
        for number, event in enumerate(trace):
            print(f"    {'>' if number == same else ' '} {as_line(event)}")
        if len(trace) == same:
            print("    > (nothing)")


def show_smallest(options, program):
    """Shrinks a program whose traces differ, and prints what is left, with both."""
    eddy = Eddy(options.run)
    print(f"\n{program['name']} differs: {count_ops(program)} operations; shrinking", flush=True)
    if difference(eddy, program) is None:
        print(f"  {as_line(program)}\nwhat went wrong can't be had by itself")
        return
    small = shrink(program, lambda each: difference(eddy, each) is not None, SHRINK_SECONDS)
    print(f"{count_ops(small)} operations are left:\n{as_line(small)}")
    want, got = difference(eddy, small)
    print_traces("the machine", want, "Eddy", got)


def sample(options):
    """The programs that CPython runs as well, spread over all; it would die of some left out."""
    step = max(options.count // options.cpython, 1)
    programs = [make(options, index) for index in range(0, options.count, step)]
    return [each for each in programs if expected(each) is not None][:options.cpython]


def is_fixed(program, trace):
    """Whether CPython's trace is the one that the machine makes without later fixes."""
    try:
        return machine.run(program, is_recorded=True) == trace
    except machine.LeftOut:
        return False


def compare_with_cpython(options):
    """Returns (passed, failed, skipped)."""
    cpython = CPython(options.cpython_folder)
    try:
        cpython.install()
    except Unavailable as error:
        print(f"skipped: CPython {VERSION} runs no sample: {error}")
        return 0, 0, 1
    programs = sample(options)
    entries = cpython.run(programs)
    differing = set(Eddy(options.run).check(entries))
    fixed = {program["name"] for program, trace in entries
             if program["name"] in differing and is_fixed(program, trace)}
    differing -= fixed
    print(f"CPython {VERSION} has run {len(programs)} of them; {len(programs) - len(entries)} do "
          f"what section 9 leaves out; {len(differing)} differ", flush=True)
    for name in sorted(fixed):
        print(f"{name} differs by a fix that CPython {VERSION} lacks: gh-155233 (section 12)")
    for program, trace in entries:
        if program["name"] in differing:
            print(f"\n{as_line(program)}")
            print_traces("CPython", trace, "Eddy", Eddy(options.run).trace(program))
            break
    return len(entries) - len(differing), len(differing), 0


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("--run", required=True, help="the interpreter, tests/conformance/run")
    parser.add_argument("--count", type=int, default=10000, help="how many programs (10000)")
    parser.add_argument("--seed", type=int, help="of the first; the next has the next (random)")
    parser.add_argument("--size", choices=[*SIZES, "all"], default="all", help="(all, in turn)")
    parser.add_argument("--cpython", type=int, default=0, metavar="N",
                        help="how many of them CPython runs as well (0)")
    parser.add_argument("--cpython-folder", default="cpython", metavar="PATH",
                        help="where CPython is kept from one run to the next (./cpython)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (all cores)")
    parser.add_argument("--keep-going", action="store_true", help="behind the first that differs")
    options = parser.parse_args(arguments)
    if options.count < 1 or options.jobs < 1 or options.cpython < 0:
        parser.error("the numbers must be positive")
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def main(arguments):
    options = read_options(arguments)
    tally = Tally()
    usual = {number: signal.signal(number, tally.interrupt)
             for number in (signal.SIGINT, signal.SIGTERM)}
    print(f"{options.count} programs, size {options.size}, SEED={options.seed}", flush=True)
    compare_all(options, tally)
    for number, handler in usual.items():
        signal.signal(number, handler)
    if tally.is_interrupted:
        print(f"interrupted: the numbers 0 to {tally.done - 1} or so have been run")
    if tally.left_out > 0:
        print(f"{tally.left_out} do what section 9 leaves out: Eddy has run them without a "
              "comparison", flush=True)
    passed, failed, skipped = tally.passed(), len(tally.differing), 0
    if failed > 0:
        print(f"{failed} differ: numbers {', '.join(map(str, tally.differing[:20]))}")
        show_smallest(options, make(options, tally.differing[0]))
    elif options.cpython > 0 and not tally.is_interrupted:
        more, failed, skipped = compare_with_cpython(options)
        passed += more
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 130 if tally.is_interrupted else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
