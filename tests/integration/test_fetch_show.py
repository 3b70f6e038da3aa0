# SPDX-License-Identifier: MIT
"""test_fetch_show.py: what `eddy fetch` prints, where, and how little memory it takes."""

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time

from fetch_support import (Skip, case, clean_environment, eddy_path, expect, expect_equal,
                           expect_exit, expect_says, fetch, finish, main, nginx, read_database,
                           read_ndjson, start)
from peer_server import Peer


def fetch_on_terminal(*words, columns=70, **env):
    """Runs with a terminal as standard error; returns its exit status and what it drew."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = start("fetch", *words, stderr=theirs, stdout=subprocess.DEVNULL,
                    env=clean_environment(TERM="xterm", LANG="C.UTF-8", LC_ALL="", **env))
    os.close(theirs)
    drawn = b""
    with contextlib.suppress(OSError):  # which Linux gives at the end
        while data := os.read(ours, 65536):
            drawn += data
    os.close(ours)
    return process.wait(), drawn.decode()


@case
def a_terminal_shows_a_bar_and_the_summary(folder):
    with Peer() as peer:
        path = os.path.join(folder, "x.db")
        urls = peer.url("{slow,404}/50/{1..10}")
        status, drawn = fetch_on_terminal(urls, "--into", path, "-c", 4)
        expect_equal(status, 0)
        expect("█" in drawn and "20/20" in drawn and "100%" in drawn, f"a bar: {drawn!r}")
        expect("\033[32m" in drawn, f"in colour: {drawn!r}")
        expect("10 loaded, 10 not found, 0 failed: 20 URLs in " in drawn, f"a summary: {drawn!r}")
        for line in re.split("[\r\n]", re.sub("\033\\[[0-9]*[mK]", "", drawn)):
            expect("loaded" in line or len(line) < 70, f"{line!r} fits the terminal")


# Makes the terminal at descriptor 0 its own, and runs the words after it in the background.
IN_BACKGROUND = """
import fcntl, os, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.tcsetpgrp(0, os.getpgrp())
sys.exit(subprocess.run(sys.argv[1:], preexec_fn=os.setpgrp).returncode)
"""


@case
def in_the_background_no_bar_is_drawn(folder):
    with Peer() as peer:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", IN_BACKGROUND, eddy_path(), "fetch",
             peer.url("slow/100/{1..10}"), "-c", "2"],
            stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs, start_new_session=True,
            env=clean_environment(TERM="xterm"))
        os.close(theirs)
        drawn = b""
        with contextlib.suppress(OSError):
            while data := os.read(ours, 65536):
                drawn += data
        os.close(ours)
        expect_equal(process.wait(), 0)
        expect(b"\033" not in drawn and b"/10" not in drawn, f"no bar: {drawn!r}")
        expect(b"10 loaded" in drawn, f"but a summary: {drawn!r}")


@case
def the_bar_tells_how_long_a_host_is_paused(folder):
    with Peer() as peer:
        status, drawn = fetch_on_terminal(peer.url("wait/2/{1..3}"), columns=100)
        expect_equal(status, 0)
        expect(f"127.0.0.1:{peer.port} paused 0:02" in drawn, f"{drawn!r}")


@case
def the_reasons_are_told_with_counts_and_an_example(folder):
    with Peer() as peer:
        words = [peer.url("{ok,401,404,500,cut}/{1..3}"), peer.url("404/4"), "--retries", 0,
                 "--into", os.path.join(folder, "x.db")]
        done = fetch(*words, "-c", 1)
        expect_exit(done, 1)
        lines = done.err.splitlines()
        expect_equal(lines[0].split(), ["4", "status", "404:", peer.url("404/1")])
        expect("3 loaded, 4 not found, 3 refused, 6 failed" in lines[4], f"{lines}")
        for text in ("3  status 401: " + peer.url("401/1"), "3  status 500: " + peer.url("500/1")):
            expect_says(done, text)
        cut = [line for line in lines if line.endswith(peer.url("cut/1"))]
        expect(len(cut) == 1 and cut[0].split()[0] == "3", f"{lines}")
        done = fetch(*words, "--replace", "--json-summary")
        reasons = {row["reason"]: (row["count"], row["example"])
                   for row in json.loads(done.out)["reasons"]}
        expect_equal(reasons["status 404"][0], 4)
        expect(reasons["status 500"][1].startswith(peer.url("500/")), f"{reasons}")


@case
def verbose_tells_each_url(folder):
    with Peer() as peer:
        done = fetch(peer.url("{ok,404}/{1..2}"), peer.url("fail/1/x"), "-v")
        expect_exit(done, 0)
        for number in (1, 2):
            expect_says(done, f"eddy fetch: {peer.url(f'404/{number}')}: status 404\n")
        expect_says(done, f"eddy fetch: {peer.url('fail/1/x')}: status 503; tried again in ")
        expect(peer.url("ok/1") not in done.err, f"{done!r}")


@case
def no_color_means_none(folder):
    with Peer() as peer:
        status, drawn = fetch_on_terminal(peer.url("slow/30/{1..10}"), NO_COLOR="1")
        expect_equal(status, 0)
        expect("10/10" in drawn and "\033[3" not in drawn, f"{drawn!r}")


@case
def a_log_gets_a_line_every_few_seconds(folder):
    with Peer() as peer:
        done = fetch(peer.url("slow/700/{1..9}"), "-c", 1)
        expect_exit(done, 0)
        expect("\r" not in done.err and "\033" not in done.err, f"{done!r}")
        lines = done.err.splitlines()
        expect_equal(len(lines), 2, f"{done!r}")
        expect(re.match(r"7 of 9 \(77 %\), 1\.\d/s, 0 failed, ", lines[0]), f"{lines[0]!r}")


@case
def quiet_is_quiet_but_for_errors(folder):
    with Peer() as peer:
        done = fetch(peer.url("{ok,404,500}/1"), "--quiet", "--retries", 0)
        expect_exit(done, 1)
        expect_equal(done.err, "")
        expect_equal(len(read_ndjson(done.out)), 3)
        expect_says(fetch("http://h/{", "--quiet"), "eddy fetch: ")


@case
def the_summary_is_there_for_programs(folder):
    with Peer() as peer:
        words = [peer.url("{ok,404,403,500}/{1..3}"), peer.url("ok/1"), "--retries", 0,
                 "--json-summary"]
        done = fetch(*words, "--into", os.path.join(folder, "x.db"))
        expect_exit(done, 1)
        expect_equal(done.err, "")
        summary = json.loads(done.out)
        for name, value in {"urls": 12, "loaded": 3, "not_found": 3, "refused": 3, "failed": 3,
                            "repeated": 1, "skipped": 0, "retries": 0,
                            "interrupted": False}.items():
            expect_equal(summary[name], value, name)
        # Documents on standard output leave it to standard error.
        done = fetch(*words)
        expect_equal(len(read_ndjson(done.out)), 12)
        expect_equal(json.loads(done.err)["urls"], 12)


@case
def standard_output_gets_the_documents_and_nothing_else(folder):
    with Peer() as peer:
        for words in ([], ["--into", "-"]):
            done = fetch(peer.url("ok/{1..20}"), *words)
            expect_exit(done, 0)
            expect_equal(len(read_ndjson(done.out)), 20)
            expect_says(done, "20 loaded")
        done = fetch(peer.url("ok/{1..3}"), "--into", "csv:-")
        expect_exit(done, 0)
        expect_equal(done.out.count(b"\r\n"), 4)


@case
def a_closed_pipe_ends_quietly(folder):
    with Peer() as peer:
        process = start("fetch", peer.url("ok/{1..100000}"), "-c", 20)
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        expect_equal(process.wait(10), 0)
        expect_equal(err, b"")


@case
def a_reader_that_stops_reading_slows_the_job_down(folder):
    with Peer() as peer:
        process = start("fetch", peer.url("size/20000/{1..3000}"), "-c", 20)
        process.stdout.readline()
        count = -1
        while count != (count := sum(peer.counts.values())):
            time.sleep(0.3)
        expect(count < 3000, "it went on although nobody takes the rows")
        done = finish(process)
        expect_exit(done, 0)
        expect_equal(sum(peer.counts.values()), 3000)


@case
def closed_standard_streams_do_no_harm(folder):
    with Peer() as peer:
        path = os.path.join(folder, "x.db")
        words = [eddy_path(), "fetch", peer.url("ok/{1..3}"), "--into", path, "--replace"]
        for streams in ("<&- >&- 2>&-", "<&-", "2>&-"):
            subprocess.run(["sh", "-c", f'"$@" {streams}', "sh", *words], check=True,
                           capture_output=True, env=clean_environment())
            expect_equal(len(read_database(path)), 3)


def peak_memory(*words):
    """Runs a job; returns its greatest resident size in KiB, but for the last moment's."""
    with open(eddy_path(), "rb") as file:
        if b"__asan_init" in file.read():
            raise Skip("a sanitizer's books are part of the memory")
    process = start("fetch", *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:  # what wait4(2) tells begins with the size of the forking parent
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
            peak = max([peak] + [int(line.split()[1]) for line in file if "VmHWM" in line])
        time.sleep(0.005)
    expect_equal(process.returncode, 0, "exit status")
    return peak


@case
def memory_is_flat_however_many_urls_there_are(folder):
    with nginx(folder) as base:
        few, many = 2000, 50000
        sizes = {count: peak_memory(f"{base}/made/{{1..{count}}}", "-c", 100, "--into",
                                    os.path.join(folder, f"{count}.db")) for count in (few, many)}
        # What grows is the set of URLs that have come: 19 bytes each.
        growth = sizes[many] - sizes[few] - (many - few) * 19 // 1024
        print(f"# {few} URLs: {sizes[few]} KiB; {many} URLs: {sizes[many]} KiB")
        expect(growth < 6000, f"grown by {growth} KiB")
        expect(sizes[many] < 64 * 1024, f"{sizes[many]} KiB")


@case
def a_long_list_is_never_in_memory(folder):
    with nginx(folder) as base:
        path = os.path.join(folder, "urls")
        with open(path, "w") as file:
            for _ in range(20):  # 20 MB of which nearly all is repeated
                file.writelines(f"{base}/made/{number % 1000:0950}\n" for number in range(1000))
        size = peak_memory("--urls", path, "-c", 20, "--into", os.path.join(folder, "x.db"))
        expect(size < 48 * 1024, f"{size} KiB")


main()
