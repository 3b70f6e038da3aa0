# SPDX-License-Identifier: MIT
"""What bench/run is made of.

    programs    one thing that is measured: how it is started, what its figures are called
    processes   starting programs on a core of their own, and asking the kernel what they cost
    peers       finding and building what Eddy is compared with
    servers     nginx, h2o and PostgreSQL, private and on a core of their own
    workloads_* what is measured, workload by workload
    results     figures of several runs, and comparing them with older ones
    machine     where they were taken
    report      tables for a terminal and for RESULTS.md
    pictures    bars
    counts      instructions of the core paths, which no noise can change
"""
