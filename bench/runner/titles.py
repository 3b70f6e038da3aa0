# SPDX-License-Identifier: MIT
"""What the workloads are called, what they are, and where we want to be."""

TITLES = {
    "m1": ("switch", "Tasks that only yield. `raw` is a ring of stacks that jump to each other: no "
                     "scheduler, no task. From 10,000 tasks on it touches stacks as far apart as "
                     "Eddy's, in the same order: what the caches cost, nobody can save."),
    "m2": ("task", "Create a task that does nothing, and await it, one after another. `raw` enters a "
                   "recycled stack and leaves it."),
    "m3": ("gather", "A million tasks that do nothing, made and then awaited together. Cold: for the "
                     "first time in the process. Warm: for the second time."),
    "m4": ("sleep", "Sleep 5 s, all at once. Tasks have stacks; futures are completed by a timer, as "
                    "libuv's callbacks are called by one."),
    "m5": ("queue", "One task puts, another gets, through a bounded queue."),
    "m6": ("time limit", "A limit of 10 s, which never expires, around what takes one turn; alone, "
                         "and while a million other timers are armed. A timeout is a scope; "
                         "`wait_for` awaits a coroutine or, in most peers, a task."),
    "m7": ("lock", "100 tasks take turns on one lock, and yield while they hold it."),
    "n1": ("echo", "TCP echo of 1 KiB, ping-pong on all connections at once; Eddy's is "
                   "`examples/echo.c`."),
    "n2": ("HTTP server", "GET of 13 bytes over kept-alive connections, by wrk. Two loops: one "
                          "program, a thread for each loop, which share the port; the load shares "
                          "their two cores, and with 200 us each request computes for so long."),
    "n3": ("HTTP client", "50,000 GETs of 600 bytes, 100 at a time, from one nginx worker; over TLS, with the "
                          "handshakes of 100 connections in it."),
    "s1": ("bulk load", "Fetch 20,000 JSON documents from a local nginx and land each as a row of a "
                        "database. Time and processor time are those of the whole process, its "
                        "start included."),
}

GOALS = {
    ("m1", "2 tasks"): "6 ns",
    ("m1", "1,000 tasks"): "12 ns",
    ("m2", "create and await"): "35 ns",
    ("m3", "1,000,000 cold"): "170 ns",
    ("m3", "1,000,000 warm"): "70 ns",
    ("m5", "queue of 1"): "40 ns",
    ("m5", "queue of 100"): "15 ns",
    ("m6", "timeout"): "60 ns",
    ("m6", "wait_for"): "60 ns",
    ("m6", "timeout, 1,000,000 others"): "120 ns",
    ("m6", "wait_for, 1,000,000 others"): "120 ns",
    ("m7", "100 tasks"): "60 ns",
    ("n1", "64 connections"): "1.1 x limit",
    ("n1", "512 connections"): "1.1 x limit",
    ("n3", "50,000 GETs"): "12 us",
}
