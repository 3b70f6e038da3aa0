# SPDX-License-Identifier: MIT
"""
Runs programs on the asyncio of the Python that this runs in, under a virtual clock.

    reference.py PROGRAMS OUTPUT [--pure]    a program a line; a line of a corpus for each
    reference.py --version

The last event is "end" or "deadlock", or says that the program does what README.md, section 9,
leaves out: "leftover" (tasks were made while the final cancellation was under way), "artefact" (the
rest), "limit" (it does too much).
"""

import sys

from virtual_loop import IS_PURE, Stop, VirtualLoop, all_tasks_in_order, asyncio

import gc
import json
import logging
import operator
import warnings

from compiler import compile_program
from language import OPS, SILENT, WITHOUT_RESULT, called
from outcomes import error_named, kind_of, matches, shown, state_of, text_of

COMPARE = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
           ">": operator.gt, ">=": operator.ge}
WHEN = {"ALL": asyncio.ALL_COMPLETED, "FIRST": asyncio.FIRST_COMPLETED,
        "EXC": asyncio.FIRST_EXCEPTION}
LOGGED_ALONE = {"current", "all_tasks", "gather"}


async def run_coroutine(program, name):
    program.log("start", name)
    try:
        result = await program.coros[name]()
    except BaseException as error:
        program.log("end", name, "!" + text_of(error))
        raise
    program.log("end", name, shown(result))
    return result


class Program:
    def __init__(self, program):
        self.program, self.trace, self.is_over = program, [], False
        self.variables, self.cells = {}, {}
        self.kept = []  # what a variable held before: nothing is destroyed before the end
        self.hung = set()  # generators that ignored GenExit
        self.is_artefact = False
        self.loop = VirtualLoop(self)
        self.loop.set_exception_handler(self.on_exception)

    # ---- the trace ----

    def current_name(self):
        try:
            task = asyncio.current_task(self.loop)
        except RuntimeError:
            task = None
        return task.get_name() if task is not None else "-"

    def log(self, *event):
        if not self.is_over:
            self.trace.append([self.loop.now, self.current_name(), *event])

    def log_outside(self, *event):
        if not self.is_over:
            self.trace.append([self.loop.now, "-", *event])

    def stop(self, why):
        self.log_outside(why)
        self.is_over = True
        raise Stop(why)

    def on_exception(self, loop, context):
        message, error = context.get("message", ""), context.get("exception")
        if "never retrieved" in message or "destroyed" in message:
            return
        if message.startswith("Exception in callback"):
            self.log_outside("handler", "callback", text_of(error))
        elif "in shielded future" in message:
            self.log_outside("handler", "shield", text_of(error))
        elif "asyncio.run() shutdown" in message:
            self.log_outside("handler", "shutdown", text_of(error), context["task"].get_name())
        elif "closing of asynchronous generator" in message:
            if kind_of(error) != "StopIter":  # of one that is closed already: section 9
                name = context["asyncgen"].__name__
                self.log_outside("handler", "asyncgen", text_of(error), name)
        else:
            self.log_outside("handler", "BUG-" + message, error and text_of(error))

    # ---- variables and objects ----

    def get(self, name):
        return asyncio.current_task() if name == "self" else self.variables.get(name)

    def is_bound(self, op, name):
        """Logs the variable if it isn't."""
        if (self.get(name) is not None) if name == "self" else (name in self.variables):
            return True
        self.log("unbound", op, name)
        return False

    def has_unbound(self, op):
        for letter, value in zip(OPS[op[0]].shape.replace("|", ""), op[1:]):
            names = value if letter in "AV" else [value] if letter in "va" else ()
            for name in names:
                if called(name) is None and not self.is_bound(op[0], name):
                    return True
        return False

    def bind(self, name, thing):
        if name is not None:
            self.variables[name] = thing
        self.kept.append(thing)
        return thing

    def coroutine(self, name):
        coroutine = run_coroutine(self, name)
        coroutine.__name__ = name
        return coroutine

    def awaitable(self, awaitable):
        name = called(awaitable)
        return self.coroutine(name) if name else self.get(awaitable)

    def new_object(self, spec):
        kind, *arguments = spec
        if kind == "future":
            return self.loop.create_future()
        if kind == "cond":
            return asyncio.Condition(*map(self.get, arguments))
        return {"lock": asyncio.Lock, "event": asyncio.Event, "sem": asyncio.Semaphore,
                "bsem": asyncio.BoundedSemaphore, "barrier": asyncio.Barrier,
                "queue": asyncio.Queue, "pqueue": asyncio.PriorityQueue,
                "lqueue": asyncio.LifoQueue, "taskgroup": asyncio.TaskGroup,
                "timeout": asyncio.Timeout}[kind](*arguments)

    def declare(self):
        objects = self.program.get("objects", {})
        last = [name for name, spec in objects.items() if spec[0] == "cond" and len(spec) > 1]
        for name in [*(name for name in objects if name not in last), *last]:
            if objects[name][0] == "int":
                self.cells[name] = objects[name][1]
            else:
                self.bind(name, self.new_object(objects[name]))

    # ---- operations ----

    def run(self, op):
        if self.has_unbound(op):
            return None
        return self.log_op(op, getattr(self, "op_" + op[0])(*op[1:]))

    async def run_waiting(self, op):
        if self.has_unbound(op):
            return None
        return self.log_op(op, await getattr(self, "op_" + op[0])(*op[1:]))

    def log_op(self, op, result):
        name = op[0]
        if name in SILENT:
            return result
        if name in WITHOUT_RESULT:
            self.log(name, op[1])
        elif name in LOGGED_ALONE:
            self.log(name, shown(result))
        elif name == "wait":
            self.log(name, *result)
        else:
            self.log(name, op[1], shown(result))
        return result

    def op_log(self, value): pass

    def op_busy(self, delay): self.loop.now += delay

    def op_raise(self, error): raise error_named(error)

    async def op_sleep(self, delay): await asyncio.sleep(delay)

    def op_spawn(self, name, coro, task_name=None, is_eager=False):
        options = {"eager_start": True} if is_eager else {}
        task_name = task_name or name
        self.bind(name, self.loop.create_task(self.coroutine(coro), name=task_name, **options))

    def op_tg_spawn(self, group, name, coro, task_name=None, is_eager=False):
        options = {"eager_start": True} if is_eager else {}
        create = self.get(group).create_task
        self.bind(name, create(self.coroutine(coro), name=task_name or name, **options))

    async def op_await(self, awaitable): return await self.awaitable(awaitable)

    def op_cancel(self, name, message=None):
        return self.get(name).cancel() if message is None else self.get(name).cancel(message)

    def op_uncancel(self, name): return self.get(name).uncancel()

    def op_cancelling(self, name): return self.get(name).cancelling()

    def op_done(self, name): return self.get(name).done()

    def op_cancelled(self, name): return self.get(name).cancelled()

    def op_state(self, name): return state_of(self.get(name))

    def op_result(self, name): return self.get(name).result()

    def op_exception(self, name): return self.get(name).exception()

    def op_current(self): return self.current_name()

    def op_get_name(self, name): return self.get(name).get_name()

    def op_set_name(self, name, task_name): self.get(name).set_name(task_name)

    def op_all_tasks(self): return len(asyncio.all_tasks(self.loop))

    def op_set_result(self, name, value): self.get(name).set_result(value)

    def op_set_exception(self, name, error): self.get(name).set_exception(error_named(error))

    def op_add_cb(self, name, callback):
        self.get(name).add_done_callback(self.callbacks[callback])

    def op_remove_cb(self, name, callback):
        return self.get(name).remove_done_callback(self.callbacks[callback])

    def op_call_soon(self, name, callback):
        self.bind(name, self.loop.call_soon(self.callbacks[callback]))

    def op_call_later(self, name, delay, callback):
        self.bind(name, self.loop.call_later(delay, self.callbacks[callback]))

    def op_call_at(self, name, when, callback):
        self.bind(name, self.loop.call_at(when, self.callbacks[callback]))

    def op_cancel_handle(self, name): self.get(name).cancel()

    def op_handle_cancelled(self, name): return self.get(name).cancelled()

    def op_new(self, name, spec): self.bind(name, self.new_object(spec))

    def new_gather(self, awaitables, returns_errors):
        return asyncio.gather(*map(self.awaitable, awaitables), return_exceptions=returns_errors)

    def op_gather_start(self, name, awaitables, returns_errors=False):
        self.bind(name, self.new_gather(awaitables, returns_errors))

    async def op_gather(self, awaitables, returns_errors=False):
        return await self.new_gather(awaitables, returns_errors)

    def op_shield_start(self, name, awaitable):
        self.bind(name, asyncio.shield(self.awaitable(awaitable)))

    async def op_shield(self, awaitable):
        return await asyncio.shield(self.awaitable(awaitable))

    async def op_wait(self, names, timeout=None, mode="ALL"):
        futures = {}
        for name in names:
            futures.setdefault(self.get(name), name)
        sets = await asyncio.wait(list(futures), timeout=timeout, return_when=WHEN[mode])
        return [sorted(futures[future] for future in each) for each in sets]

    async def op_wait_for(self, awaitable, timeout):
        return await asyncio.wait_for(self.awaitable(awaitable), timeout)

    def as_completed(self, awaitables, timeout):
        """The iterator, and the futures in the order of the arguments."""
        iterator = asyncio.as_completed(list(map(self.awaitable, awaitables)), timeout=timeout)
        return iterator, list(iterator._todo)

    def op_reschedule(self, name, delay):
        self.get(name).reschedule(None if delay is None else self.loop.now + delay)

    def op_expired(self, name): return self.get(name).expired()

    def op_when(self, name): return self.get(name).when()

    async def op_acquire(self, name): await self.get(name).acquire()

    def op_release(self, name): self.get(name).release()

    def op_locked(self, name): return self.get(name).locked()

    def op_set(self, name): self.get(name).set()

    def op_clear(self, name): self.get(name).clear()

    def op_is_set(self, name): return self.get(name).is_set()

    async def op_wait_event(self, name): await self.get(name).wait()

    async def op_cwait(self, name): await self.get(name).wait()

    async def op_cwait_for(self, name, cell, comparison, number):
        return await self.get(name).wait_for(lambda: self.op_icmp(cell, comparison, number))

    def op_notify(self, name, count): self.get(name).notify(count)

    def op_notify_all(self, name): self.get(name).notify_all()

    def op_iset(self, cell, number): self.cells[cell] = number

    def op_iadd(self, cell, number):
        self.cells[cell] = self.cells.get(cell, 0) + number
        return self.cells[cell]

    def op_icmp(self, cell, comparison, number):
        return COMPARE[comparison](self.cells.get(cell, 0), number)

    async def op_bwait(self, name): return await self.get(name).wait()

    async def op_babort(self, name): await self.get(name).abort()

    async def op_breset(self, name): await self.get(name).reset()

    def op_binfo(self, name):
        barrier = self.get(name)
        return [barrier.parties, barrier.n_waiting, barrier.broken]

    async def op_put(self, name, value): await self.get(name).put(value)

    async def op_get(self, name): return await self.get(name).get()

    def op_put_nowait(self, name, value): self.get(name).put_nowait(value)

    def op_get_nowait(self, name): return self.get(name).get_nowait()

    async def op_join(self, name): await self.get(name).join()

    def op_task_done(self, name): self.get(name).task_done()

    def op_shutdown(self, name, is_immediate=False): self.get(name).shutdown(is_immediate)

    def op_qsize(self, name): return self.get(name).qsize()

    def op_empty(self, name): return self.get(name).empty()

    def op_full(self, name): return self.get(name).full()

    def op_agen(self, name, function): self.bind(name, self.gens[function]())

    def generator(self, name):
        """CPython may go on with one that once ignored GenExit."""
        generator = self.get(name)
        if generator in self.hung:
            self.is_artefact = True
        return generator

    async def op_anext(self, name): return await self.generator(name).__anext__()

    async def op_asend(self, name, value): return await self.generator(name).asend(value)

    async def op_athrow(self, name, error):
        generator = self.generator(name)
        if generator.ag_frame is None and not generator.ag_running:
            self.is_artefact = True  # it has ended: None is returned, and the error is lost
        return await generator.athrow(error_named(error))

    async def op_aclose(self, name):
        try:
            await self.generator(name).aclose()
        except StopAsyncIteration:
            self.is_artefact = True
            raise
        except RuntimeError as error:
            if "ignored GeneratorExit" in str(error):
                self.hung.add(self.get(name))
            raise

    # ---- from start to end ----

    def compile(self):
        names = {"P": self, "V": self.variables, "asyncio": asyncio, "matches": matches,
                 "text_of": text_of, "shown": shown, "state_of": state_of}
        exec(compile_program(self.program), names)

        def functions(kind, prefix):
            return {name: names[f"{prefix}_{number}"]
                    for number, name in enumerate(self.program.get(kind, {}))}

        self.coros, self.callbacks = functions("coros", "c"), functions("callbacks", "b")
        self.gens = functions("gens", "g")
        for name, function in self.gens.items():
            function.__name__ = name
            function.__code__ = function.__code__.replace(co_name=name)

    def play(self):
        """Returns the trace."""
        self.compile()
        self.declare()
        if self.program.get("eager"):
            self.loop.set_task_factory(asyncio.eager_task_factory)
        asyncio._set_running_loop(None)  # pyodide has one that always runs
        try:
            self.play_out(asyncio.Runner(loop_factory=lambda: self.loop))
        except Stop:
            if self.is_artefact:
                self.trace.append([self.loop.now, "-", "artefact"])
        self.is_over = True
        self.loop._closed = True
        return self.trace

    def play_out(self, runner):
        try:
            outcome = shown(runner.run(self.coroutine(self.program["main"])))
        except Stop:
            raise
        except RecursionError:
            self.is_artefact = True
            outcome = None
        except BaseException as error:
            outcome = "!" + text_of(error)
        self.log_outside("main", outcome)
        has_leftovers = self.close(runner)
        for task in self.loop.tasks:
            if task is not None and task._log_traceback:
                self.log_outside("unretrieved", task.get_name())
        self.log_outside("leftover" if has_leftovers else
                         "artefact" if self.is_artefact else "end")

    def close(self, runner):
        """Cancels the tasks and closes the generators; whether tasks are left even then."""
        leftovers, cancel_all = [], asyncio.runners._cancel_all_tasks

        def cancel_all_and_look(loop):
            cancel_all(loop)
            leftovers.extend(all_tasks_in_order(loop))

        asyncio.runners._cancel_all_tasks = cancel_all_and_look
        try:
            runner.close()
        except RecursionError:
            self.is_artefact = True
        finally:
            asyncio.runners._cancel_all_tasks = cancel_all
        return bool(leftovers)


def run_program(program):
    under_way = Program(program)
    try:
        return under_way.play()
    finally:
        under_way.is_over = True


def be_quiet():
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda unraisable: None
    if IS_PURE:
        sys.setrecursionlimit(400)  # a ring of tasks that is cancelled gets there


def main(arguments):
    if "--version" in arguments:
        print(sys.version.split()[0])
        return
    be_quiet()
    source, target = [word for word in arguments if not word.startswith("--")]
    gc.disable()
    with open(source, encoding="ascii") as programs, open(target, "w", encoding="ascii") as out:
        for count, program in enumerate(map(json.loads, programs)):
            entry = {"name": program["name"], "program": program, "trace": run_program(program)}
            out.write(json.dumps(entry, separators=(",", ":")) + "\n")
            if count % 200 == 199:
                gc.collect()


if __name__ == "__main__":
    main(sys.argv[1:])
