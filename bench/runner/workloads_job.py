# SPDX-License-Identifier: MIT
"""S1: the main job, whole: 20,000 documents from nginx into a database.

Into SQLite beside aiohttp with aiosqlite, into PostgreSQL beside aiohttp with asyncpg; as tutorials
have it, in chunks of 5, and 100 at a time. What has landed is counted after each run.
"""

import os
import sqlite3
import subprocess
import time

from .processes import PROGRAM_CORE, pinned
from .programs import EDDY, PEER, Failed, Program
from .servers import Postgres, nginx


class JobWorkloads:
    def __init__(self, bench):
        self.bench = bench
        self.peers = bench.peers
        self.count = 4_000 if bench.quick else 20_000
        self.programs = []
        self.postgres = None

    def s1(self):
        database = os.path.join(self.bench.scratch, "documents.db")
        for variant, how, at_once, options in (
                ("SQLite, chunks of 5", "chunks", 5, ["--batch", "5"]),
                ("SQLite, 100 at a time", "stream", 100, [])):
            self._add(variant, "eddy", EDDY, self._fetch(database, at_once, options),
                      lambda: _sqlite_count(database))
            script = self.peers.script("s1_pipeline/py_aiohttp_aiosqlite.py")
            self._python(variant, "aiosqlite", lambda port, script=script, at_once=at_once, how=how: [
                script, f"http://127.0.0.1:{port}", database, self.count, at_once, how],
                lambda: _sqlite_count(database))
        try:
            self.postgres = Postgres()
        except Failed as failure:
            self.peers.leave_out("postgresql", str(failure))
            return
        self._s1_postgres()

    def _s1_postgres(self):
        for variant, how, at_once, options in (
                ("PostgreSQL, chunks of 5", "chunks", 5, ["--batch", "5"]),
                ("PostgreSQL, 100 at a time", "limit", 100, [])):
            if self._knows_postgres():
                into = f"postgresql:///postgres?host={self.postgres.folder}&user=postgres"
                self._add(variant, "eddy", EDDY, self._fetch(into, at_once, options),
                          lambda: self.postgres.query("SELECT count(DISTINCT url) FROM documents"))
            script = self.peers.script("s1_pipeline/py_aiohttp_asyncpg.py")
            self._python(variant, "asyncpg", lambda port, script=script, at_once=at_once, how=how: [
                script, port, self.postgres.folder, how, self.count, at_once],
                lambda: self.postgres.query("SELECT count(DISTINCT id) FROM people"))

    def close(self):
        if self.postgres:
            self.postgres.stop()

    # ---- inside ------------------------------------------------------------------------------

    def _eddy(self):
        return os.path.join(self.bench.build, "tools", "eddy")

    def _knows_postgres(self):
        text = subprocess.run([self._eddy(), "fetch", "--help"], capture_output=True, text=True,
                              check=False).stdout
        return "postgres" in text.lower()

    def _fetch(self, into, at_once, options):
        def command(port):
            return [self._eddy(), "fetch", f"http://127.0.0.1:{port}/people/{{1..{self.count}}}/",
                    "--into", into, "--quiet", "--concurrency", at_once, *options]
        return command

    def _python(self, variant, module, arguments, landed):
        if not (self.peers.has_module("aiohttp") and self.peers.has_module(module)):
            return
        for loop in ("asyncio", "uvloop"):
            if loop == "uvloop" and not self.peers.has_module("uvloop"):
                continue
            tail = ["uvloop"] if loop == "uvloop" else []
            self._add(variant, f"aiohttp {module}" + " uvloop" * bool(tail), PEER,
                      lambda port, tail=tail: [self.peers.python, *arguments(port), *tail], landed)

    def _add(self, variant, name, kind, command, landed):
        def measure():
            with nginx(self.peers, self.bench.scratch) as port:
                self._clear()
                figures = _whole_process(command(port), self.count)
            if int(landed()) != self.count:
                raise Failed(f"{landed()} documents have landed, not {self.count}")
            return figures
        self.programs.append(Program("s1", variant, name, kind, measure))

    def _clear(self):
        for name in ("", "-wal", "-shm"):
            path = os.path.join(self.bench.scratch, "documents.db" + name)
            if os.path.exists(path):
                os.unlink(path)
        if self.postgres:
            self.postgres.query("DROP TABLE IF EXISTS documents; TRUNCATE people")


def _whole_process(command, count):
    """Time, processor time and memory of a process and what it has started, its start included."""
    began = time.perf_counter()
    process = subprocess.Popen(pinned(PROGRAM_CORE, command), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - began
    if process.returncode != 0:
        raise Failed(f"ended with {process.returncode}")
    return {"per_s": count / took, "rss_kb": usage.ru_maxrss,
            "cpu_us_per_op": (usage.ru_utime + usage.ru_stime) * 1e6 / count}


def _sqlite_count(path):
    with sqlite3.connect(path) as db:
        count = db.execute("SELECT count(DISTINCT url) FROM documents "
                           "WHERE status = 200 AND json_valid(body)").fetchone()[0]
    db.close()
    return count
