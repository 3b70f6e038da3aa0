# SPDX-License-Identifier: MIT
"""M3: gather N trivial coroutines, ROUNDS times; ns per task, last round.  usage: N ROUNDS [uvloop]"""
import asyncio, os, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from common import args, report_ns, run, start

n, rounds = args()

async def f(i):
    return i

async def main():
    for _ in range(rounds):
        t = start()
        r = await asyncio.gather(*[f(i) for i in range(n)])
        assert r[-1] == n - 1
    report_ns(n, time.perf_counter() - t)

run(main)
