# SPDX-License-Identifier: MIT
"""Instructions of the core paths, in user space, counted by valgrind's callgrind.

A count does not depend on what else the machine does. Each path is run twice, with more and with
fewer operations; the difference, divided by that of the operations, is what one costs, and start
and end of the program vanish.

The counts are compared with those in budget.json, which were taken with the compiler and the
optimisation that are named there: others make other instructions, and are not judged.
"""

import concurrent.futures
import dataclasses
import json
import os
import re
import subprocess

from . import machine

TOLERANCE = 1.05
BUDGET = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "budget.json")
N = "{n}"  # stands for the number of operations in a path's arguments


@dataclasses.dataclass(frozen=True)
class Path:
    name: str
    program: str
    arguments: tuple
    fewer: int
    more: int
    operations: int = 1  # that each of N stands for


# Of crowd.c: what tasks wait for, and how many instructions each of many may take beside each of few.
CROWDS = ["lock", "semaphore", "event", "condition", "barrier", "get", "put", "join", "future", "sleep",
          "shield", "wait_for", "wait", "timeout", "group", "scope"]
CROWD_GROWTH = 1.5  # timers are a heap, and stacks must be found: a little is fair, n times is not

PATHS = [
    Path("switch, 2 tasks", "m1_switch", (2, N), 20_000, 80_000),
    Path("switch, 1,000 tasks", "m1_switch", (1000, N), 50_000, 150_000),
    Path("switch, 3,000 tasks", "m1_switch", (3000, N), 60_000, 180_000),
    Path("switch, 30,000 tasks", "m1_switch", (30_000, N), 60_000, 180_000),
    Path("create and await", "m2_spawn", (N,), 10_000, 30_000),
    Path("gather, a task of 1,000", "m3_gather", (1000, N), 10, 30, 1000),
    Path("gather, a task of 100,000", "m3_gather", (N, 1), 50_000, 150_000),
    Path("sleep, one of 1,000", "m4_sleepers", (N, 0, "futures"), 500, 1500),
    Path("sleep, one of 100,000", "m4_sleepers", (N, 0, "futures"), 50_000, 150_000),
    Path("queue of 1, an item", "m5_queue", (1, N), 10_000, 30_000),
    Path("queue of 100, an item", "m5_queue", (100, N), 20_000, 60_000),
    Path("timeout", "m6_timers", (0, N, "timeout"), 10_000, 30_000),
    Path("timeout, 1,000 other timers", "m6_timers", (1000, N, "timeout"), 10_000, 30_000),
    Path("timeout, 100,000 other timers", "m6_timers", (100_000, N, "timeout"), 10_000, 30_000),
    Path("wait_for", "m6_timers", (0, N, "wait_for"), 10_000, 30_000),
    Path("lock hand-over", "m7_lock", (100, N), 10_000, 30_000),
    Path("echo, a message of 1 KiB", "pair_echo", (N, 0), 2000, 6000, 2),
    Path("echo, 1,000 idle connections", "pair_echo", (N, 1000), 2000, 6000, 2),
    Path("echo, 9,000 idle connections", "pair_echo", (N, 9000), 2000, 6000, 2),
    Path("HTTP, request and client", "pair_http", (N,), 1000, 3000),
    *(Path(f"crowd: {thing}, 1,000", "crowd", (thing, N), 500, 1500) for thing in CROWDS),
    *(Path(f"crowd: {thing}, 6,000", "crowd", (thing, N), 4_000, 8_000) for thing in CROWDS),
]

# What must not grow with the number of tasks, timers and connections: a path with few of them, the
# same with many, and how much more it may cost. The smaller gather is a warm one. From 2,048 tasks on
# a switch also looks ahead in the queue: more instructions, and half the time.
GROWTH = [
    ("switch, 3,000 tasks", "switch, 30,000 tasks", 1.05),
    ("gather, a task of 1,000", "gather, a task of 100,000", 1.25),
    ("sleep, one of 1,000", "sleep, one of 100,000", 1.10),
    ("timeout, 1,000 other timers", "timeout, 100,000 other timers", 1.10),
    ("echo, 1,000 idle connections", "echo, 9,000 idle connections", 1.05),
    *((f"crowd: {thing}, 1,000", f"crowd: {thing}, 6,000", CROWD_GROWTH) for thing in CROWDS),
]


def count_all(paths, folder, scratch):
    """Instructions of one operation of each path, by name; two programs run at a time."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = {(path, n): pool.submit(_instructions, path, n, folder, scratch)
                for path in paths for n in (path.fewer, path.more)}
        return {path.name: (runs[path, path.more].result() - runs[path, path.fewer].result())
                / ((path.more - path.fewer) * path.operations) for path in paths}


def explain(path, folder, scratch):
    """Where the instructions of a path go, function by function: callgrind's own table."""
    _instructions(path, path.more, folder, scratch)
    done = subprocess.run(["callgrind_annotate", _out_file(path, path.more, scratch)],
                          capture_output=True, text=True, check=False)
    rows = re.findall(r"^\s*([\d,]+) \([^)]*\)\s+(\S.*)$", done.stdout, re.MULTILINE)
    each = (path.more * path.operations)
    return [(int(count.replace(",", "")) / each, re.sub(r".*?:(\S+).*", r"\1", name))
            for count, name in rows if "PROGRAM TOTALS" not in name][:25]


def _out_file(path, n, scratch):
    return os.path.join(scratch, f"{path.name}-{n}".replace(" ", "_").replace("/", "_"))


def _instructions(path, n, folder, scratch):
    out = _out_file(path, n, scratch)
    arguments = [str(n) if word == N else str(word) for word in path.arguments]
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--main-stacksize=8388608",
         os.path.join(folder, path.program), *arguments],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False)
    found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise RuntimeError(f"{path.program} {' '.join(arguments)} under callgrind ended with "
                           f"{done.returncode}:\n{done.stderr[-1000:]}")
    return int(found.group(1))


def compiler():
    """The compiler that the build uses by default, as it calls itself."""
    done = subprocess.run([os.environ.get("CC", "cc"), "--version"], capture_output=True, text=True,
                          check=False)
    return (done.stdout.splitlines() or ["none"])[0]


def made_by(build):
    """What decides about instructions beside the source: the compiler and its optimisation."""
    return f"{compiler()}, -O{machine.optimisation(build)}"


def read_budget(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_budget(path, counts, kept, build_kind):
    """Records the counts; those of paths that were not counted stay."""
    paths = {**kept, **{name: round(count, 1) for name, count in counts.items()}}
    order = [known.name for known in PATHS if known.name in paths]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"build": build_kind, "tolerance": TOLERANCE,
                   "instructions": {name: paths[name] for name in order}}, file, indent=2)
        file.write("\n")


def judge(count, budget):
    """("passed" or "failed", a remark) on a count beside its budget, which may be None."""
    if budget is None:
        return "failed", "not in the budget: bench/count --record"
    ratio = count / budget
    if ratio > TOLERANCE:
        return "failed", f"{(ratio - 1) * 100:.1f}% more than recorded"
    if ratio < 1 / TOLERANCE:
        return "passed", f"{(1 - ratio) * 100:.0f}% less: worth recording (bench/count --record)"
    return "passed", ""
