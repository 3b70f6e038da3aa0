# SPDX-License-Identifier: MIT
"""
The machine of README.md, sections 5 to 8, written from its text alone, without asyncio.

    loop.py        errors, the loop, futures, tasks, gather
    sync.py        lock, event, condition, semaphore, barrier
    queues.py      queues
    scopes.py      timeouts, task groups, generators
    walk.py        programs: their structure, what is logged, the end
    operations.py  each operation that has no block

A coroutine of the machine is a Python generator. It yields the future that it waits for, or None
to let the others run, and gets `Failure` thrown in. That is all that it has of Python's own.
"""
