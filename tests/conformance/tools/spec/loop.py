# SPDX-License-Identifier: MIT
"""Errors, the loop, futures, tasks, and gather."""

import collections
import heapq


class Failure(Exception):
    """An error of the language."""

    def __init__(self, kind, name=None, members=(), message=None):
        super().__init__()
        self.kind, self.name, self.members, self.message = kind, name, list(members), message

    def text(self):
        if self.kind == "Error":
            return "Error:" + self.name
        if self.kind == "Group":
            return "Group[" + ",".join(member.text() for member in self.members) + "]"
        return self.kind


def failure_named(text):
    return Failure("Error", text[6:]) if text.startswith("Error:") else Failure(text)


class Deadlock(BaseException):
    """Nothing is ready, and no timer is pending."""


class LeftOut(Exception):
    """The program does what section 9 leaves out: it has no trace."""


class Handle:
    def __init__(self, function):
        self.function, self.is_cancelled = function, False


class Loop:
    def __init__(self, on_failure):
        self.on_failure = on_failure  # of a callback
        self.ready, self.timers = collections.deque(), []
        self.now = self.timer_count = 0
        self.is_stopping = False

    def call_soon(self, function):
        handle = Handle(function)
        self.ready.append(handle)
        return handle

    def call_at(self, when, function):
        handle = Handle(function)
        self.timer_count += 1
        heapq.heappush(self.timers, (when, self.timer_count, handle))
        return handle

    def turn(self):
        ready, timers = self.ready, self.timers
        while timers and timers[0][2].is_cancelled:
            heapq.heappop(timers)
        if not ready:
            if not timers:
                raise Deadlock
            self.now = max(self.now, timers[0][0])
        while timers and timers[0][0] <= self.now:
            handle = heapq.heappop(timers)[2]
            if not handle.is_cancelled:
                ready.append(handle)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.is_cancelled:
                try:
                    handle.function()
                except Failure as error:
                    self.on_failure(error)

    def run_until(self, future):
        self.is_stopping = False

        def stop(_):
            self.is_stopping = True

        future.add_callback(stop)
        while not self.is_stopping:
            self.turn()


class Future:
    def __init__(self, loop):
        self.loop, self.state, self.callbacks = loop, "pending", []
        self.value = self.error = None
        self.cancellation = None  # the `Cancelled` that it ended with
        self.is_unlooked = False  # it has an error that nobody has looked at
        self.reporter = None  # of a shield that was cancelled, see operations.py

    def done(self):
        return self.state != "pending"

    def cancelled(self):
        return self.state == "cancelled"

    def finish(self):
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            self.loop.call_soon(lambda callback=callback: callback(self))

    def set_result(self, value):
        if self.done():
            raise Failure("InvalidState")
        self.state, self.value = "result", value
        self.finish()

    def set_error(self, error):
        if self.done():
            raise Failure("InvalidState")
        self.state, self.error, self.is_unlooked = "error", error, True
        self.finish()

    def release(self):
        """Completes it for one who only waits."""
        if not self.done():
            self.set_result(None)

    def cancel(self, message=None):
        self.is_unlooked = False
        if self.done():
            return False
        self.end_cancelled(Failure("Cancelled", message=message))
        return True

    def end_cancelled(self, cancellation):
        self.state, self.cancellation = "cancelled", cancellation
        self.finish()

    def add_callback(self, callback):
        if self.done():
            self.loop.call_soon(lambda: callback(self))
        else:
            self.callbacks.append(callback)

    def remove_callback(self, callback):
        count = len(self.callbacks)
        self.callbacks = [each for each in self.callbacks if each is not callback]
        return count - len(self.callbacks)

    def exception(self):
        if self.state == "cancelled":
            raise self.cancellation
        if self.state == "pending":
            raise Failure("InvalidState")
        self.is_unlooked = False
        return self.error

    def result(self):
        error = self.exception()
        if error is not None:
            raise error
        return self.value

    def wait(self):
        if not self.done():
            yield self
        return self.result()


class Task(Future):
    """`machine` knows the current task and all tasks, and whether the loop runs."""

    def __init__(self, machine, coroutine, name, is_eager=False):
        super().__init__(machine.loop)
        self.machine, self.coroutine, self.name = machine, coroutine, name
        self.requests = 0
        self.must_cancel, self.message = False, None  # a cancellation that is undelivered
        self.waits_for = None
        self.in_cancel = False
        machine.tasks.append(self)
        if is_eager and machine.is_running:
            creator, machine.current = machine.current, self
            self.resume(None)
            machine.current = creator
        else:
            self.loop.call_soon(lambda: self.step(None))

    def step(self, error):
        if self.must_cancel:
            if error is None or error.kind != "Cancelled":
                error = Failure("Cancelled", message=self.message)
            self.must_cancel = False
        self.waits_for = None
        self.machine.current = self
        self.resume(error)
        self.machine.current = None

    def resume(self, error):
        try:
            if error is not None:
                future = self.coroutine.throw(error)
            else:
                future = self.coroutine.send(None)
        except StopIteration as end:
            self.end(end.value)
        except Failure as failure:
            if failure.kind == "Cancelled":
                Future.cancel(self)
                self.cancellation = failure
            else:
                self.set_error(failure)
        else:
            self.block_on(future)

    def end(self, value):
        if self.must_cancel:
            self.must_cancel = False
            Future.cancel(self, self.message)
        else:
            self.set_result(value)

    def block_on(self, future):
        if future is None:
            self.loop.call_soon(lambda: self.step(None))
        elif future is self:
            self.loop.call_soon(lambda: self.step(Failure("Runtime")))
        else:
            future.add_callback(self.wake)
            self.waits_for = future
            if self.must_cancel and future.cancel(self.message):
                self.must_cancel = False

    def wake(self, future):
        try:
            future.result()
        except Failure as error:
            self.step(error)
        else:
            self.step(None)

    def cancel(self, message=None):
        self.is_unlooked = False
        if self.done():
            return False
        self.requests += 1
        if self.in_cancel:  # a ring of tasks that wait for each other
            self.machine.is_left_out = True
            raise LeftOut
        self.in_cancel = True
        is_passed_on = self.waits_for is not None and self.waits_for.cancel(message)
        self.in_cancel = False
        if not is_passed_on:
            self.must_cancel, self.message = True, message
        return True

    def uncancel(self):
        self.requests = max(self.requests - 1, 0)
        if self.requests == 0:
            self.must_cancel = False
        return self.requests


class Gather(Future):
    """`items` are futures, and names of coroutine functions to be called: `make` does that."""

    def __init__(self, loop, items, make, returns_errors):
        super().__init__(loop)
        self.has_cancelled, self.returns_errors, self.children = False, returns_errors, []
        seen, done = {}, []
        for item in items:
            child = make(item)
            if child not in seen:
                seen[child] = True
                if child.done():
                    done.append(child)
                else:
                    child.add_callback(self.on_done)
            self.children.append(child)
        self.left = len(seen)
        if not items:
            self.set_result([])
        for child in done:
            self.on_done(child)

    def on_done(self, child):
        self.left -= 1
        if self.done():
            if not child.cancelled():
                child.exception()
            return
        if not self.returns_errors:
            error = child.cancellation if child.cancelled() else child.exception()
            if error is not None:
                self.set_error(error)
                return
        if self.left == 0:
            outcomes = [self.outcome(each) for each in self.children]
            if self.has_cancelled:
                self.set_error(Failure("Cancelled"))
            else:
                self.set_result(outcomes)

    @staticmethod
    def outcome(child):
        if child.cancelled():
            return Failure("Cancelled")
        error = child.exception()
        return error if error is not None else child.value

    def cancel(self, message=None):
        if self.done():
            return False
        requested = [child.cancel(message) for child in self.children]
        if any(requested):
            self.has_cancelled = True
        return any(requested)
