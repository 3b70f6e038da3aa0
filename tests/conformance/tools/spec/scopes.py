# SPDX-License-Identifier: MIT
"""Timeout blocks, task groups and generators."""

from spec.loop import Failure, Future


class Timeout:
    def __init__(self, machine, when):
        self.machine, self.when, self.state, self.handle = machine, when, "new", None

    def enter(self):
        if self.state != "new":
            raise Failure("Runtime")
        self.state, self.task = "active", self.machine.current
        self.requests = self.task.requests
        self.reschedule(self.when)

    def reschedule(self, when):
        if self.state != "active":
            raise Failure("Runtime")
        self.when = when
        if self.handle is not None:
            self.handle.is_cancelled = True
        loop = self.machine.loop
        if when is None:
            self.handle = None
        elif when <= loop.now:
            self.handle = loop.call_soon(self.fire)
        else:
            self.handle = loop.call_at(when, self.fire)

    def fire(self):
        self.task.cancel()
        self.state, self.handle = "expiring", None

    def exit(self, error):
        if self.handle is not None:
            self.handle.is_cancelled, self.handle = True, None
        if self.state != "expiring":
            self.state = "finished"
            return
        self.state = "expired"
        is_cancelled = error is not None and error.kind == "Cancelled"
        if self.task.uncancel() <= self.requests and is_cancelled:
            raise Failure("Timeout")

    def expired(self):
        return self.state in ("expiring", "expired")


class Group:
    def __init__(self, machine):
        self.machine, self.children, self.errors = machine, {}, []
        self.parent = None  # set on entry
        self.is_ending = self.is_aborting = self.has_cancelled_parent = False
        self.all_done = None  # what the block's end waits for

    def enter(self):
        if self.parent is not None:
            raise Failure("Runtime")
        self.parent = self.machine.current

    def spawn(self, coroutine, name, is_eager):
        has_ended = self.is_ending and not self.children
        if self.parent is None or self.is_aborting or has_ended:
            raise Failure("Runtime")
        task = self.machine.new_task(coroutine, name, is_eager)
        self.children[task] = True
        task.add_callback(self.on_done)
        if self.is_aborting and not task.done():
            task.cancel()  # it began to abort in the child's eager first step (gh-155418)
        return task

    def abort(self):
        self.is_aborting = True
        for task in list(self.children):
            if not task.done():
                task.cancel()

    def on_done(self, task):
        self.children.pop(task, None)
        if self.all_done is not None and not self.children:
            self.all_done.release()
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        self.errors.append(error)
        if not self.is_aborting and not self.has_cancelled_parent:
            self.abort()
            self.has_cancelled_parent = True
            self.parent.cancel()

    def exit(self, error):
        self.is_ending = True
        is_cancelled = error is not None and error.kind == "Cancelled"
        propagated = error if is_cancelled else None
        pending = None  # the last cancellation that met the waiting
        if error is not None and not self.is_aborting:
            self.abort()
        while self.children:
            self.all_done = Future(self.machine.loop)
            try:
                yield from self.all_done.wait()
            except Failure as cancellation:
                pending = cancellation
                if not self.is_aborting:
                    propagated = cancellation
                    self.abort()
            self.all_done = None
        if self.has_cancelled_parent:
            if self.parent.uncancel() == 0:
                propagated = None
            elif propagated is None:
                propagated = pending  # what is left is not the group's own (gh-155433)
        if propagated is not None and not self.errors:
            raise propagated
        if error is not None and not is_cancelled:
            self.errors.append(error)
        if self.errors:
            if self.parent.requests > 0:
                self.parent.uncancel()
                self.parent.cancel()
            raise Failure("Group", members=self.errors)


class Item:
    """What a generator's body yields for its consumer, among what it waits for."""

    def __init__(self, value):
        self.value = value


class Generator:
    def __init__(self, machine, name):
        self.machine, self.name, self.body = machine, name, None
        self.state = "new"  # then "begun", "ended"
        self.is_busy = self.is_closed = False

    def use(self):
        """Each way to resume it begins with this."""
        self.machine.generators_used.setdefault(self)
        if self.is_busy:
            raise Failure("Runtime")

    def resume(self, value, error):
        self.is_busy = True
        try:
            return (yield from self.run_body(value, error))
        except Failure:
            self.state = "ended"
            raise
        finally:
            self.is_busy = False

    def run_body(self, value, error):
        if self.body is None:
            self.body = self.machine.generator_body(self.name)
            self.state = "begun"
        while True:
            try:
                if error is not None:
                    out = self.body.throw(error)
                else:
                    out = self.body.send(value)
            except StopIteration:
                raise Failure("StopIter") from None
            if isinstance(out, Item):
                return out.value
            value = error = None
            try:
                value = yield out
            except Failure as thrown:
                error = thrown

    def asend(self, value):
        self.use()
        if self.state == "ended" or self.is_closed:
            raise Failure("StopIter")
        if self.state == "new" and value is not None:
            raise Failure("Type")
        return (yield from self.resume(value, None))

    def athrow(self, error):
        self.use()
        if self.is_closed:
            raise Failure("StopIter")
        if self.state == "new":
            self.state = "ended"
            raise error
        return (yield from self.resume(None, error))

    def aclose(self):
        self.use()
        if self.state == "new":
            self.state = "ended"
        if self.state == "ended" or self.is_closed:
            return
        self.is_closed = True
        try:
            yield from self.resume(None, Failure("GenExit"))
        except Failure as error:
            if error.kind in ("StopIter", "GenExit"):
                return
            raise
        raise Failure("Runtime")
