# SPDX-License-Identifier: MIT
"""Eddy's side: the interpreter of the language, build/tests/conformance/run, as a function."""

import json
import os
import re
import subprocess
import tempfile

FAILED = re.compile(r"(?:(?P<place>\S+:\d+): )?FAILED (?P<what>.*)")
SUMMARY = re.compile(r"(\d+) passed, (\d+) failed")
SECONDS_MAX = 20  # for one program; a corpus gets more


def as_line(thing):
    return json.dumps(thing, separators=(",", ":"))


def write_corpus(path, entries):
    """Writes (program, trace) pairs as a corpus."""
    with open(path, "w", encoding="ascii") as corpus:
        for program, trace in entries:
            entry = {"name": program["name"], "program": program, "trace": trace}
            corpus.write(as_line(entry) + "\n")


class Eddy:
    """Runs programs. Its instances are the same wherever they are: they hold one path."""

    def __init__(self, run):
        self.run = os.path.abspath(run)

    def check(self, entries):
        """Runs (program, trace) pairs; returns the set of the names whose traces differ."""
        with tempfile.TemporaryDirectory() as folder:
            corpus = os.path.join(folder, "corpus.jsonl")
            write_corpus(corpus, entries)
            done = self._call([corpus], 60 + len(entries))
            if not SUMMARY.search(done.stdout):
                done = self._call(["--jobs", "2", corpus], 120 + len(entries))  # survives a crash
        summary = SUMMARY.search(done.stdout)
        if summary is None or int(summary[1]) + int(summary[2]) != len(entries):
            raise RuntimeError(f"{self.run}: {done.stdout[-500:]}{done.stderr[-2000:]}")
        what = [match["what"] for match in map(FAILED.match, done.stdout.splitlines()) if match]
        return {words.split(":")[0] for words in what}

    def trace(self, program):
        """Runs one program; what ends the interpreter is the only event of its trace then."""
        with tempfile.TemporaryDirectory() as folder:
            corpus = os.path.join(folder, "corpus.jsonl")
            write_corpus(corpus, [(program, [])])
            done = self._call(["--trace", corpus], SECONDS_MAX)
        try:
            return json.loads(done.stdout)["trace"]
        except (ValueError, KeyError):
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            return [["crash", done.returncode, *last]]

    def _call(self, arguments, seconds):
        try:
            return subprocess.run([self.run, *arguments], check=False, capture_output=True,
                                  text=True, errors="replace", timeout=seconds)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess([], -14, "", f"hung for {seconds} s")
