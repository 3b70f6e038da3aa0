# SPDX-License-Identifier: MIT
"""
fault_support.py: running the command with the shim that makes calls of libc fail or wait
(fault_shim.c says how). $FAULT_SHIM is its path.
"""

import contextlib
import os
import select
import subprocess
import tempfile

from fetch_support import Skip, clean_environment, expect, start


# A path of the shim without spaces, at which LD_PRELOAD would be split. Made before threads run.
links = tempfile.TemporaryDirectory(prefix="eddy-shim-")
shim_path = os.path.join(links.name, "fault_shim.so")
os.symlink(os.path.abspath(os.environ.get("FAULT_SHIM", "none")), shim_path)


def shim_environment(call, at, **plan):
    if not os.path.exists(shim_path):
        raise Skip("the shim has not been built")
    more = {"FAULT_" + name.upper(): str(value) for name, value in plan.items()}
    return clean_environment(LD_PRELOAD=shim_path, FAULT_CALL=call, FAULT_AT=str(at), **more)


class Paused:
    """The command, which waits in the `at`-th call that is about `path`."""

    def __init__(self, at, path, *words, call="any"):
        self.folder = tempfile.TemporaryDirectory(prefix="eddy-pause-")
        self.fifo = os.path.join(self.folder.name, "fifo")
        os.mkfifo(self.fifo)
        self.reader = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.writer = -1
        self.process = start(*words, stdin=subprocess.PIPE,
                             env=shim_environment(call, at, path=path, pause=self.fifo))

    def wait(self, timeout=60):
        """Whether it has reached the call; False when it has ended before."""
        ended = os.pidfd_open(self.process.pid)
        try:
            poll = select.poll()
            poll.register(self.reader, select.POLLIN | select.POLLHUP)
            poll.register(ended, select.POLLIN)
            events = dict(poll.poll(timeout * 1000))
            expect(events, "neither paused nor ended")
            return self.reader in events
        finally:
            os.close(ended)

    def release(self):
        if self.writer < 0:
            self.writer = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        for fd in (self.reader, self.writer):
            with contextlib.suppress(OSError):
                os.close(fd)
        self.folder.cleanup()
