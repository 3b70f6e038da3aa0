# SPDX-License-Identifier: MIT
"""
Random programs. `program(seed, size)` is always the same one.

A program uses some features of the language, chosen at random, so that each meets the others in
some programs and has room for itself in others. It declares objects first; then main is made of
segments: operations by weight (ordinary.py), the corners of the language (unusual.py), and
scenarios, in which tasks block on something while others release it and cancel them at the same
instant: there the order of things matters most.

Coroutines stand on levels, and call those of deeper levels alone, so no program recurses; level
LEAF makes no more coroutines. Most of what main does is guarded, and something goes on when main
blocks: a program that deadlocks at once shows little.
"""

import random
import typing

import ordinary
import unusual

FEATURES = ("future", "callback", "gather", "wait", "waitfor", "ascompleted", "shield", "timeout",
            "taskgroup", "lock", "event", "cond", "sem", "barrier", "queue", "gen", "eager",
            "uncancel")
DELAYS = (0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 7, 10)
POSITIVE_DELAYS = (1, 1, 2, 2, 3, 4, 5, 7, 10)
ERRORS = ("Error:a", "Error:b", "Error:c")
LEAF = 9  # the level of coroutines that call no others


class Size(typing.NamedTuple):
    coros: tuple  # how many coroutines, at least and at most
    block: int  # how many operations a block has at most
    depth: int  # of blocks in blocks
    features: tuple  # how many, at least and at most
    segments: tuple  # of main, likewise


SIZES = {
    "small": Size((2, 3), 4, 2, (2, 5), (1, 3)),
    "medium": Size((4, 6), 6, 3, (3, 7), (2, 5)),
    "large": Size((7, 11), 8, 3, (5, 10), (4, 9)),
}


class Place(typing.NamedTuple):
    """Where an operation will stand."""

    level: int = 0  # of the coroutine
    nest: int = 0  # blocks around it
    in_loop: bool = False
    is_repeated: bool = False  # so it makes no more tasks
    in_handler: bool = False
    in_finally: bool = False
    is_timed: bool = False  # under a timeout: may block

    def deeper(self, **changes):
        return self._replace(nest=self.nest + 1, **changes)


LEAF_PLACE = Place(level=LEAF)


class Generator:
    """What is known of the program while it is made."""

    def __init__(self, seed, size):
        self.r = random.Random(f"{seed}/{size}")
        self.name = f"r{seed}-{size}"
        self.size = SIZES[size]
        self.is_small = size == "small"
        self.features = frozenset(
            self.r.sample(FEATURES, self.r.randint(*self.size.features)))
        self.is_unusual = self.p(0.5)
        self.uids = 0
        self.objects, self.coros, self.gens, self.callbacks = {}, {}, {}, {}
        self.by = {kind: [] for kind in ("lock", "event", "cond", "sem", "barrier", "queue",
                                         "future", "int")}
        # The variables that have been bound somewhere before, more or less.
        self.tasks, self.futures, self.groups, self.timeouts = [], [], [], []
        self.handles, self.generators = [], []
        self.budget = self.r.randint(*self.size.coros)  # of coroutines that are no leaves
        self.weights = {}  # see ordinary.py
        self.declare_objects()

    # ---- random choices ----

    def p(self, probability):
        return self.r.random() < probability

    def pick(self, choices):
        return self.r.choice(choices) if choices else None

    def delay(self):
        return self.r.choice(DELAYS)

    def positive_delay(self):
        return self.r.choice(POSITIVE_DELAYS)

    def value(self):
        if self.p(0.4):
            return self.r.choice((0, 1, 2, 3, 4, 5, "x", "y", "zz", None))
        return self.r.randint(0, 9)

    def number(self):
        return self.r.randint(0, 9)

    def error(self):
        return self.r.choice(ERRORS)

    # ---- names ----

    def uid(self, prefix):
        self.uids += 1
        return f"{prefix}{self.uids}"

    def declare(self, kind, spec, name=None):
        name = name or self.uid("w")
        self.objects[name] = spec
        self.by[kind].append(name)
        return name

    def declare_some(self, kind, prefix, most, make_spec):
        for number in range(self.r.randint(1, most)):
            self.declare(kind, make_spec(), f"{prefix}{number}")

    def declare_objects(self):
        r, has = self.r, self.features.__contains__
        if has("lock") or self.p(0.15):
            self.declare_some("lock", "l", 2, lambda: ["lock"])
        if has("event") or self.p(0.3):
            self.declare_some("event", "e", 2, lambda: ["event"])
        if has("sem"):
            self.declare_some("sem", "s", 2, lambda: [r.choice(("sem", "sem", "bsem")),
                                                      r.choice((0, 1, 1, 2, 2, 3))])
        if has("cond"):
            self.declare("int", ["int", 0], "n0")
            shares = self.by["lock"] and self.p(0.3)
            self.declare("cond", ["cond", *self.by["lock"][:1]] if shares else ["cond"], "k0")
            if not self.is_small and self.p(0.3):
                self.declare("cond", ["cond"], "k1")
        if has("barrier"):
            self.declare("barrier", ["barrier", r.choice((1, 2, 2, 2, 3, 3, 4))], "b0")
        if has("queue"):
            self.declare_some("queue", "q", 2, lambda: [
                r.choice(("queue", "queue", "queue", "pqueue", "lqueue")),
                r.choice((0, 1, 1, 1, 2, 2, 3))])
        if has("future") or self.p(0.3):
            self.declare_some("future", "f", 3, lambda: ["future"])

    # ---- coroutines and tasks ----

    def new_coro(self, body):
        name = self.uid("c")
        self.coros[name] = body
        return name

    def any_coro(self, level):
        """A new coroutine to be called from this level; a leaf when there are enough others."""
        if level + 1 >= self.size.depth or self.budget <= 0:
            return self.new_coro(self.leaf_body())
        name = self.new_coro([])  # so that the deeper ones have higher numbers
        self.budget -= 1
        self.coros[name] = self.coro_body(level + 1)
        return name

    def coro_body(self, level):
        body = self.block(Place(level), self.r.randint(1, self.size.block))
        k = self.r.random()
        if k < 0.4:
            body.append(["return", self.value()])
        elif k < 0.5:
            body.append(["raise", self.error()])
        return body

    def leaf_body(self):
        blocks = [ordinary.blocker(self)]
        return self.r.choices((
            [["sleep", self.delay()], ["return", self.value()]],
            [["sleep", self.delay()], ["raise", self.error()]],
            [["try", [["sleep", self.positive_delay()]], [["Cancelled", self.on_cancel()]]],
             ["return", self.value()]],
            [["try", [["sleep", self.positive_delay()]], [], None,
              [["sleep", self.delay()], ["log", "fin"]]]],
            [*blocks, ["return", self.value()]],
            [["return", self.value()]],
            [["raise", self.r.choice((*ERRORS, "Cancelled", "Timeout"))]],
            [["try", blocks, [["Cancelled", self.on_cancel()]], None, [["log", "f"]]]],
            [["repeat", self.r.randint(1, 3), [["sleep", self.delay()], ["log", self.value()]]]],
        ), (25, 15, 10, 10, 10, 5, 5, 10, 10))[0]

    def on_cancel(self):
        """What a handler of `Cancelled` does."""
        body = []
        if self.p(0.4):
            body.append(["sleep", self.delay()])
        if "uncancel" in self.features and self.p(0.4):
            body.append(["uncancel", "self"])
        if self.p(0.2):
            body.append(["cancelling", "self"])
        body += self.r.choices(([["reraise"]], [["raise", self.error()]],
                                [["return", self.value()]], [["log", "swallow"]]),
                               (40, 10, 15, 35))[0]
        return body

    def task(self, coro, is_known=True):
        """Returns the name of a new task and the operation that makes it."""
        name = self.uid("t")
        if is_known:
            self.tasks.append(name)
        return name, ["spawn", name, coro, *self.maybe_eagerly(0.3)]

    def maybe_eagerly(self, probability):
        return (None, True) if "eager" in self.features and self.p(probability) else ()

    def awaitable(self, place, call=0.5):
        pool = self.tasks * 3 + self.futures + self.by["future"]
        if pool and (place.level >= LEAF or not self.p(call)):
            return self.r.choice(pool)
        return self.any_coro(place.level) + "()"

    def awaitables(self, place, most):
        return [self.awaitable(place) for _ in range(self.r.randint(1, most))]

    # ---- blocks ----

    def block(self, place, count):
        out = []
        for _ in range(count):
            out += ordinary.operations(self, place)
            if out[-1][0] in ("return", "raise", "reraise", "break", "continue"):
                break
        return out

    def moment(self):
        """An operation that waits for a moment at most."""
        return self.r.choice((["log", self.value()], ["sleep", 0], ["sleep", 1], ["current"]))

    # ---- the whole ----

    def scenario(self, place):
        """Tasks that block, and are released and cancelled at the same instant."""
        body = self.wrapped(self.blocking_body())
        out, names = [], []
        for _ in range(self.r.randint(1, 3)):
            name, spawn = self.task(self.new_coro(body))
            names.append(name)
            out.append(spawn)
            if self.p(0.3):
                out.append(["sleep", self.delay()])
        if "callback" in self.features and self.p(0.4):
            out.append(["add_cb", self.pick(names), ordinary.new_callback(self)])
        for _ in range(self.r.randint(1, 3)):
            out.append(["sleep", self.delay()])
            for _ in range(self.r.randint(1, 3)):
                out.append(["cancel", self.pick(names)] if self.p(0.5) else
                           ordinary.guarded(self, ordinary.waker(self)))
        for name in names:
            out += self.r.choices(([["try", [["await", name]], [["any", []]]]],
                                   [["wait_for", name, self.positive_delay()]],
                                   [["state", name]], []), (50, 10, 10, 30))[0]
        return out

    def blocking_body(self):
        blocks = [ordinary.blocker(self)]
        k = self.r.random()
        if k < 0.5:
            otherwise = [["log", "else"]] if self.p(0.3) else None
            last = [["log", "fin"]] if self.p(0.5) else [["sleep", self.delay()]]
            return [["try", blocks, [["Cancelled", self.on_cancel()]], otherwise, last],
                    ["return", 1]]
        if k < 0.6:
            return [["try", blocks, [["any", [["log", "any"]]]]], ordinary.blocker(self)]
        return [*blocks, ["log", "got"], ["return", self.value()]]

    def wrapped(self, body):
        """The body inside one more thing that waits for it, or as it is."""
        k = self.r.random()
        if k < 0.15:
            return [["timeout", self.uid("o"), self.positive_delay(), body]]
        if k >= 0.6:
            return body
        coro = self.new_coro(body)
        if k < 0.3:
            return [["wait_for", coro + "()", self.positive_delay()]]
        if k < 0.4:
            return [["shield", coro + "()"]]
        if k < 0.5:
            other = self.new_coro(self.leaf_body())
            return [["gather", [coro + "()", other + "()"], self.p(0.4)]]
        group, task = self.uid("tg"), self.uid("t")
        self.tasks.append(task)
        return [["taskgroup", group, [["tg_spawn", group, task, coro], ordinary.blocker(self)]]]

    def segment(self):
        is_timed = "timeout" in self.features and self.p(0.5)
        if self.is_unusual and self.p(0.5):
            out = unusual.segment(self)
        elif self.p(0.45):
            out = self.scenario(Place())
        else:
            out = self.block(Place(is_timed=is_timed), self.r.randint(1, self.size.block))
        if is_timed:
            out = [["timeout", self.uid("o"), self.r.choice((1, 2, 3, 5, 8)), out]]
        if self.p(0.88):
            out = [["try", out, [["any", [["log", "main-caught"]]]]]]
        if self.p(0.4):
            out.append(["sleep", self.delay()])
        return out

    def main_body(self):
        body = []
        for _ in range(self.r.randint(*self.size.segments)):
            body += self.segment()
        if self.tasks and self.p(0.5):
            some = self.r.sample(self.tasks, min(len(self.tasks), self.r.randint(1, 4)))
            body.append(self.r.choice((["wait", some, 20, "ALL"], ["gather", some, True],
                                       ["wait_for", some[0], 15])))
        body = self.kept_going(body)
        if self.p(0.3):
            body += [["state", task] for task in self.tasks[:4]]
        if self.p(0.3):
            body.append(["return", self.value()])
        return body

    def kept_going(self, body):
        """A main that blocks is timed out, or cancelled by timers."""
        is_timed = "timeout" in self.features
        if is_timed and self.p(0.8):
            body = [["timeout", "mt", self.r.choice((12, 25, 40)), body]]
            if self.p(0.7):
                body = [["try", body, [["any", [["log", "end-caught"]]]]]]
        if self.p(0.12 if is_timed else 0.8):
            self.callbacks["kill"] = [["cancel", "main"]]
            first = self.r.choice((8, 12, 20))
            body = [["call_later", None, first + 5 * i, "kill"]
                    for i in range(self.r.randint(3, 9))] + body
        return body

    def program(self):
        self.coros["main"] = self.main_body()
        program = {"name": self.name, "objects": self.objects, "coros": self.coros,
                   "gens": self.gens, "callbacks": self.callbacks, "main": "main"}
        if "eager" in self.features and self.p(0.4):
            program["eager"] = True
        return {key: value for key, value in program.items() if value}


def program(seed, size):
    return Generator(seed, size).program()
