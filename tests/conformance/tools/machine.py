# SPDX-License-Identifier: MIT
"""
The machine of the specification (spec/), as a function from programs to traces.

    machine.py CORPUS...      compares each trace of a corpus with what the machine makes
"""

import gzip
import json
import sys

from spec.loop import LeftOut
from spec.walk import Machine

__all__ = ["LeftOut", "run"]


def run(program, is_recorded=False):
    """
    Returns the trace of a program, or raises LeftOut. `is_recorded`: the trace that CPython 3.14.2
    leaves, without the fixes of later versions (README.md, section 12).
    """
    machine = Machine(program, is_recorded)
    trace = machine.run()
    machine.trace = []  # for what unfinished coroutines do when Python drops them
    return trace


# Unfinished coroutines are dropped, and some of them wait while that closes them: no news.
sys.unraisablehook = lambda unraisable: None


def main(paths):
    passed, differing, fixed = 0, [], []
    for path in paths:
        with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="ascii") as corpus:
            for entry in map(json.loads, corpus):
                if run(entry["program"]) == entry["trace"]:
                    passed += 1
                elif run(entry["program"], is_recorded=True) == entry["trace"]:
                    fixed.append(entry["name"])
                else:
                    differing.append(entry["name"])
    for name in fixed:
        print("differs by a fix of gh-155233:", name)
    for name in differing:
        print("FAILED", name)
    print(f"{passed} passed, {len(differing)} failed")
    return 1 if differing or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
