# SPDX-License-Identifier: MIT
"""M1 to M7: what the core costs, without a socket. One program, one core, one figure of time.

Counts are chosen so that each run lasts about a second; --quick divides them by five.
"""

from .processes import run_alone, touch_memory
from .programs import BARE, EDDY, LIMIT, PEER, Program


class TaskWorkloads:
    def __init__(self, bench):
        self.bench = bench
        self.programs = []
        self.memory = 0  # bytes that a program of the workload needs, if they are many

    def m1(self):
        for tasks in (2, 1000):
            at = ("m1", f"{tasks:,} tasks")
            self._add(*at, "raw", LIMIT, "m1_switch_raw", tasks, self._n(200_000_000))
            self._eddy(*at, "m1_switch", tasks, self._n(50_000_000))
            for peer in ("minicoro", "libaco", "boost_context"):
                self._add(*at, peer, BARE, "m1_switch_" + peer, tasks, self._n(50_000_000))
            self._peers(*at, "m1_switch", (tasks,), boost_fiber=20_000_000, libdill=50_000_000,
                        neco=30_000_000, tokio=30_000_000, go=10_000_000)
            self._python(*at, "m1_switch", tasks, self._n(1_000_000))
        for tasks in (10_000, 100_000, 1_000_000):
            turns = max(tasks * 10, self._n(20_000_000))
            at = ("m1", f"{tasks:,} tasks")
            # As far apart as Eddy's stacks, and staggered as they are.
            self._add(*at, "raw", LIMIT, "m1_switch_raw", tasks, turns, 1, 65536)
            self._eddy(*at, "m1_switch", tasks, turns)

    def m2(self):
        at = ("m2", "create and await")
        self._add(*at, "raw", LIMIT, "m2_spawn_raw", self._n(200_000_000))
        self._eddy(*at, "m2_spawn", self._n(10_000_000))
        self._add(*at, "minicoro", BARE, "m2_spawn_minicoro", self._n(30_000_000))
        self._peers(*at, "m2_spawn", (), boost_fiber=5_000_000, libdill=20_000_000,
                    neco=20_000_000, tokio=10_000_000, go=3_000_000)
        self._python(*at, "m2_spawn", self._n(300_000))

    def m3(self):
        self.memory = 1 << 30
        for variant, rounds in (("cold", 1), ("warm", 2)):
            n = 1_000_000
            at = ("m3", f"{n:,} {variant}")
            self._eddy(*at, "m3_gather", n, rounds)
            self._add(*at, "tokio", PEER, "m3_gather_tokio", n, rounds)
            self._add(*at, "go", PEER, "m3_gather_go", n, rounds)
            if rounds == 1:  # those that have nothing to warm up
                self._python(*at, "m3_gather", n, 1)
                # A stack for each: a million take 8 GB and most of a minute.
                self._add(*at, "boost-fiber, 100,000", PEER, "m3_gather_boost_fiber", n // 10)
                self._add(*at, "libdill, one at a time", BARE, "m3_gather_libdill", n)
                self._add(*at, "neco, one at a time", BARE, "m3_gather_neco", n)
                self._add(*at, "libdill", PEER, "m3_gather_libdill", n, 1)
                self._add(*at, "neco", PEER, "m3_gather_neco16k", n, 1)

    def m4(self):
        n = self._n(1_000_000)
        self.memory = n * 5000
        at = ("m4", f"{n:,} tasks")
        self._eddy(*at, "m4_sleepers", n, 5, "tasks")
        for peer in ("boost_fiber", "libdill", "tokio", "go"):
            self._add(*at, peer, PEER, "m4_sleepers_" + peer, n, 5)
        self._add(*at, "neco", PEER, "m4_sleepers_neco16k", n, 5)
        self._python(*at, "m4_sleepers", n, 5)
        at = ("m4", f"{n:,} futures")
        self._eddy(*at, "m4_sleepers", n, 5, "futures")
        self._add(*at, "libuv", PEER, "m4_sleepers_libuv", n, 5)

    def m5(self):
        for size in (1, 100):
            at = ("m5", f"queue of {size}")
            self._eddy(*at, "m5_queue", size, self._n(10_000_000))
            self._peers(*at, "m5_queue", (size,), boost_fiber=10_000_000, neco=20_000_000,
                        tokio=20_000_000, go=10_000_000)
            if size == 1:
                self._add(*at, "libdill", PEER, "m5_queue_libdill", 0, self._n(20_000_000))
            self._python(*at, "m5_queue", size, self._n(500_000))

    def m6(self):
        for pending in (0, 1_000_000):
            others = f", {pending:,} others" if pending else ""
            at = ("m6", "timeout" + others)
            self._eddy(*at, "m6_timers", pending, self._n(5_000_000), "timeout")
            self._peers(*at, "m6_timers", (pending,), libuv=2_000_000, tokio=5_000_000)
            self._python(*at, "m6_timers", pending, self._n(200_000), "timeout")
            at = ("m6", "wait_for" + others)
            self._eddy(*at, "m6_timers", pending, self._n(5_000_000), "wait_for")
            self._peers(*at, "m6_timers", (pending,), libdill=3_000_000, go=1_000_000)
            self._add(*at, "neco", PEER, "m6_timers_neco16k", pending, self._n(2_000_000))
            self._python(*at, "m6_timers", pending, self._n(100_000), "wait_for")

    def m7(self):
        at = ("m7", "100 tasks")
        self._eddy(*at, "m7_lock", 100, self._n(10_000_000))
        self._peers(*at, "m7_lock", (100,), boost_fiber=10_000_000, neco=10_000_000,
                    tokio=10_000_000, go=5_000_000)
        self._python(*at, "m7_lock", 100, self._n(300_000))

    def close(self):
        """Nothing is held."""

    # ---- inside ------------------------------------------------------------------------------

    def _n(self, full):
        return full // 5 if self.bench.quick else full

    def _put(self, workload, variant, name, kind, command):
        memory = self.memory

        def measure():
            if memory:
                touch_memory(memory)
            return run_alone(command)
        self.programs.append(Program(workload, variant, name, kind, measure))

    def _add(self, workload, variant, name, kind, binary, *arguments):
        path = self.bench.peers.program(binary)
        if path:
            self._put(workload, variant, name.replace("_", "-"), kind, [path, *arguments])

    def _eddy(self, workload, variant, binary, *arguments):
        self._put(workload, variant, "eddy", EDDY, [self.bench.eddy(binary), *arguments])

    def _peers(self, workload, variant, stem, first, **counts):
        for peer, n in counts.items():
            self._add(workload, variant, peer, PEER, f"{stem}_{peer}", *first, self._n(n))

    def _python(self, workload, variant, folder, *arguments):
        peers = self.bench.peers
        command = [peers.python, peers.script(folder + "/py_asyncio.py"), *arguments]
        self._put(workload, variant, "asyncio", PEER, command)
        if peers.has_module("uvloop"):
            self._put(workload, variant, "uvloop", PEER, [*command, "uvloop"])
