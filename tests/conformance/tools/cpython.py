# SPDX-License-Identifier: MIT
"""
CPython's side: the version that the traces of record come from, whatever Python runs this.

It comes as the npm package pyodide (CPython as WebAssembly), which npm fetches once, from wherever
it is set up to, into a folder that is kept. reference.py runs in it, on CPython's own asyncio.
"""

import json
import os
import shutil
import subprocess
import tempfile

from eddy import as_line

VERSION = "3.14.2"
PACKAGE = "pyodide@314.0.7"
HERE = os.path.dirname(os.path.abspath(__file__))

# What README.md, section 9, leaves out shows as the last event.
LEFT_OUT = ("leftover", "limit", "artefact")


class Unavailable(Exception):
    """There is no such CPython here; the words say why."""


class CPython:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)

    def install(self):
        """Makes sure that it is there and of the right version, or raises Unavailable."""
        if shutil.which("node") is None:
            raise Unavailable("there is no node")
        if not os.path.isdir(os.path.join(self.folder, "node_modules", "pyodide")):
            self._fetch()
        shutil.copy(os.path.join(HERE, "py.mjs"), self.folder)
        try:
            version = self._call([os.path.join(HERE, "reference.py"), "--version"], 120).strip()
        except RuntimeError as error:
            raise Unavailable(f"pyodide does not start: {error}") from None
        if version != VERSION:
            raise Unavailable(f"pyodide holds CPython {version}, not {VERSION}")

    def _fetch(self):
        if shutil.which("npm") is None:
            raise Unavailable("there is no npm")
        os.makedirs(self.folder, exist_ok=True)
        try:
            subprocess.run(["npm", "install", "--silent", "--prefix", self.folder, PACKAGE],
                           check=True, capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
        except (subprocess.SubprocessError, OSError):
            raise Unavailable(f"npm can't fetch {PACKAGE}") from None

    def run(self, programs):
        """
        Returns (program, trace) pairs, without the programs that section 9 leaves out: those that
        say so in the pure-Python asyncio, and those that the accelerated one runs differently.
        """
        pure = self._traces(programs, "--pure")
        kept = [(program, trace) for program, trace in zip(programs, pure)
                if trace[-1][2] not in LEFT_OUT and "BUG" not in as_line(trace)]
        accelerated = self._traces([program for program, _ in kept])
        return [pair for pair, trace in zip(kept, accelerated) if trace == pair[1]]

    def _traces(self, programs, *options):
        with tempfile.TemporaryDirectory() as folder:
            source, target = os.path.join(folder, "programs"), os.path.join(folder, "traces")
            with open(source, "w", encoding="ascii") as file:
                file.writelines(as_line(program) + "\n" for program in programs)
            self._call([os.path.join(HERE, "reference.py"), source, target, *options],
                       60 + len(programs))
            with open(target, encoding="ascii") as file:
                return [json.loads(line)["trace"] for line in file]

    def _call(self, arguments, seconds):
        try:
            done = subprocess.run(["node", "py.mjs", *arguments], check=False, cwd=self.folder,
                                  capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"no answer for {seconds} s") from None
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip()[-2000:])
        return done.stdout
