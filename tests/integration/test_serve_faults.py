#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
test_serve_faults.py: `eddy serve`, in which the first, second, third ... call of each function of
libc fails, once or from then on. It either serves or ends with a sentence; what it answers for a file
that exists is the file, an error of the server's (5xx) or a cut connection, never 404; SIGTERM ends it
with status 0.

$EDDY_ALL=1 lets every call fail; else a sample.
"""

import concurrent.futures
import errno
import http.client
import json
import os
import select
import signal
import subprocess
import urllib.parse

from fault_support import shim_environment
from fetch_support import case, expect, finish, main, start

ALL = os.environ.get("EDDY_ALL") == "1"
SECONDS = 30
SMALL, LARGE = b"small" * 10, b"large" * 50000

FAULTS = {
    "malloc": errno.ENOMEM, "mmap": errno.ENOMEM, "mprotect": errno.ENOMEM, "pthread_create": errno.EAGAIN,
    "open": errno.EMFILE, "openat": errno.EMFILE, "read": errno.EIO, "pread": errno.EIO, "fstat": errno.EIO,
    "stat": errno.EIO, "fcntl": errno.EMFILE, "socket": errno.EMFILE, "bind": errno.EADDRINUSE,
    "listen": errno.EADDRINUSE, "accept4": errno.EMFILE, "getsockname": errno.ENOBUFS,
    "setsockopt": errno.ENOBUFS, "send": errno.ENOBUFS, "sendmsg": errno.ENOBUFS, "recv": errno.ENOBUFS,
    "recvmsg": errno.ENOBUFS, "epoll_create1": errno.EMFILE, "epoll_ctl": errno.ENOMEM,
    "epoll_wait": errno.EBADF, "eventfd": errno.EMFILE, "pipe2": errno.EMFILE, "sigaction": errno.EINVAL,
}


def get(port, path, seconds):
    """Status and body; (0, b"") when there was no whole answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (http.client.HTTPException, OSError) as error:
        expect(not isinstance(error, TimeoutError) or seconds < SECONDS, f"no answer to {path}")
        return 0, b""
    finally:
        connection.close()


def read_url(process):
    """The first line; empty when the command ends before."""
    ready, _, _ = select.select([process.stdout], [], [], SECONDS)
    expect(ready, "it neither serves nor ends")
    return process.stdout.readline().decode().strip()


def ask(port, documents, seconds):
    statuses = []
    for path, body in documents.items():
        status, got = get(port, path, seconds)
        expect(status in (0, 200) or 500 <= status <= 599, f"{path}: status {status}")
        expect(status != 200 or got == body, f"{path}: {len(got)} bytes")
        statuses.append(status)
    return statuses


def serve_once(what, documents, call, at, mark, last):
    """Whether the call was reached."""
    plan = {"errno": FAULTS[call], "mark": mark, **({} if last is None else {"last": last})}
    process = start("serve", what, "--port", 0, env=shim_environment(call, at, **plan),
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    try:
        url = read_url(process)
        if url:
            port = urllib.parse.urlsplit(url).port
            expect(port and port > 0, f"the address is {url}")
            # With memory or descriptors gone it may not accept: then the client gives up first.
            ask(port, documents, SECONDS if last is None else 1)
            process.send_signal(signal.SIGTERM)
        done = finish(process, SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    # A loop that fails ends the server, maybe just before the signal that is meant to end it.
    was_late = done.status == -signal.SIGTERM and "can't serve" in done.err
    if was_late or call == "epoll_wait" and done.status == -signal.SIGTERM:
        return os.path.exists(mark)
    expect(0 <= done.status < 128, f"a crash: {done!r}")
    if done.status != 0:
        expect("eddy serve: " in done.err or "eddy: " in done.err, f"no sentence: {done!r}")
        expect(not url or "can't serve" in done.err, f"stopped on purpose: {done!r}")
    return os.path.exists(mark)


def walk(folder, what, documents, call, last):
    at, count = 1, 0
    while True:
        mark = os.path.join(folder, f"mark-{os.path.basename(what)}-{call}-{at}-{last}")
        try:
            if not serve_once(what, documents, call, at, mark, last):
                return count
        except AssertionError as error:
            raise AssertionError(f"{os.path.basename(what)}, {call} {at} {last}: {error}") from error
        count += 1
        at += 1 if ALL else max(1, at // 2)


def walk_all(folder, calls, lasts):
    shim_environment("none", 1)
    site = os.path.join(folder, "site")
    os.makedirs(os.path.join(site, "deep", "er"))
    files = {"/a.txt": SMALL, "/deep/er/large.bin": LARGE}
    for name, data in files.items():
        with open(site + name, "wb") as file:
            file.write(data)
    path = os.path.join(folder, "map.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"/one": {"a": 1}}, file)
    kinds = [(site, files), (path, {"/one": b'{"a": 1}'})]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(walk, folder, what, documents, call, last)
                for what, documents in kinds for call in calls for last in lasts]
        failures = [str(run.exception()) for run in runs if run.exception() is not None]
    for failure in failures:
        print("#", failure.replace("\n", "\n# "))
    expect(not failures, f"{len(failures)} walks of {len(runs)} found something")
    print(f"# {len(runs)} walks, {sum(run.result() for run in runs)} calls failed")


@case
def calls_that_fail_once(folder):
    walk_all(folder, list(FAULTS), [None])


@case
def calls_that_fail_from_then_on(folder):
    walk_all(folder, ["malloc", "mmap", "open", "openat", "fcntl", "fstat", "socket", "accept4"], [0])


main()
