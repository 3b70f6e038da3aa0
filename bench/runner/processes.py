# SPDX-License-Identifier: MIT
"""Starting programs on a core of their own, and asking the kernel what they cost."""

import contextlib
import mmap
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from .programs import Failed, parse_figures

_CORES = sorted(os.sched_getaffinity(0))
PROGRAM_CORE = str(_CORES[0])                       # what is measured
LOAD_CORE = str(_CORES[1 if len(_CORES) > 1 else 0])  # its load, or the server it talks to
BOTH_CORES = f"{PROGRAM_CORE},{LOAD_CORE}"
_TICKS = os.sysconf("SC_CLK_TCK")


def pinned(core, command):
    return ["taskset", "-c", core, *map(str, command)]


def output_of(command, core, seconds=180):
    """The standard output of a command that must succeed."""
    done = subprocess.run(pinned(core, command), capture_output=True, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise Failed(f"ended with {done.returncode}: {why}")
    return done.stdout


def run_alone(command, core=PROGRAM_CORE):
    """Runs a program that measures itself; the figures are its last line."""
    lines = output_of(command, core).strip().splitlines()
    figures = parse_figures(lines[-1]) if lines else {}
    if not figures:
        raise Failed("printed no figures")
    return figures


def touch_memory(size):
    """Gets pages from the machine that ours runs on, before somebody is measured who needs as many.

    A virtual machine gives back what is free for a while; to have such a page again takes several
    microseconds, and whoever runs first would pay for it.
    """
    populate_write = 23  # MADV_POPULATE_WRITE, Linux 5.14
    with contextlib.suppress(OSError), mmap.mmap(-1, size) as memory:
        memory.madvise(populate_write)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for_port(port, process):
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                raise Failed(f"ended with {process.returncode} before it listened") from None
            time.sleep(0.01)
    raise Failed("does not listen")


@contextlib.contextmanager
def running(command, core, port=None):
    """A server, until the end of the block; it listens on `port` by then."""
    process = subprocess.Popen(pinned(core, command), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if port:
            wait_for_port(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Usage:
    """What a process has used so far, by /proc."""

    def __init__(self, pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            words = file.read().rpartition(")")[2].split()
        self.wall = time.monotonic()
        self.user, self.system = int(words[11]) / _TICKS, int(words[12]) / _TICKS
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            self.waited = int(file.read().split()[1]) / 1e9
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            self.most_kb = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))

    def figures_since(self, before, operations):
        user, system = self.user - before.user, self.system - before.system
        wall = self.wall - before.wall
        return {
            "cpu_us_per_op": (user + system) * 1e6 / operations,
            "user_us_per_op": user * 1e6 / operations,
            "cpu_pct": (user + system) * 100 / wall,
            "waited_pct": (self.waited - before.waited) * 100 / wall,
            "rss_kb": self.most_kb,
        }


def worker_of(pid):
    """The process that does the work: nginx's first child, or the process itself."""
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        if file.read().strip() != "nginx":
            return pid
    for _ in range(500):  # it listens before it has a child
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        if children:
            return int(children[0])
        time.sleep(0.01)
    raise Failed("nginx has started no worker")


def run_served(command, port, load, core=PROGRAM_CORE):
    """Runs a server and puts `load` on it, a function that returns figures and a total."""
    with running(command, core, port) as process:
        pid = worker_of(process.pid)
        before = Usage(pid)
        figures, total = load(port)
        figures.update(Usage(pid).figures_since(before, total))
    return figures


def echo_load(generator, connections, seconds):
    """Ping-pong of 1 KiB on all connections at once."""
    def load(port):
        out = output_of([generator, port, connections, 1024, seconds], LOAD_CORE)
        return parse_figures(out), int(re.search(r"total=(\d+)", out).group(1))
    return load


def wrk_load(connections, seconds, core=LOAD_CORE, path="/hello"):
    """Requests without pause on all connections at once, by wrk."""
    def load(port):
        out = output_of([shutil.which("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
                         f"http://127.0.0.1:{port}{path}"], core)
        if "Non-2xx" in out or "Socket errors" in out:
            raise Failed("answered with errors: " + " ".join(out.split()[-12:]))
        return figures_of_wrk(out)
    return load


def figures_of_wrk(out):
    """What wrk has printed: figures, and how many requests there were."""
    total = int(re.search(r"(\d+) requests in", out).group(1))
    if total == 0:
        raise Failed("answered nothing")
    # Its table of percentiles; a share such as 97.50% stands further up, at the end of a line.
    taken = dict(re.findall(r"^ *(\d+)% +(\S+)$", out, re.MULTILINE))
    return {
        "per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        "p50_us": _microseconds(taken["50"]),
        "p99_us": _microseconds(taken["99"]),
    }, total


def _microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(\D+)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]
