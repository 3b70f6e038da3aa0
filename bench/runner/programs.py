# SPDX-License-Identifier: MIT
"""One thing that is measured, and the figures that come out of it."""

import dataclasses
import typing

EDDY = "eddy"    # ours
PEER = "peer"    # what a user would take instead
BARE = "bare"    # a peer that does less: switches stacks alone, or makes tasks one at a time
LIMIT = "limit"  # what the machine can do at best, written by hand for this one purpose


@dataclasses.dataclass
class Program:
    """A program at one workload. `measure` runs it once, and returns its figures by name."""

    workload: str
    variant: str
    name: str
    kind: str
    measure: typing.Callable[[], dict]


class Failed(Exception):
    """A program did not do its work; the message says which and how."""


@dataclasses.dataclass(frozen=True)
class Figure:
    unit: str
    meaning: str
    more_is_better: bool = False
    is_cost: bool = False  # holds on a noisy machine too: what --compare looks at
    digits: int = 1


FIGURES = {
    "ns": Figure("ns", "time for each operation"),
    "cpu_ns": Figure("ns", "processor time for each operation", is_cost=True),
    "per_s": Figure("1/s", "operations a second", more_is_better=True, digits=0),
    "cpu_us_per_op": Figure("us", "processor time for each operation", is_cost=True, digits=2),
    "user_us_per_op": Figure("us", "of that, outside the kernel", digits=2),
    "p50_us": Figure("us", "half of the answers took less", digits=0),
    "p99_us": Figure("us", "99 of 100 answers took less", digits=0),
    "over_s": Figure("s", "how late the last one was", digits=3),
    "cpu_s": Figure("s", "processor time in all", is_cost=True, digits=3),
    "b_per_task": Figure("bytes", "memory for each", is_cost=True, digits=0),
    "rss_kb": Figure("KiB", "memory at the most", is_cost=True, digits=0),
    "cpu_pct": Figure("%", "how busy the program was", digits=0),
    "waited_pct": Figure("%", "how long it could have run, and something else had the core",
                         digits=0),
}

# What a workload is judged by, the first that a program has.
DECISIVE = ("cpu_ns", "cpu_us_per_op", "cpu_s")


def parse_figures(line):
    """The figures of a line `ns=5.9 rss_kb=1800`; what is not known is left out."""
    figures = {}
    for word in line.split():
        name, _, value = word.partition("=")
        if name in FIGURES:
            figures[name] = float(value)
    return figures
