# SPDX-License-Identifier: MIT
"""Locks, events, conditions, semaphores and barriers."""

import collections

from spec.loop import Failure, Future

ALL = 10**9  # waiters


class Lock:
    def __init__(self, loop):
        self.loop, self.is_locked, self.waiters = loop, False, collections.deque()

    def locked(self):
        return self.is_locked

    def acquire(self):
        if not self.is_locked and all(waiter.cancelled() for waiter in self.waiters):
            self.is_locked = True
            return
        future = Future(self.loop)
        self.waiters.append(future)
        try:
            try:
                yield from future.wait()
            finally:
                self.waiters.remove(future)
        except Failure as error:
            if error.kind == "Cancelled" and not self.is_locked:
                self.wake()
            raise
        self.is_locked = True

    def wake(self):
        if self.waiters:
            self.waiters[0].release()

    def release(self):
        if not self.is_locked:
            raise Failure("Runtime")
        self.is_locked = False
        self.wake()


class Event:
    def __init__(self, loop, is_set=False):
        self.loop, self.is_set, self.waiters = loop, is_set, []

    def set(self):
        if not self.is_set:
            self.is_set = True
            for waiter in self.waiters:
                waiter.release()

    def wait(self):
        if self.is_set:
            return
        future = Future(self.loop)
        self.waiters.append(future)
        try:
            yield from future.wait()
        finally:
            self.waiters.remove(future)


class Condition:
    def __init__(self, loop, lock=None):
        self.loop, self.lock, self.waiters = loop, lock or Lock(loop), []

    def locked(self):
        return self.lock.is_locked

    def acquire(self):
        return self.lock.acquire()

    def release(self):
        self.lock.release()

    def wait(self):
        if not self.lock.is_locked:
            raise Failure("Runtime")
        future = Future(self.loop)
        self.lock.release()
        try:
            yield from self.wait_unlocked(future)
        except Failure:
            self.wake(1)
            raise

    def wait_unlocked(self, future):
        last = None
        self.waiters.append(future)
        try:
            yield from future.wait()
        except Failure as error:
            last = error
        self.waiters.remove(future)
        while True:
            try:
                yield from self.lock.acquire()
                break
            except Failure as error:
                last = error
        if last is not None:
            raise last

    def wake(self, count):
        for waiter in [each for each in self.waiters if not each.done()][:count]:
            waiter.release()

    def notify(self, count):
        if not self.lock.is_locked:
            raise Failure("Runtime")
        self.wake(count)

    def wait_for(self, predicate):
        while not predicate():
            yield from self.wait()


class Semaphore:
    def __init__(self, loop, value, is_bounded):
        if value < 0:
            raise Failure("Value")
        self.loop, self.value, self.waiters = loop, value, collections.deque()
        self.bound = value if is_bounded else None

    def locked(self):
        return self.value == 0 or any(not waiter.cancelled() for waiter in self.waiters)

    def acquire(self):
        if not self.locked():
            self.value -= 1
            return
        future = Future(self.loop)
        self.waiters.append(future)
        try:
            try:
                yield from future.wait()
            finally:
                self.waiters.remove(future)
        except Failure as error:
            if error.kind == "Cancelled" and future.done() and not future.cancelled():
                self.value += 1
            raise
        finally:
            while self.value > 0 and self.wake():
                pass

    def wake(self):
        """Whether there was somebody to wake."""
        for waiter in self.waiters:
            if not waiter.done():
                self.value -= 1
                waiter.release()
                return True
        return False

    def release(self):
        if self.bound is not None and self.value >= self.bound:
            raise Failure("Value")
        self.value += 1
        self.wake()


class Barrier:
    def __init__(self, loop, parties):
        if parties < 1:
            raise Failure("Value")
        self.condition, self.parties = Condition(loop), parties
        self.state, self.inside = "filling", []  # who waits, each at its index

    def wait(self):
        yield from self.condition.acquire()
        try:
            yield from self.condition.wait_for(lambda: self.state not in ("draining", "resetting"))
            if self.state == "broken":
                raise Failure("BrokenBarrier")
            party = object()
            self.enter(party)
            try:
                yield from self.stay()
                index = self.index_of(party)
            finally:
                self.leave(party)
            return index
        finally:
            self.condition.release()

    def enter(self, party):
        self.inside.append(party)

    def index_of(self, party):
        return self.inside.index(party)

    def stay(self):
        if len(self.inside) == self.parties:
            self.state = "draining"
            self.condition.wake(ALL)
        else:
            yield from self.condition.wait_for(lambda: self.state != "filling")
            if self.state in ("broken", "resetting"):
                raise Failure("BrokenBarrier")

    def leave(self, party):
        """While it fills, the index of the one that leaves goes to the last (gh-155233)."""
        place = self.inside.index(party)
        if self.state != "filling":
            self.inside[place] = None
        else:
            last = self.inside.pop()
            if last is not party:
                self.inside[place] = last
        if not any(self.inside):
            self.inside = []
            if self.state in ("resetting", "draining"):
                self.state = "filling"
            self.condition.notify(ALL)

    def change(self, make_state):
        yield from self.condition.acquire()
        self.state = make_state()
        self.condition.notify(ALL)
        self.condition.release()

    def abort(self):
        return self.change(lambda: "broken")

    def reset(self):
        return self.change(lambda: "resetting" if self.inside else "filling")



class RecordedBarrier(Barrier):
    """As in CPython 3.14.2: the index is the number of tasks inside, given twice (gh-155233)."""

    def __init__(self, loop, parties):
        super().__init__(loop, parties)
        self.indices = {}

    def enter(self, party):
        self.indices[party] = len(self.inside)
        super().enter(party)

    def index_of(self, party):
        return self.indices[party]
