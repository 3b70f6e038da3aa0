# SPDX-License-Identifier: MIT
"""
CPython's asyncio under a virtual clock, in whole milliseconds, with an order where it has none.

Nothing of asyncio is done anew here: its own loop runs, with a selector that lets time pass instead
of waiting. What README.md, section 9, calls undefined is given an order, by its numbers:

    1  timers with equal deadlines fire in the order in which they were registered
    2  a group cancels its children in the order of their creation
    3  as_completed() and wait() go through their arguments in order
    4  the final cancellation goes in the order of creation, that of generators in that of first use

With "--pure" among the arguments the C accelerator stays out: that has to be said before asyncio is
imported, and so before this is.
"""

import inspect
import sys
import textwrap

IS_PURE = "--pure" in sys.argv
if IS_PURE:
    for name in [name for name in sys.modules if name.split(".")[0] == "asyncio"]:
        del sys.modules[name]
    sys.modules["_asyncio"] = None

import asyncio
import asyncio.runners
import asyncio.taskgroups
import asyncio.tasks

TURNS_MAX = 20000
EVENTS_MAX = 6000


class OrderedSet(dict):
    """In place of a set, as far as asyncio uses one."""

    def __init__(self, items=()):
        super().__init__((item, None) for item in items)

    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)

    def remove(self, item):
        del self[item]


def give_sets_an_order():
    asyncio.taskgroups.set = OrderedSet  # 2
    asyncio.tasks.set = OrderedSet  # 3
    asyncio.tasks.OrderedSet = OrderedSet
    iterator = asyncio.tasks._AsCompletedIterator
    source = textwrap.dedent(inspect.getsource(iterator.__init__))
    ordered = source.replace("{ensure_future(aw, loop=loop) for aw in set(aws)}",
                             "OrderedSet([ensure_future(aw, loop=loop) for aw in OrderedSet(aws)])")
    assert ordered != source, "as_completed() is another than the one we know"
    names = {}
    exec(compile(ordered, "<as_completed>", "exec"), asyncio.tasks.__dict__, names)
    iterator.__init__ = names["__init__"]


all_tasks = asyncio.tasks.all_tasks


def all_tasks_in_order(loop=None):  # 4
    loop = loop or asyncio.get_running_loop()
    return OrderedSet(sorted(all_tasks(loop), key=lambda task: loop.numbers.get(task, 1 << 30)))


give_sets_an_order()
asyncio.tasks.all_tasks = asyncio.all_tasks = all_tasks_in_order


class Stop(BaseException):
    """Ends the run of a program: it is deadlocked, or does too much."""


class Deadline(int):  # 1
    def __lt__(self, other):
        if isinstance(other, Deadline) and int(self) == int(other):
            return self.number < other.number
        return int.__lt__(self, other)


class Selector:
    """Finds no events: time passes at once, up to the next timer."""

    def __init__(self, loop):
        self.loop, self.turns = loop, 0

    def select(self, timeout):
        self.turns += 1
        program = self.loop.program
        if self.turns > TURNS_MAX or len(program.trace) > EVENTS_MAX:
            program.stop("limit")
        if timeout is None:
            program.stop("deadlock")
        if timeout > 0:
            self.loop.now += int(timeout)
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """`program` has a trace, and is told to stop."""

    def __init__(self, program):
        super().__init__()
        self.program, self.now = program, 0
        self._selector = Selector(self)
        self._clock_resolution = 0.5  # all deadlines are whole
        self._asyncgens = OrderedSet()  # 4
        self.timer_count = 0
        self.tasks, self.numbers = [], {}

    def time(self):
        return self.now

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass

    def call_at(self, when, callback, *args, context=None):
        deadline = Deadline(when)
        self.timer_count += 1
        deadline.number = self.timer_count
        return super().call_at(deadline, callback, *args, context=context)

    def create_task(self, coro, *, name=None, **options):
        number = len(self.tasks)
        self.tasks.append(None)  # an eager one makes others before it is made
        if name is None:
            name = self.name_of(coro) if number > 0 else "main"
        task = super().create_task(coro, name=name, **options)
        self.tasks[number] = task
        self.numbers[task] = number
        if number == 0:
            self.program.variables["main"] = task
        return task

    @staticmethod
    def name_of(coro):
        """Of a task made implicitly. The closing of a generator has no name."""
        name = getattr(coro, "__name__", "aclose")
        return "aclose" if name == "_wrap_awaitable" else name
