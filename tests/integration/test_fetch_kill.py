# SPDX-License-Identifier: MIT
"""
test_fetch_kill.py: however a run ends, what has landed is whole, and --resume completes the job
with each URL exactly once. The moments are random; EDDY_SEED repeats a series.
"""

import json
import os
import random
import signal
import sqlite3
import time

from fetch_support import (case, expect, expect_equal, expect_exit, expect_says, fetch, finish,
                           main, nginx, read_ndjson, read_target, start)
from peer_server import Peer

COUNT = 3000  # URLs of one job: a few tenths of a second
SEED = int(os.environ.get("EDDY_SEED", random.randrange(1 << 30)))
print(f"# EDDY_SEED={SEED}")


def check_rows(rows, base):
    """Each row is whole: its body names its own URL."""
    for url, row in rows.items():
        if row["error"] is not None:
            continue
        body = row["body"] if isinstance(row["body"], dict) else json.loads(row["body"])
        expect_equal(base + body["uri"], url, "whose body it is")


def look_at_remains(path, base):
    """After a SIGKILL: how many rows there are. The last line of a text may be torn, no other."""
    if not path.endswith(".db"):
        with open(path, "rb") as file:
            *lines, _ = file.read().split(b"\n")
        for line in lines if path.endswith(".ndjson") else []:
            json.loads(line)
        return len(lines)
    try:
        rows = read_target(path)
    except sqlite3.OperationalError as error:  # killed before the table was made
        expect("no such table" in str(error), f"{error}")
        return 0
    check_rows(rows, base)
    return len(rows)


def kill_and_resume(folder, target, kill_count, signals):
    """Kills so many runs, several of them on one target, and completes each target."""
    chance = random.Random(f"{SEED} {target} {signals}")
    landed, killed, number = [], 0, 0
    with nginx(folder) as base:
        urls = f"{base}/made/{{1..{COUNT}}}"
        began = time.monotonic()
        expect_exit(fetch(urls, "--into", os.path.join(folder, "whole-" + target), "-c", 20,
                          "--batch", 50), 0)
        limit = 0.9 * (time.monotonic() - began)  # as long as one of them takes, undisturbed
        while killed < kill_count:
            number += 1
            path = os.path.join(folder, f"{number}-{target}")
            resume = []
            for _ in range(4):  # several deaths on the way
                process = start("fetch", urls, "--into", path, "-c", 20, "--batch", 50, "-q",
                                *resume)
                time.sleep(chance.random() * limit)
                number_sent = chance.choice(signals)
                process.send_signal(number_sent)
                done = finish(process)
                if done.status == 0:
                    break
                expect(done.status in (-signal.SIGKILL, -signal.SIGINT, -signal.SIGTERM, 130),
                       f"{done!r}")
                killed += 1
                if os.path.exists(path) and number_sent != signal.SIGKILL:
                    rows = read_target(path)
                    landed.append(len(rows))
                    check_rows(rows, base)
                elif os.path.exists(path):
                    landed.append(look_at_remains(path, base))
                resume = ["--resume"]
            done = fetch(urls, "--into", path, "-c", 20, "--resume")
            expect_exit(done, 0)
            rows = read_target(path)
            expect_equal(len(rows), COUNT, f"{target}: rows in the end")
            expect_equal({row["status"] for row in rows.values()}, {200})
            check_rows(rows, base)
    print(f"# {target}: {killed} killed, {number} completed; rows landed at the end of a run: "
          f"{min(landed, default=0)} to {max(landed, default=0)}")


@case
def sigkill_at_any_moment_leaves_a_database_that_resume_completes(folder):
    kill_and_resume(folder, "x.db", 25, [signal.SIGKILL])


@case
def sigkill_at_any_moment_leaves_lines_that_resume_completes(folder):
    kill_and_resume(folder, "x.ndjson", 10, [signal.SIGKILL])


@case
def sigkill_at_any_moment_leaves_csv_that_resume_completes(folder):
    kill_and_resume(folder, "x.csv", 10, [signal.SIGKILL])


@case
def sigint_and_sigterm_at_any_moment_leave_what_resume_completes(folder):
    for target in ("x.db", "x.ndjson", "x.csv"):
        kill_and_resume(folder, target, 8, [signal.SIGINT, signal.SIGTERM])


@case
def an_interrupt_finishes_what_is_under_way(folder):
    for number in (signal.SIGINT, signal.SIGTERM):
        with Peer() as peer:
            path = os.path.join(folder, f"{number}.db")
            urls = peer.url("slow/300/{1..1000}")
            process = start("fetch", urls, "--into", path, "-c", 5)
            while len(peer.counts) < 8:
                time.sleep(0.005)
            process.send_signal(number)
            done = finish(process)
            expect_exit(done, 130)
            # The first round of five, and what of the second had been asked for: all of it.
            asked = sum(peer.counts.values())
            expect(8 <= asked <= 10, f"{asked} requests")
            expect_says(done, "stopping;", "Ctrl-C again", "Interrupted", "--resume",
                        f"{asked} loaded")
            rows = read_target(path)
            expect_equal(len(rows), asked, "rows")
            expect_equal({row["error"] for row in rows.values()}, {None})


@case
def an_interrupt_records_what_does_not_end(folder):
    with Peer() as peer:
        path = os.path.join(folder, "x.db")
        urls = [peer.url("{ok,hang}/1"), peer.url("500/1")]
        process = start("fetch", *urls, "--into", path, "-c", 5, "--retries", 1000)
        while peer.counts["/500/1"] < 1 or peer.counts["/hang/1"] < 1:
            time.sleep(0.005)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        done = finish(process)
        took = time.monotonic() - began
        expect_exit(done, 130)
        expect(4.5 <= took <= 8, f"took {took} s")
        rows = read_target(path)
        expect_equal(len(rows), 3)
        expect_equal(rows[peer.url("ok/1")]["error"], None)
        expect_equal(rows[peer.url("500/1")]["status"], 500)
        expect("interrupted" in rows[peer.url("hang/1")]["error"], f"{rows}")


@case
def a_second_interrupt_ends_at_once(folder):
    with Peer() as peer:
        path = os.path.join(folder, "x.ndjson")
        process = start("fetch", peer.url("hang/{1..3}"), "--into", path)
        while len(peer.counts) < 3:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        while b"stopping" not in process.stderr.readline():
            pass
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        expect_equal(process.wait(5), 130)
        expect(time.monotonic() - began < 1, "at once")
        expect_equal(read_ndjson(path), {})
        process.communicate()


@case
def an_interrupt_ends_pauses_and_waiting_for_a_list(folder):
    with Peer() as peer:
        for words in ([peer.url("wait/200/1")], [peer.url("ok/{1..9}"), "--rate", "1/m"],
                      ["--urls", "-", peer.url("ok/1")]):
            path = os.path.join(folder, "x.db")
            peer.counts.clear()
            process = start("fetch", *words, "--into", path, "--replace", stdin=-1)
            while not peer.counts:
                time.sleep(0.005)
            time.sleep(0.05)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            done = finish(process)
            expect_exit(done, 130)
            expect(time.monotonic() - began < 2, f"{words}: at once")
            expect_equal(len(read_target(path)), 1)


main()
