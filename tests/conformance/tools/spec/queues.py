# SPDX-License-Identifier: MIT
"""Queues of the three kinds."""

import collections

from spec.loop import Failure, Future
from spec.sync import Event


def wake_first(waiters):
    while waiters:
        waiter = waiters.popleft()
        if not waiter.done():
            waiter.set_result(None)
            break


class Queue:
    def __init__(self, loop, kind="queue", size_max=0):
        self.loop, self.kind, self.size_max, self.items = loop, kind, size_max, []
        self.getters, self.putters = collections.deque(), collections.deque()
        self.unfinished, self.is_shut_down = 0, False
        self.finished = Event(loop, is_set=True)

    def empty(self):
        return not self.items

    def full(self):
        return 0 < self.size_max <= len(self.items)

    def block(self, waiters, must_wait):
        future = Future(self.loop)
        waiters.append(future)
        try:
            yield from future.wait()
        except Failure:
            future.cancel()
            if future in waiters:
                waiters.remove(future)
            if not must_wait() and not future.cancelled():
                wake_first(waiters)
            raise

    def put(self, item):
        while self.full():
            if self.is_shut_down:
                raise Failure("QueueShutDown")
            yield from self.block(self.putters, self.full)
        self.put_nowait(item)

    def put_nowait(self, item):
        if self.is_shut_down:
            raise Failure("QueueShutDown")
        if self.full():
            raise Failure("QueueFull")
        self.items.append(item)
        self.unfinished += 1
        self.finished.is_set = False
        wake_first(self.getters)

    def get(self):
        while self.empty():
            if self.is_shut_down:
                raise Failure("QueueShutDown")
            yield from self.block(self.getters, self.empty)
        return self.get_nowait()

    def get_nowait(self):
        if self.empty():
            raise Failure("QueueShutDown" if self.is_shut_down else "QueueEmpty")
        item = self.take()
        wake_first(self.putters)
        return item

    def take(self):
        if self.kind == "lqueue":
            return self.items.pop()
        first = 0 if self.kind == "queue" else self.items.index(min(self.items))
        return self.items.pop(first)

    def task_done(self):
        if self.unfinished <= 0:
            raise Failure("Value")
        self.unfinished -= 1
        if self.unfinished == 0:
            self.finished.set()

    def join(self):
        if self.unfinished > 0:
            yield from self.finished.wait()

    def shutdown(self, is_immediate):
        self.is_shut_down = True
        if is_immediate:
            self.unfinished = max(self.unfinished - len(self.items), 0)
            self.items.clear()
            if self.unfinished == 0:
                self.finished.set()
        for waiters in (self.getters, self.putters):
            while waiters:
                waiters.popleft().release()
