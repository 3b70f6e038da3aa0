#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
test_fetch_faults.py: a small job of `eddy fetch`, in which the first, second, third ... call of each
function of libc fails, once or from then on. Whatever fails: the command ends in bounded time and
without a crash; with status 0 only if every row is there; with another status only with a sentence;
no row comes twice; and the same command with --resume completes the job.

$EDDY_ALL=1 lets every call fail, of many allocations every fourth; else a sample, spread over all of
them. Loading the trusted certificates allocates 200,000 times, so only a sample is tried of that.
"""

import concurrent.futures
import errno
import os
import re
import shutil
import sqlite3

from fault_support import shim_environment
from fetch_support import case, expect, expect_exit, fetch, finish, main, read_target, start
from peer_server import Peer

ALL = os.environ.get("EDDY_ALL") == "1"
ROWS = 6
SECONDS = 20    # a job takes a twentieth of one

# The calls that can fail, and how.
FAULTS = {
    "malloc": [errno.ENOMEM], "mmap": [errno.ENOMEM], "mprotect": [errno.ENOMEM],
    "pthread_create": [errno.EAGAIN],
    "open": [errno.EMFILE, errno.EACCES], "openat": [errno.EMFILE], "read": [errno.EIO],
    "pread": [errno.EIO], "write": [errno.EIO, errno.ENOSPC], "pwrite": [errno.EIO, errno.ENOSPC],
    "fsync": [errno.EIO], "fdatasync": [errno.EIO], "ftruncate": [errno.EIO], "fstat": [errno.EIO],
    "stat": [errno.EIO], "lstat": [errno.EIO], "access": [errno.EIO], "unlink": [errno.EIO],
    "rename": [errno.EIO], "readlink": [errno.EIO], "fchmod": [errno.EPERM],
    "fcntl": [errno.ENOLCK, errno.EINTR], "socket": [errno.EMFILE], "connect": [errno.ENETUNREACH],
    "getsockname": [errno.ENOBUFS], "setsockopt": [errno.ENOBUFS], "getsockopt": [errno.ENOBUFS],
    "send": [errno.ENOBUFS], "sendmsg": [errno.ENOBUFS], "recv": [errno.ENOBUFS],
    "recvmsg": [errno.ENOBUFS], "epoll_create1": [errno.EMFILE], "epoll_ctl": [errno.ENOMEM],
    "epoll_wait": [errno.EBADF], "eventfd": [errno.EMFILE], "pipe2": [errno.EMFILE],
    "sigaction": [errno.EINVAL],
}
ONCE, FOR_EVER = None, 0
DENSE_MAX = 150    # so many calls fail one by one


def rows_of(path):
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        return {}
    try:
        return read_target(path)
    except sqlite3.OperationalError as error:
        expect("no such table" in str(error), str(error))
        return {}


class Walk:
    """One call and error, in a job of one kind."""

    def __init__(self, folder, peer, target, mode, call, error, last, trusts):
        self.name = f"{target}{mode}-{call}-{error}-{last}{'-trusts' if trusts else ''}"
        self.folder = os.path.join(folder, self.name)
        self.peer, self.target, self.mode, self.call = peer, target, mode, call
        self.error, self.last, self.trusts = error, last, trusts
        self.count = 0
        self.urls = peer.url(f"ok/{self.name}/{{1..{ROWS}}}")
        self.wanted = {peer.url(f"ok/{self.name}/{n}") for n in range(1, ROWS + 1)}

    def check(self, at, path, done):
        what = f"{self.name}, call {at}: {done!r}"
        expect(0 <= done.status < 128, f"a crash: {what}")
        rows = rows_of(path)
        if done.status == 0:
            missing = self.wanted - {url for url, row in rows.items() if row["error"] is None}
            expect(not missing, f"status 0 without {len(missing)} rows: {what}")
        else:
            expect(re.search(r"eddy fetch: \S.{8}|eddy: \S.{8}|, [1-9]\d* failed", done.err),
                   f"no sentence: {what}")
        return rows

    def one(self, at):
        """Whether the job came to its call number `at`."""
        folder = os.path.join(self.folder, str(at))
        os.makedirs(folder)
        path, mark = os.path.join(folder, self.target), os.path.join(folder, "mark")
        words = ["fetch", self.urls, "--into", path, "-c", 2, "--retries", 0]
        if not self.trusts:
            words.append("--insecure")
        if self.mode:
            expect_exit(fetch(self.peer.url("ok/before"), "--into", path), 0)
            words.append(self.mode)
        plan = {"errno": self.error, "mark": mark}
        if self.call == "write":
            plan["path"] = path    # a write that only wakes the loop can't fail
        if self.last is not ONCE:
            plan["last"] = self.last
        try:
            done = finish(start(*words, env=shim_environment(self.call, at, **plan)), SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{self.name}, call {at}: {error}") from error
        if not os.path.exists(mark):
            expect_exit(done, 0)
            return False
        try:
            self.check(at, path, done)
        except Exception as error:
            raise AssertionError(f"{self.name}, call {at}: {done!r}: {error}") from error
        resumed = fetch(self.urls, "--into", path, "--resume", "-c", 2)
        expect(resumed.status == 0, f"{self.name}, call {at}: {done!r}, resumed: {resumed!r}")
        rows = self.check(at, path, resumed)
        expect(self.wanted <= set(rows), f"{self.name}, call {at}: resumed without all rows")
        shutil.rmtree(folder)
        return True

    def steps(self):
        """Nearly every call, or fewer and fewer of them."""
        at = 1
        while True:
            yield at
            if ALL and not self.trusts:
                at += 1 if at < DENSE_MAX else 4
            else:
                at += max(1, at // 2)

    def run(self):
        for at in self.steps():
            if not self.one(at):
                return self
            self.count += 1
        return self


def walk(folder, calls, targets, lasts, trusts=False):
    shim_environment("none", 1)
    with Peer() as peer, concurrent.futures.ThreadPoolExecutor(4) as pool:
        walks = [Walk(folder, peer, target, mode, call, error, last, trusts)
                 for target, mode in targets for call in calls
                 for error in FAULTS[call][:None if ALL else 1] for last in lasts]
        runs = [pool.submit(one.run) for one in walks]
        failures = []
        for run in runs:
            if run.exception() is not None:
                failures.append(str(run.exception()))
        for failure in failures:
            print("#", failure.replace("\n", "\n# "))
        expect(not failures, f"{len(failures)} walks of {len(walks)} found something")
        print(f"# {len(walks)} walks, {sum(run.result().count for run in runs)} calls failed")


TARGETS = [("x.db", ""), ("x.csv", "--replace")]


@case
def memory_that_fails_once(folder):
    walk(folder, ["malloc", "mmap", "mprotect"], TARGETS, [ONCE])


@case
def memory_that_fails_while_certificates_are_loaded(folder):
    walk(folder, ["malloc"], TARGETS[1:], [ONCE], trusts=True)


@case
def memory_that_stays_gone(folder):
    walk(folder, ["malloc", "mmap"], TARGETS, [FOR_EVER])


@case
def calls_that_fail_once(folder):
    walk(folder, [call for call in FAULTS if call not in ("malloc", "mmap", "mprotect")], TARGETS, [ONCE])


@case
def calls_that_fail_from_then_on(folder):
    walk(folder, ["open", "write", "pwrite", "fsync", "fdatasync", "pthread_create", "socket"], TARGETS,
         [FOR_EVER])


main()
