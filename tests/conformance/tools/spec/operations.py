# SPDX-License-Identifier: MIT
"""
What the operations without a block do, a method each, named like them. Those that wait are
generators. What they return is the result that is logged (walk.py).
"""

import operator

from spec.loop import Failure, Future, Gather, failure_named
from spec.scopes import Generator, Timeout

COMPARE = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
           ">": operator.gt, ">=": operator.ge}


def shown(value):
    """A value as the trace has it."""
    if isinstance(value, Failure):
        return "!" + value.text()
    if isinstance(value, list):
        return [shown(each) for each in value]
    return value


def state_of(future):
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    return ["error", error.text()] if error is not None else ["result", shown(future.value)]


class Operations:
    """Half of a machine; walk.py has the other, on which this rests."""

    # ---- tasks and futures ----

    def op_log(self, value):
        pass

    def op_busy(self, delay):
        self.loop.now += delay

    def op_raise(self, error):
        raise failure_named(error)

    def op_sleep(self, delay):
        if delay <= 0:
            yield None
            return
        future = Future(self.loop)
        handle = self.loop.call_at(self.loop.now + delay, future.release)
        try:
            yield from future.wait()
        finally:
            handle.is_cancelled = True

    def op_spawn(self, name, coro, task_name=None, is_eager=False):
        self.variables[name] = self.new_task(coro, task_name or name, is_eager)

    def op_tg_spawn(self, group, name, coro, task_name=None, is_eager=False):
        self.variables[name] = self.get(group).spawn(coro, task_name or name, is_eager)

    def op_await(self, awaitable):
        return self.await_inline(awaitable)

    def op_cancel(self, name, message=None):
        return self.get(name).cancel(message)

    def op_uncancel(self, name):
        return self.get(name).uncancel()

    def op_cancelling(self, name):
        return self.get(name).requests

    def op_done(self, name):
        return self.get(name).done()

    def op_cancelled(self, name):
        return self.get(name).cancelled()

    def op_state(self, name):
        return state_of(self.get(name))

    def op_result(self, name):
        return self.get(name).result()

    def op_exception(self, name):
        return self.get(name).exception()

    def op_current(self):
        return self.current_name()

    def op_get_name(self, name):
        return self.get(name).name

    def op_set_name(self, name, task_name):
        self.get(name).name = task_name

    def op_all_tasks(self):
        return sum(not task.done() for task in self.tasks)

    def op_set_result(self, name, value):
        self.get(name).set_result(value)

    def op_set_exception(self, name, error):
        self.get(name).set_error(failure_named(error))

    def op_add_cb(self, name, callback):
        self.get(name).add_callback(self.callbacks[callback])

    def op_remove_cb(self, name, callback):
        return self.get(name).remove_callback(self.callbacks[callback])

    def op_call_soon(self, name, callback):
        self.bind(name, self.loop.call_soon(self.callbacks[callback]))

    def op_call_later(self, name, delay, callback):
        self.op_call_at(name, self.loop.now + delay, callback)

    def op_call_at(self, name, when, callback):
        self.bind(name, self.loop.call_at(when, self.callbacks[callback]))

    def op_cancel_handle(self, name):
        self.get(name).is_cancelled = True

    def op_handle_cancelled(self, name):
        return self.get(name).is_cancelled

    def op_new(self, name, spec):
        self.variables[name] = self.new_object(spec)

    # ---- combinations ----

    def new_gather(self, awaitables, returns_errors):
        return Gather(self.loop, self.look_up(awaitables), self.future_of, returns_errors)

    def op_gather_start(self, name, awaitables, returns_errors=False):
        self.variables[name] = self.new_gather(awaitables, returns_errors)

    def op_gather(self, awaitables, returns_errors=False):
        return self.new_gather(awaitables, returns_errors).wait()

    def new_shield(self, awaitable):
        inner = self.future_of(awaitable)
        if inner.done():
            return inner
        outer = Future(self.loop)

        def report(inner):
            if not inner.cancelled():
                error = inner.exception()
                if error is not None:
                    self.log_outside("handler", "shield", error.text())

        def on_inner_done(inner):
            if outer.cancelled():
                return
            if inner.cancelled():
                outer.cancel()
                return
            error = inner.exception()
            if error is not None:
                outer.set_error(error)
            else:
                outer.set_result(inner.value)

        def on_outer_done(_):
            if not inner.done():
                inner.remove_callback(on_inner_done)
                inner.reporter = inner.reporter or report
                inner.remove_callback(inner.reporter)
                inner.add_callback(inner.reporter)

        inner.add_callback(on_inner_done)
        outer.add_callback(on_outer_done)
        return outer

    def op_shield_start(self, name, awaitable):
        self.variables[name] = self.new_shield(awaitable)

    def op_shield(self, awaitable):
        return self.new_shield(awaitable).wait()

    def op_wait(self, names, timeout=None, mode="ALL"):
        futures = {}
        for name in names:
            futures.setdefault(self.get(name), name)
        if not futures:
            raise Failure("Value")
        enough, handle, left = Future(self.loop), None, len(futures)
        if timeout is not None:
            handle = self.loop.call_at(self.loop.now + timeout, enough.release)

        def on_done(future):
            nonlocal left
            left -= 1
            if left <= 0 or mode == "FIRST" or (
                    mode == "EXC" and not future.cancelled() and future.exception() is not None):
                if handle is not None:
                    handle.is_cancelled = True
                enough.release()

        for future in futures:
            future.add_callback(on_done)
        try:
            yield from enough.wait()
        finally:
            if handle is not None:
                handle.is_cancelled = True
            for future in futures:
                future.remove_callback(on_done)
        return [sorted(name for future, name in futures.items() if future.done() == is_done)
                for is_done in (True, False)]

    def op_wait_for(self, awaitable, delay):
        if delay is not None and delay <= 0:
            return (yield from self.wait_no_longer(self.future_of(awaitable)))
        timeout = Timeout(self, None if delay is None else self.loop.now + delay)
        timeout.enter()
        try:
            result = yield from self.await_inline(awaitable)
        except Failure as error:
            timeout.exit(error)
            raise
        timeout.exit(None)
        return result

    def wait_no_longer(self, future):
        if future.done():
            return future.result()
        ended = Future(self.loop)

        def on_done(_):
            ended.release()

        future.add_callback(on_done)
        try:
            future.cancel()
            yield from ended.wait()
        finally:
            future.remove_callback(on_done)
        try:
            return future.result()
        except Failure as error:
            if error.kind == "Cancelled":
                raise Failure("Timeout") from None
            raise

    # ---- scopes ----

    def op_reschedule(self, name, delay):
        self.get(name).reschedule(None if delay is None else self.loop.now + delay)

    def op_expired(self, name):
        return self.get(name).expired()

    def op_when(self, name):
        return self.get(name).when

    # ---- synchronisation ----

    def op_acquire(self, name):
        return self.get(name).acquire()

    def op_release(self, name):
        self.get(name).release()

    def op_locked(self, name):
        return self.get(name).locked()

    def op_set(self, name):
        self.get(name).set()

    def op_clear(self, name):
        self.get(name).is_set = False

    def op_is_set(self, name):
        return self.get(name).is_set

    def op_wait_event(self, name):
        return self.get(name).wait()

    def op_cwait(self, name):
        return self.get(name).wait()

    def op_cwait_for(self, name, cell, comparison, number):
        yield from self.get(name).wait_for(lambda: self.op_icmp(cell, comparison, number))
        return True

    def op_notify(self, name, count):
        self.get(name).notify(count)

    def op_notify_all(self, name):
        self.get(name).notify(10**9)

    def op_iset(self, cell, number):
        self.cells[cell] = number

    def op_iadd(self, cell, number):
        self.cells[cell] = self.cells.get(cell, 0) + number
        return self.cells[cell]

    def op_icmp(self, cell, comparison, number):
        return COMPARE[comparison](self.cells.get(cell, 0), number)

    def op_bwait(self, name):
        return self.get(name).wait()

    def op_babort(self, name):
        return self.get(name).abort()

    def op_breset(self, name):
        return self.get(name).reset()

    def op_binfo(self, name):
        barrier = self.get(name)
        waiting = len(barrier.inside) if barrier.state == "filling" else 0
        return [barrier.parties, waiting, barrier.state == "broken"]

    # ---- queues ----

    def op_put(self, name, value):
        return self.get(name).put(value)

    def op_get(self, name):
        return self.get(name).get()

    def op_put_nowait(self, name, value):
        self.get(name).put_nowait(value)

    def op_get_nowait(self, name):
        return self.get(name).get_nowait()

    def op_join(self, name):
        return self.get(name).join()

    def op_task_done(self, name):
        self.get(name).task_done()

    def op_shutdown(self, name, is_immediate=False):
        self.get(name).shutdown(is_immediate)

    def op_qsize(self, name):
        return len(self.get(name).items)

    def op_empty(self, name):
        return self.get(name).empty()

    def op_full(self, name):
        return self.get(name).full()

    # ---- generators ----

    def op_agen(self, name, function):
        self.variables[name] = Generator(self, function)

    def op_anext(self, name):
        return self.get(name).asend(None)

    def op_asend(self, name, value):
        return self.get(name).asend(value)

    def op_athrow(self, name, error):
        return self.get(name).athrow(failure_named(error))

    def op_aclose(self, name):
        return self.get(name).aclose()
