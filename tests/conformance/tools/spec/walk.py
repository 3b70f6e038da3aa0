# SPDX-License-Identifier: MIT
"""
A program from its start to its end: its structure, and the trace it leaves.

`Return`, `Break` and `Continue` travel up as Python's exceptions do, like errors.
"""

import types

from language import OPS, SILENT, WITHOUT_RESULT, called
from spec.loop import Deadlock, Failure, Future, Gather, LeftOut, Loop, Task
from spec.operations import Operations, shown, state_of
from spec.queues import Queue
from spec.scopes import Generator, Group, Item, Timeout
from spec.sync import Barrier, Condition, Event, Lock, RecordedBarrier, Semaphore

# Where the variables stand that an operation needs: (place, whether it is a list of them).
NAMED = {name: [(place, letter in "AV") for place, letter in enumerate(op.shape, 1)
                if letter in "vaAV"] for name, op in OPS.items()}

LOGGED_ALONE = {"current", "all_tasks", "gather"}  # their result, without an argument


class Return(BaseException):
    def __init__(self, value):
        super().__init__()
        self.value = value


class Break(BaseException):
    pass


class Continue(BaseException):
    pass


def matches(kinds, error):
    """Whether an `except` clause takes the error."""
    wanted = [kinds] if isinstance(kinds, str) else kinds
    return ("any" in wanted or error.kind in wanted or error.text() in wanted
            or ("exc" in wanted and error.kind not in ("Cancelled", "GenExit")))


class Machine(Operations):
    def __init__(self, program, is_recorded=False):
        """`is_recorded`: without the fixes that CPython 3.14.2 lacks."""
        self.program, self.trace = program, []
        self.make_barrier = RecordedBarrier if is_recorded else Barrier
        self.loop = Loop(lambda error: self.log_outside("handler", "callback", error.text()))
        self.current, self.tasks, self.is_running = None, [], False
        self.is_left_out = self.has_latecomers = False
        self.variables, self.cells = {}, {}
        self.generators_used = {}  # in the order of their first use; the values mean nothing
        self.is_eager = program.get("eager", False)
        self.callbacks = {name: self.callback(name, body)
                          for name, body in program.get("callbacks", {}).items()}
        self.declare()

    # ---- variables and objects ----

    def declare(self):
        objects = self.program.get("objects", {})
        last = {name for name, spec in objects.items() if spec[0] == "cond" and len(spec) > 1}
        for name in [*(name for name in objects if name not in last), *last]:
            if objects[name][0] == "int":
                self.cells[name] = objects[name][1]
            else:
                self.variables[name] = self.new_object(objects[name])

    def new_object(self, spec):
        kind, argument = spec[0], spec[1] if len(spec) > 1 else None
        makers = {
            "lock": lambda: Lock(self.loop),
            "event": lambda: Event(self.loop),
            "cond": lambda: Condition(self.loop, self.variables[argument] if argument else None),
            "sem": lambda: Semaphore(self.loop, argument, False),
            "bsem": lambda: Semaphore(self.loop, argument, True),
            "barrier": lambda: self.make_barrier(self.loop, argument),
            "future": lambda: Future(self.loop),
            "taskgroup": lambda: Group(self),
            "timeout": lambda: Timeout(self, argument),
        }
        if kind in makers:
            return makers[kind]()
        return Queue(self.loop, kind, argument)

    def get(self, name):
        return self.current if name == "self" else self.variables.get(name)

    def bind(self, name, thing):
        if name is not None:
            self.variables[name] = thing

    def is_unbound(self, op, name):
        """Logs the variable if it is."""
        if (self.current is not None) if name == "self" else (name in self.variables):
            return False
        self.log("unbound", op[0], name)
        return True

    def has_unbound(self, op):
        for place, is_list in NAMED[op[0]]:
            for name in op[place] if is_list else (op[place],):
                if called(name) is None and self.is_unbound(op, name):
                    return True
        return False

    # ---- coroutines and tasks ----

    def coroutine(self, name):
        return self.run_body(name, self.program["coros"][name], True)

    def generator_body(self, name):
        return self.run_body(name, self.program["gens"][name], False)

    def run_body(self, name, body, has_value):
        self.log("start", name)
        value = None
        try:
            yield from self.block(body, None)
        except Return as end:
            value = end.value if has_value else None
        except Failure as error:
            self.log("end", name, "!" + error.text())
            raise
        self.log("end", name, shown(value))
        return value

    def callback(self, name, body):
        def run(*_):
            self.log("cb", name)
            for _ in self.block(body, None):
                raise AssertionError("a callback waits")
        return run

    def new_task(self, coro, name, is_eager=False):
        return Task(self, self.coroutine(coro), name, is_eager or self.is_eager)

    def look_up(self, awaitables):
        """Looks up the variables, before any call among them can bind them anew."""
        return [each if called(each) else self.get(each) for each in awaitables]

    def future_of(self, awaitable):
        """A call becomes a task; other names are variables; what was looked up is what it is."""
        if not isinstance(awaitable, str):
            return awaitable
        name = called(awaitable)
        return self.new_task(name, name) if name else self.get(awaitable)

    def await_inline(self, awaitable):
        name = called(awaitable)
        return self.coroutine(name) if name else self.get(awaitable).wait()

    # ---- the trace ----

    def current_name(self):
        return self.current.name if self.current is not None else "-"

    def log(self, *event):
        self.trace.append([self.loop.now, self.current_name(), *event])

    def log_outside(self, *event):
        self.trace.append([self.loop.now, "-", *event])

    def log_op(self, op, result):
        name = op[0]
        if name in SILENT:
            return
        if name in WITHOUT_RESULT:
            self.log(name, op[1])
        elif name in LOGGED_ALONE:
            self.log(name, shown(result))
        elif name == "wait":
            self.log(name, *result)
        else:
            self.log(name, op[1], shown(result))

    # ---- structure ----
    # `caught` is the error that the innermost handler has caught.

    def block(self, ops, caught):
        for op in ops:
            structure = STRUCTURE.get(op[0])
            if structure is not None:
                yield from structure(self, op, caught)
            elif not self.has_unbound(op):
                result = OPERATION[op[0]](self, *op[1:])
                if isinstance(result, types.GeneratorType):
                    result = yield from result
                self.log_op(op, result)

    def run_if(self, op, caught):
        _, condition, then, otherwise = (*op, None)[:4]
        result = None
        if not self.has_unbound(condition):
            result = OPERATION[condition[0]](self, *condition[1:])
            self.log_op(condition, result)
        yield from self.block(then if result else otherwise or [], caught)

    def run_try(self, op, caught):
        _, body, clauses, otherwise, last = (*op, None, None)[:5]
        try:
            try:
                yield from self.block(body, caught)
            except Failure as error:
                for kinds, handler in clauses:
                    if matches(kinds, error):
                        self.log("caught", error.text())
                        yield from self.block(handler, error)
                        break
                else:
                    raise
            else:
                yield from self.block(otherwise or [], caught)
        finally:
            if last is not None:
                yield from self.block(last, caught)

    def run_reraise(self, op, caught):
        raise caught
        yield

    def run_errmsg(self, op, caught):
        self.log("errmsg", caught.message)
        return
        yield

    def run_return(self, op, caught):
        raise Return(op[1] if len(op) > 1 else None)
        yield

    def run_break(self, op, caught):
        raise Break
        yield

    def run_continue(self, op, caught):
        raise Continue
        yield

    def run_repeat(self, op, caught):
        for _ in range(op[1]):
            try:
                yield from self.block(op[2], caught)
            except Break:
                break
            except Continue:
                pass

    def run_timeout(self, op, caught):
        when = op[2]
        if op[0] == "timeout" and when is not None:
            when += self.loop.now
        self.variables[op[1]] = Timeout(self, when)
        yield from self.run_scope(self.variables[op[1]], op[1], op[3], caught)

    def run_taskgroup(self, op, caught):
        self.variables[op[1]] = Group(self)
        yield from self.run_scope(self.variables[op[1]], op[1], op[2], caught)

    def run_scope(self, scope, name, body, caught, is_declared=False):
        scope.enter()
        if is_declared:
            self.log("enter", name, None)
        try:
            yield from self.block(body, caught)
        except (Failure, Return, Break, Continue) as way_out:
            yield from self.leave_scope(scope, way_out if isinstance(way_out, Failure) else None)
            raise
        yield from self.leave_scope(scope, None)
        self.log("exit", name)

    @staticmethod
    def leave_scope(scope, error):
        waiting = scope.exit(error)
        if waiting is not None:
            yield from waiting

    def run_with(self, op, caught):
        _, name, body = op
        if self.has_unbound(op):
            return
        it = self.get(name)
        if isinstance(it, (Timeout, Group)):
            yield from self.run_scope(it, name, body, caught, True)
            return
        if isinstance(it, Barrier):
            self.log("enter", name, (yield from it.wait()))
            yield from self.block(body, caught)
        else:
            yield from it.acquire()
            try:
                self.log("enter", name, None)
                yield from self.block(body, caught)
            finally:
                it.release()
        self.log("exit", name)

    def run_for(self, op, caught):
        _, name, body = op
        if self.has_unbound(op):
            return
        generator = self.get(name)
        while True:
            try:
                value = yield from generator.asend(None)
            except Failure as error:
                if error.kind == "StopIter":
                    break
                raise
            self.log("item", name, value)
            try:
                yield from self.block(body, caught)
            except Break:
                break
            except Continue:
                pass

    def run_yield(self, op, caught):
        self.log("resumed", (yield Item(op[1])))

    def run_as_completed(self, op, caught):
        _, mode, awaitables, timeout, body = op
        if self.has_unbound(op):
            return
        futures = list(dict.fromkeys(map(self.future_of, self.look_up(awaitables))))
        done = self.completions(futures, timeout)
        for _ in futures:
            future = yield from done.get()
            if future is None:
                raise Failure("Timeout")
            if mode == "async":
                self.log("next", futures.index(future), state_of(future))
            else:
                self.log("next", shown(future.result()))
            try:
                yield from self.block(body, caught)
            except Break:
                break
            except Continue:
                pass

    def completions(self, futures, timeout):
        """A queue that gets each future when it is done, and None for the rest at the timeout."""
        queue, left, handle = Queue(self.loop), dict.fromkeys(futures), None

        def on_done(future):
            if future in left:
                del left[future]
                queue.put_nowait(future)
                if not left and handle is not None:
                    handle.is_cancelled = True

        def on_timeout():
            for future in left:
                future.remove_callback(on_done)
                queue.put_nowait(None)
            left.clear()

        for future in futures:
            future.add_callback(on_done)
        if futures and timeout is not None:
            handle = self.loop.call_at(self.loop.now + timeout, on_timeout)
        return queue

    # ---- from start to end ----

    def run(self):
        try:
            main = Task(self, self.coroutine(self.program["main"]), "main")
            self.variables["main"] = main
            self.run_until(main)
            try:
                self.log_outside("main", shown(main.result()))
            except Failure as error:
                self.log_outside("main", "!" + error.text())
            self.cancel_the_rest()
            self.note_latecomers()
            self.run_until(Task(self, self.close_generators(), "-"))
            self.run_until(Task(self, iter_nothing(), "-"))
            self.note_latecomers()
            for task in self.tasks:
                if task.is_unlooked:
                    self.log_outside("unretrieved", task.name)
            self.log_outside("end")
        except Deadlock:
            self.log_outside("deadlock")
        if self.is_left_out or self.has_latecomers:
            raise LeftOut
        return self.trace

    def run_until(self, future):
        self.is_running = True
        self.loop.run_until(future)
        self.is_running = False

    def cancel_the_rest(self):
        rest = [task for task in self.tasks if not task.done()]
        if not rest:
            return
        for task in rest:
            task.cancel()
        self.run_until(Gather(self.loop, rest, self.future_of, True))
        for task in rest:
            if not task.cancelled() and task.exception() is not None:
                self.log_outside("handler", "shutdown", task.exception().text(), task.name)

    def note_latecomers(self):
        """Tasks made while the rest was cancelled, or later."""
        self.has_latecomers |= not all(task.done() for task in self.tasks)

    def close_generators(self):
        generators = list(self.generators_used)
        if not generators:
            return
        tasks = [Task(self, generator.aclose(), "aclose", self.is_eager)
                 for generator in generators]
        outcomes = yield from Gather(self.loop, tasks, self.future_of, True).wait()
        for generator, outcome in zip(generators, outcomes):
            if isinstance(outcome, Failure):
                self.log_outside("handler", "asyncgen", outcome.text(), generator.name)


def iter_nothing():
    yield from ()


STRUCTURE = {name[4:]: method for name, method in vars(Machine).items()
             if name.startswith("run_") and name[4:] in OPS}
STRUCTURE["timeout_at"] = Machine.run_timeout
OPERATION = {name[3:]: method for name, method in vars(Operations).items()
             if name.startswith("op_")}
