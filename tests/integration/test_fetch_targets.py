#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
test_fetch_targets.py: two runs on one target, in every order. The first is made to wait in its first,
second, third ... call that is about the target; meanwhile the second runs from its start to its end;
then the first ends in one of several ways. No row may be lost, come twice, or come into a file that
somebody else has removed.

$EDDY_ALL=1 goes on to the calls of SQLite; else only the first ones are tried, which find, create and
lock the file.
"""

import concurrent.futures
import itertools
import os
import signal
import sqlite3
import subprocess
import time

from fault_support import Paused
from fetch_support import (case, expect, expect_equal, expect_exit, expect_says, fetch,
                           finish, main, read_database, read_target, start)
from peer_server import Peer

ALL = os.environ.get("EDDY_ALL") == "1"
FIRST_CALLS = 14
CALLS_MAX = 200 if ALL else 10
ROWS = 8


class Kind:
    def __init__(self, name, first=(), second=()):
        self.name, self.first, self.second = name, first, second

    def tables(self, words):
        return words[-1] if words else "documents"

    def rows(self, path, words):
        """URLs that have landed for the run with these words."""
        if not os.path.exists(path):
            return set()
        if not self.name.endswith(".db"):
            return set(read_target(path)) if os.path.getsize(path) else set()
        try:
            return set(read_database(path, self.tables(words)))
        except sqlite3.OperationalError as error:
            expect("no such table" in str(error), str(error))
            return set()


KINDS = [Kind("x.ndjson"), Kind("x.csv"), Kind("same.db"),
         Kind("other.db", ("--table", "first"), ("--table", "second"))]
ENDS = ["complete", "interrupt", "kill"]
MODES = ["", "--resume", "--replace"]


def end_first(run, end):
    if end == "interrupt":
        run.process.send_signal(signal.SIGINT)
    elif end == "kill":
        run.process.kill()
    run.release()
    return finish(run.process, 60)


def one_order(folder, peer, kind, at, mode, other_mode, end):
    """True if the first run reached its call number `at`."""
    path = os.path.join(folder, f"{kind.name}-{at}-{mode}-{other_mode}-{end}")
    os.mkdir(path)
    path = os.path.join(path, kind.name)
    first = [peer.url(f"ok/first/{n}") for n in range(ROWS)]
    second = [peer.url(f"ok/second/{n}") for n in range(ROWS)]
    run = Paused(at, path, "fetch", *first, "--into", path, *kind.first, *filter(None, [mode]))
    try:
        if not run.wait():
            return False
        other = fetch(*second, "--into", path, *kind.second, *filter(None, [other_mode]), timeout=60)
        done = end_first(run, end)
    finally:
        run.close()
    what = f"{kind.name}, call {at}, {mode or 'plain'}, {end}, then {other_mode or 'plain'}: {other!r} {done!r}"
    expect(other.status == 0 or (other.status == 1 and "eddy fetch: " in other.err), what)
    expect(done.status in (0, 1, 130, -signal.SIGKILL, -signal.SIGINT), what)
    has_first, has_second = kind.rows(path, kind.first), kind.rows(path, kind.second)
    is_replaced = mode == "--replace" and has_first & set(first)
    if other.status == 0 and not (is_replaced and kind.first == kind.second):
        expect(set(second) <= has_second, f"rows of the second are lost: {len(has_second)}: {what}")
    if done.status == 0:
        expect(set(first) <= has_first, f"rows of the first are lost: {len(has_first)}: {what}")
    if kind.first != kind.second and at <= 6:
        expect_equal(other.status, 0, f"another table is another target: {what}")
    expect(os.listdir(os.path.dirname(path)) in ([], [kind.name]) or end == "kill", what)
    last = fetch(*first, "--into", path, "--resume", *kind.first)
    expect_exit(last, 0)
    expect(set(first) <= kind.rows(path, kind.first), f"resumed: {last!r} after {what}")
    return True


def walk(folder, peer, kind, mode, other_mode, end):
    at, count = 1, 0
    while at <= CALLS_MAX and one_order(folder, peer, kind, at, mode, other_mode, end):
        count += 1
        at += 1 if at < FIRST_CALLS else 7    # later ones are SQLite's, and alike
    return count


def walk_all(folder, kinds, step):
    """Every `step`-th pair of runs, or fewer."""
    orders = [(kind, *rest) for kind in kinds for rest in itertools.product(MODES, MODES, ENDS)]
    if ALL:
        orders = orders[::step]
    else:
        orders = [order for number, order in enumerate(orders) if number % 9 == 4 or order[3] == "interrupt" and number % 2 == 0]
    with Peer() as peer, concurrent.futures.ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(walk, folder, peer, *order) for order in orders]
        counts = [run.result() for run in runs]
    expect(min(counts) >= 4, f"{counts}: calls that were reached")
    print(f"# {len(orders)} pairs of runs, {sum(counts)} orders")


def start_idle(path, there, *words):
    """A run that has opened its target and waits for the first URL."""
    idle = start("fetch", "--urls", "-", "--into", path, *words, stdin=subprocess.PIPE)
    while not os.path.exists(there):
        expect(idle.poll() is None, "it has ended")
        time.sleep(0.005)
    return idle


@case
def a_run_without_rows_leaves_those_of_another(folder):
    with Peer() as peer:
        for name, option in itertools.product(["x.db", "y.ndjson"], [signal.SIGINT, signal.SIGTERM]):
            path = os.path.join(folder, name)
            is_database = name == "x.db"
            idle = start_idle(path, path, *(["--table", "a"] if is_database else []))
            other = fetch(peer.url("ok/{1..1000}"), "--into", path, "-c", 50,
                          *(["--table", "b"] if is_database else []))
            idle.send_signal(option)
            idle.wait(30)
            done = finish(idle)
            if is_database:
                expect_exit(other, 0)
                expect_equal(len(read_database(path, "b")), 1000)
                os.unlink(path)
            else:
                expect_exit(other, 1)
                expect_says(other, "another eddy fetch")
                expect(not os.path.exists(path), f"an empty file is left: {done!r}")


def wait_for(peer, path):
    while not peer.counts[path]:
        time.sleep(0.005)


@case
def a_file_that_is_moved_or_removed_is_told(folder):
    def move(path):
        os.rename(path, path + ".moved")

    def replace(path):
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write("mine\n")
        os.rename(path + ".new", path)

    with Peer() as peer:
        for name, change in itertools.product(["x.db", "x.ndjson", "x.csv"], [move, os.unlink, replace]):
            path = os.path.join(folder, name)
            peer.counts.clear()
            run = start("fetch", peer.url("slow/200/1"), "--into", path)
            wait_for(peer, "/slow/200/1")
            change(path)
            done = finish(run)
            expect_exit(done, 1)
            expect_says(done, name, "moved, removed or replaced")
            if change == replace:
                with open(path, encoding="utf-8") as file:
                    expect_equal(file.read(), "mine\n")
            for left in os.listdir(folder):
                os.unlink(os.path.join(folder, left))


@case
def a_symbolic_link_is_followed_also_to_nothing(folder):
    os.mkdir(os.path.join(folder, "real"))
    with Peer() as peer:
        for name in ("x.db", "x.ndjson", "x.csv"):
            link, real = os.path.join(folder, name), os.path.join(folder, "real", "y-" + name)
            os.symlink(os.path.join("real", "y-" + name), link)
            idle = start_idle(link, real)
            idle.send_signal(signal.SIGTERM)
            idle.wait(30)
            finish(idle)
            expect(os.path.islink(link) and not os.path.exists(real), "as it was")
            expect_exit(fetch(peer.url("ok/{1..3}"), "--into", link), 0)
            expect_exit(fetch(peer.url("ok/{1..4}"), "--into", link, "--resume"), 0)
            expect_equal(len(read_target(real)), 4)
            expect_exit(fetch(peer.url("ok/9"), "--into", link, "--replace"), 0)
            expect_equal(len(read_target(link)), 1)
            expect(os.path.islink(link), "the link is one still")
        os.symlink("nowhere/x.db", os.path.join(folder, "lost.db"))
        done = fetch(peer.url("ok/1"), "--into", os.path.join(folder, "lost.db"))
        expect_exit(done, 1)
        expect_says(done, "lost.db", "make the folder")
        os.symlink("ring.csv", os.path.join(folder, "ring.csv"))
        expect_exit(fetch(peer.url("ok/1"), "--into", os.path.join(folder, "ring.csv")), 1)


@case
def a_named_pipe_waits_for_its_reader(folder):
    with Peer() as peer:
        for name, count in (("x.ndjson", 3), ("x.csv", 4)):
            path = os.path.join(folder, name)
            os.mkfifo(path)
            run = start("fetch", peer.url("ok/{1..3}"), "--into", path)
            with open(path, "rb") as file:
                expect_equal(len(file.read().splitlines()), count)
            expect_exit(finish(run), 0)
        # Without a reader it waits, and can be interrupted.
        run = start("fetch", peer.url("ok/waits"), "--into", path)
        while len(os.listdir(f"/proc/{run.pid}/task")) < 2:    # a thread opens the pipe
            expect(run.poll() is None, "it has ended")
        run.send_signal(signal.SIGTERM)
        expect_exit(finish(run), 130)
        expect_equal(peer.counts["/ok/waits"], 0)
        # A reader that goes early ends the run.
        run = start("fetch", peer.url("size/100000/{1..40}"), "--into", path)
        with open(path, "rb") as file:
            file.read(1)
        finish(run)


@case
def closed_standard_descriptors_lead_to_no_target(folder):
    def close_all():
        for fd in (0, 1, 2):
            os.close(fd)

    with Peer() as peer:
        for name in ("x.ndjson", "x.csv", "x.db"):
            path = os.path.join(folder, name)
            run = start("fetch", peer.url("ok/{1..3}"), "--into", path, preexec_fn=close_all)
            expect_exit(finish(run), 0)
            expect_equal(len(read_target(path)), 3)
        done = finish(start("fetch", peer.url("ok/1"), preexec_fn=lambda: os.close(1)))
        expect_exit(done, 1)
        expect_says(done, "standard output can't be written")


@case
def a_summary_that_cant_be_written_is_told(folder):
    path = os.path.join(folder, "x.ndjson")
    with Peer() as peer, open("/dev/full", "wb") as full:
        for words in (["fetch", peer.url("ok/1"), "--into", path, "--json-summary"], ["fetch", "--help"]):
            done = finish(start(*words, stdout=full))
            expect_exit(done, 1)
            expect_says(done, "standard output can't be written")
        done = finish(start("fetch", peer.url("ok/1"), stdout=full))
        expect_exit(done, 1)
        expect_says(done, "standard output can't be written: No space left on device")
        expect("--resume" not in done.err, "standard output can't be resumed")


@case
def a_file_that_is_no_work_of_ours_is_refused_once(folder):
    path = os.path.join(folder, "x.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        file.write("mine\nand mine\n")
    done = fetch("http://127.0.0.1:1/", "--into", path, "--resume")
    expect_exit(done, 1)
    expect_says(done, "row 1 of the file isn't one that eddy fetch has written")
    expect_equal(done.err.count("name another file"), 1)


@case
def passwords_are_neither_stored_nor_shown(folder):
    secret = "s3cret"
    with Peer() as peer:
        for name in ("x.db", "x.ndjson", "x.csv"):
            path = os.path.join(folder, name)
            url = peer.url(f"ok/{name}").replace("://", f"://alice:{secret}@")
            other = url.replace("alice", "bob")
            again = url.replace(secret, secret + "2")
            done = fetch(url, other, again, "--into", path, "-v")
            expect_exit(done, 0)
            expect_equal(set(read_target(path)), {url.replace(":" + secret, ""), other.replace(":" + secret, "")})
            resumed = fetch(url, other, "--into", path, "--resume", "-v")
            expect_says(resumed, "2 there already")
            failed = fetch(f"http://alice:{secret}@127.0.0.1:1/", "--into", path, "--resume", "-v", "--retries", 0)
            expect_exit(failed, 1)
            for shown in (done, resumed, failed):
                expect(secret not in shown.err, f"{shown!r}")
            for left in os.listdir(folder):
                with open(os.path.join(folder, left), "rb") as file:
                    expect(secret.encode() not in file.read(), f"{left} holds the password")
        for wrong in (f"http://alice:{secret}@127.0.0.1/{{1..", f"ftp://alice:{secret}@127.0.0.1/"):
            done = fetch(wrong, "--into", os.path.join(folder, "y.db"))
            expect_exit(done, 2)
            expect(secret not in done.err, f"{done!r}")
        done = fetch("--urls", "-", "--into", os.path.join(folder, "y.db"),
                     feed=f"ftp://alice:{secret}@127.0.0.1/\n".encode())
        expect(done.status == 1 and secret not in done.err, f"{done!r}")


@case
def two_runs_on_a_text_never_lose_rows(folder):
    walk_all(folder, KINDS[:2], 2)


@case
def two_runs_on_a_table_never_lose_rows(folder):
    walk_all(folder, KINDS[2:3], 4)


@case
def two_runs_on_two_tables_never_lose_rows(folder):
    walk_all(folder, KINDS[3:], 4)


main()
