# SPDX-License-Identifier: MIT
"""
The operations of a random program, by weight.

`operations(g, place)` is the door: one operation, or a few in a row, for a place in the program.
TABLE says how likely each is and when it makes sense; it is looked at once for each situation that
a program comes to (place and what there is to be named), not once for each operation.

`g` is the generator of the program (generate.py), which has the random numbers and the names.
"""

import itertools
import typing

CATCHABLE = ("Cancelled", "Timeout", "Error", "Error:a", "Group", "exc", "any", "InvalidState",
             "Runtime", "QueueShutDown", "QueueEmpty", "QueueFull", "BrokenBarrier", "Value")
USUALLY_CAUGHT = ("Cancelled",) * 3 + ("any", "any", "exc", "Error", "Timeout", "Group",
                                       "QueueShutDown", "BrokenBarrier")

# Main should seldom block on something that nobody will ever release.
RISKY = {"bwait", "get", "put", "join", "acquire", "wait_event", "with", "await", "for", "anext"}

# These raise so often that they are guarded most of the time.
FRAIL = {"release", "set_result", "set_exception", "put_nowait", "get_nowait", "task_done",
         "notify", "result", "exception", "reschedule"}


def guarded(g, op):
    if op[0] in FRAIL and g.p(0.88):
        return ["try", [op], [["exc", [["log", "guard"]]] if g.p(0.9) else ["any", []]]]
    return op


# ---- What blocks, and what releases ----------------------------------------------------------


def condition_wait(g, condition):
    if g.p(0.3):
        wait = ["cwait_for", condition, "n0", ">=", g.r.randint(1, 3)]
        return ["with", condition, [wait, ["log", "ok"]]]
    return ["with", condition, [["cwait", condition], ["log", "ntf"]]]


BLOCKERS = (
    ("future", 2, lambda g, it: ["await", it]),
    ("lock", 3, lambda g, it: ["with", it, [["sleep", g.delay()]]]),
    ("lock", 1, lambda g, it: ["acquire", it]),
    ("event", 2, lambda g, it: ["wait_event", it]),
    ("sem", 3, lambda g, it: ["with", it, [["sleep", g.delay()]]]),
    ("sem", 1, lambda g, it: ["acquire", it]),
    ("cond", 4, condition_wait),
    ("barrier", 3, lambda g, it: ["bwait", it]),
    ("barrier", 1, lambda g, it: ["with", it, [["log", "in"]]]),
    ("queue", 3, lambda g, it: ["get", it]),
    ("queue", 2, lambda g, it: ["put", it, g.number()]),
    ("queue", 1, lambda g, it: ["join", it]),
    ("task", 1, lambda g, it: ["await", it]),
)
WAKERS = (
    ("future", 2, lambda g, it: ["set_result", it, g.value()]),
    ("future", 1, lambda g, it: ["set_exception", it, g.error()]),
    ("future", 1, lambda g, it: ["cancel", it]),
    ("lock", 1, lambda g, it: ["release", it]),
    ("event", 3, lambda g, it: ["set", it]),
    ("event", 1, lambda g, it: ["clear", it]),
    ("sem", 3, lambda g, it: ["release", it]),
    ("queue", 3, lambda g, it: ["put_nowait", it, g.number()]),
    ("queue", 2, lambda g, it: ["get_nowait", it]),
    ("queue", 2, lambda g, it: ["task_done", it]),
    ("queue", 1, lambda g, it: ["shutdown", it, g.p(0.4)]),
    ("cond", 1, lambda g, it: ["notify", it, g.r.randint(0, 2)]),
    ("task", 3, lambda g, it: ["cancel", it]),
)


def one_of(g, table, otherwise):
    """An operation on something that the program has."""
    names = {**g.by, "task": g.tasks}
    rows = [row for row in table if names[row[0]]]
    weights = [weight for _, weight, _ in rows]
    choice = g.r.choices([*rows, None], [*weights, otherwise[0]])[0]
    return otherwise[1]() if choice is None else choice[2](g, g.pick(names[choice[0]]))


def blocker(g):
    """An operation that blocks, more often than not."""
    return one_of(g, BLOCKERS, (1, lambda: ["sleep", g.positive_delay()]))


def waker(g):
    """An operation that releases somebody, and doesn't wait."""
    return one_of(g, WAKERS, (0.1, lambda: ["log", g.value()]))


def new_callback(g):
    body = []
    for _ in range(g.r.randint(0, 2)):
        k = g.r.random()
        if k < 0.45:
            body.append(guarded(g, waker(g)))
        elif k < 0.6:
            body.append(["log", g.value()])
        elif k < 0.7 and g.tasks:
            body.append([g.r.choice(("done", "cancelling", "cancelled")), g.pick(g.tasks)])
        elif k < 0.78:
            body.append(["raise", g.error()])
        elif k < 0.84 and g.tasks:
            body.append(["state", g.pick(g.tasks)])
        elif k < 0.9 and g.callbacks:
            body.append(["call_soon", None, g.pick(list(g.callbacks))])
        else:
            body.append(waker(g))
    name = g.uid("h")
    g.callbacks[name] = body
    return name


# ---- Tasks -----------------------------------------------------------------------------------


def spawn(g, place):
    return [g.task(g.any_coro(place.level))[1]]


def look_at_task(g, place):
    """What can be asked of a task, or asked for."""
    if not g.tasks:
        return spawn(g, place)
    task = g.pick(g.tasks + g.futures if g.p(0.3) else g.tasks)
    other = g.pick([*g.tasks, "self"])
    return [g.r.choices((
        ["cancel", task], ["cancel", "self"], ["cancel", "main"], ["state", task], ["done", task],
        ["cancelled", task], guarded(g, ["result", task]), guarded(g, ["exception", task]),
        ["cancelling", other], ["uncancel", other] if "uncancel" in g.features else ["all_tasks"],
        ["all_tasks"], ["if", ["done", task], [["log", "isdone"]], [["cancel", task]]],
    ), (45, 5, 2, 8, 4, 4, 4, 4, 8, 8, 3, 5))[0]]


def gather(g, place):
    return [["gather", g.awaitables(place, 4), g.p(0.4)]]


def gather_start(g, place):
    op = ["gather_start", g.uid("g"), g.awaitables(place, 3), g.p(0.4)]
    g.futures.append(op[1])
    return [op]


def shield_start(g, place):
    op = ["shield_start", g.uid("x"), g.awaitable(place, 0.3)]
    g.futures.append(op[1])
    return [op]


def wait(g, place):
    pool = g.tasks * 2 + g.futures + g.by["future"]
    if not pool:
        return spawn(g, place)
    return [["wait", [g.pick(pool) for _ in range(g.r.randint(1, 4))],
             g.r.choice((None, 0, 1, 2, 3, 5, 10)),
             g.r.choice(("ALL", "FIRST", "FIRST", "EXC", "EXC"))]]


def wait_for(g, place):
    return [["wait_for", g.awaitable(place, 0.6), g.r.choice((None, 0, -1, 1, 1, 2, 2, 3, 5, 10))]]


def as_completed(g, place):
    body = []
    if g.p(0.3) and place.nest < g.size.depth:
        body = g.block(place.deeper(in_loop=True, is_repeated=True), 1)
    return [["as_completed", g.r.choice(("async", "plain")), g.awaitables(place, 4),
             g.r.choice((None, None, 1, 2, 3, 5)), body]]


def add_callback(g, place):
    target = g.pick(g.tasks + g.futures + g.by["future"]) or "self"
    if g.callbacks and g.p(0.4):
        return [[g.r.choice(("add_cb", "remove_cb")), target, g.pick(list(g.callbacks))]]
    return [["add_cb", target, new_callback(g)]]


def call(g, place):
    handle, callback = g.uid("hd"), new_callback(g)
    g.handles.append(handle)
    return [g.r.choices((["call_soon", handle, callback],
                         ["call_later", handle, g.delay(), callback],
                         ["call_at", handle, g.r.choice((0, 1, 2, 5, 8)), callback]),
                        (35, 50, 15))[0]]


# ---- Structure and scopes --------------------------------------------------------------------


def handlers(g, place):
    out = []
    for _ in range(g.r.choice((1, 1, 1, 2))):
        kind = g.r.choice((*USUALLY_CAUGHT, g.r.choice(CATCHABLE)))
        if kind == "Cancelled" and not place.in_finally and g.p(0.5):
            body = g.on_cancel()
        else:
            inside = place.deeper(in_handler=True)
            body = g.block(inside, g.r.randint(0, 2)) if g.p(0.5) else [["log", "h"]]
            if g.p(0.25):
                body.append(["reraise"])
        out.append([kind, body])
        if kind == "any":
            break
    return out


def last_block(g, place):
    if g.p(0.4):
        return [["log", "fin"]]
    if g.p(0.5):
        return [["sleep", g.delay()], ["log", "fin"]]
    return g.block(place.deeper(in_finally=True, in_loop=False), g.r.randint(1, 2))


def tried(g, place, body=None):
    if body is None:
        body = g.block(place.deeper(), g.r.randint(1, 3))
    if g.p(0.25):
        return ["try", body, [], None, last_block(g, place)]
    op = ["try", body, handlers(g, place)]
    otherwise = g.block(place.deeper(), 1) if g.p(0.15) else None
    last = last_block(g, place) if g.p(0.25) else None
    return op + ([otherwise, last] if last else [otherwise] if otherwise else [])


def repeat(g, place):
    inside = place.deeper(in_loop=True, is_repeated=place.is_repeated or place.level > 0)
    return [["repeat", g.r.randint(1, 3), g.block(inside, g.r.randint(1, 2))]]


def with_object(g, place, name, most=2):
    return [["with", name, g.block(place.deeper(), g.r.randint(1, most))]]


def timeout(g, place):
    name = g.uid("o")
    g.timeouts.append(name)
    body = g.block(place.deeper(), g.r.randint(1, 3))
    for op in (["reschedule", name, g.r.choice((None, -1, 0, 1, 2, 5))], ["expired", name]):
        if g.p(0.3):
            body.insert(g.r.randint(0, len(body)), op)
    if all(op[0] in ("log", "expired", "reschedule") for op in body):
        body.append(["sleep", g.positive_delay()])
    if g.p(0.1):
        op = ["timeout_at", name, g.r.choice((0, 1, 3, 5, 10)), body]
    else:
        op = ["timeout", name, g.r.choice((None, 0, 0, 1, 1, 2, 2, 3, 3, 5, 10)), body]
    return [tried(g, place, [op]), ["expired", name]] if g.p(0.5) else [op]


def taskgroup(g, place):
    group = g.uid("tg")
    g.groups.append(group)
    body = []
    for _ in range(g.r.randint(1, 4)):
        if g.p(0.65):
            body.append(group_spawn(g, place, group))
        else:
            body += g.block(place.deeper(), 1)
    op = ["taskgroup", group, body]
    return [tried(g, place, [op]) if g.p(0.6) else op]


def group_spawn(g, place, group):
    task = g.uid("t")
    g.tasks.append(task)
    return ["tg_spawn", group, task, g.any_coro(place.level), *g.maybe_eagerly(0.2)]


# ---- Synchronisation, queues, generators -----------------------------------------------------


def future_op(g, place):
    it = g.pick(g.by["future"])
    return [g.r.choices((
        guarded(g, ["set_result", it, g.value()]), guarded(g, ["set_exception", it, g.error()]),
        ["cancel", it], ["state", it], ["await", it], ["new", it, ["future"]],
        guarded(g, [g.r.choice(("result", "exception")), it])), (30, 10, 10, 10, 10, 5, 7))[0]]


def lock_op(g, place):
    it = g.pick(g.by["lock"])
    return [g.r.choices((["acquire", it], guarded(g, ["release", it]), ["locked", it]),
                        (2, 2, 1))[0]]


def semaphore_op(g, place):
    it = g.pick(g.by["sem"])
    return [g.r.choices((["acquire", it], guarded(g, ["release", it]), ["locked", it]),
                        (2, 3, 1))[0]]


def event_op(g, place):
    it = g.pick(g.by["event"])
    return [[g.r.choices(("wait_event", "set", "clear", "is_set"), (3, 2, 1, 1))[0], it]]


def notify(g, place):
    it = g.pick(g.by["cond"])
    body = [["iadd", "n0", 1]] if g.p(0.5) else []
    body.append(["notify_all", it] if g.p(0.3) else ["notify", it, g.r.randint(0, 3)])
    if g.p(0.3):
        body.append(["sleep", g.delay()])
    return [["with", it, body]]


def condition_op(g, place):
    it = g.pick(g.by["cond"])
    if g.p(0.07):
        return [guarded(g, ["notify", it, 1]) if g.p(0.6) else
                ["try", [["cwait", it]], [["exc", []]]]]
    body = [["cwait", it]]
    if g.p(0.4):
        body = [["cwait_for", it, "n0", g.r.choice((">=", "==", "<")), g.r.randint(0, 3)]]
    if g.p(0.4):
        body.append(["sleep", g.delay()])
    return [["with", it, body]]


def barrier_op(g, place):
    it = g.pick(g.by["barrier"])
    return [[g.r.choices(("bwait", "babort", "breset", "binfo"), (6, 1.5, 2.5, 1))[0], it]]


def queue_op(g, place):
    it = g.pick(g.by["queue"])
    return [g.r.choices((
        ["get", it], ["put", it, g.number()], guarded(g, ["put_nowait", it, g.number()]),
        guarded(g, ["get_nowait", it]), guarded(g, ["task_done", it]), ["join", it],
        ["shutdown", it, g.p(0.4)], [g.r.choice(("qsize", "empty", "full")), it],
        ["repeat", g.r.randint(1, 3), [["get", it], ["sleep", g.delay()], ["task_done", it]]],
        ["repeat", g.r.randint(1, 3), [["put", it, g.number()]]],
    ), (4, 5, 2, 2, 2.5, 1.5, 1.2, 1, 2, 1.5))[0]]


def generator_body(g):
    body = []
    for i in range(g.r.randint(1, 3)):
        handled = g.r.choice((["log", "gh"], ["yield", 9], ["reraise"], ["sleep", 1],
                              ["raise", "Error:g"]))
        kind = g.r.choice(("Cancelled", "Error", "any", "exc", "GenExit"))
        body += g.r.choices((
            [["yield", i]], [["sleep", g.delay()], ["yield", i]],
            [["try", [["yield", i], ["sleep", g.delay()]], [], None,
              [["sleep", g.delay()], ["log", "gf"]]]],
            [["try", [["yield", i]], [[kind, [handled]]]]], [["repeat", 2, [["yield", i]]]],
            [["raise", g.error()]]), (40, 20, 15, 12, 6, 7))[0]
    return body + ([["return"]] if g.p(0.1) else [])


def new_generator(g, place):
    if not g.gens or (len(g.gens) < 3 and g.p(0.5)):
        function = g.uid("y")
        g.gens[function] = generator_body(g)
    else:
        function = g.pick(list(g.gens))
    name = g.uid("gv")
    g.generators.append(name)
    out = [["agen", name, function]]
    for _ in range(g.r.randint(1, 3)):
        out += use_generator(g, place, name)
    return out


def use_generator(g, place, name=None):
    name = name or g.pick(g.generators)
    if g.p(0.3):
        body = [["log", "it"]]
        if place.nest < g.size.depth and g.p(0.5):
            body = g.block(place.deeper(in_loop=True, is_repeated=True), 1)
        leaves = body[-1][0] in ("break", "continue", "return", "raise", "reraise")
        return [["for", name, body + ([["break"]] if g.p(0.4) and not leaves else [])]]
    op = g.r.choices((
        ["anext", name], ["asend", name, g.value() if g.p(0.5) else None],
        ["athrow", name, g.r.choice(("Error:a", "Error:b", "Error:c", "Cancelled"))],
        ["aclose", name]), (25, 10, 15, 20))[0]
    if g.p(0.6):
        return [["try", [op], [[g.r.choice(("StopIter", "exc", "any")), []]]]]
    return [op]


# ---- The table -------------------------------------------------------------------------------


class Situation(typing.NamedTuple):
    """What decides which rows of the table make sense. `has` are features and names there are."""

    has: frozenset
    is_leaf: bool
    is_deep: bool
    is_repeated: bool
    in_loop: bool
    in_handler: bool
    in_finally: bool


def always(s):
    return True


def having(*names, deeper=False, calls=False):
    """A condition: all of these there, room for a block, room for another coroutine."""
    def condition(s):
        return s.has.issuperset(names) and not (deeper and s.is_deep) and not (
            calls and s.is_leaf)
    return condition


TABLE = (
    (6, always, lambda g, place: [["sleep", g.delay()]]),
    (2, always, lambda g, place: [["log", g.value()]]),
    (0.25, always, lambda g, place: [["busy", g.r.choice((1, 2, 3, 5))]]),
    (4, always, lambda g, place: [blocker(g)]),
    (5, always, lambda g, place: [guarded(g, waker(g))]),
    (6, lambda s: not s.is_leaf or "tasks" in s.has, look_at_task),
    (5, lambda s: not s.is_leaf and not s.is_repeated, spawn),
    (2, lambda s: not s.is_leaf and not s.is_repeated,
     lambda g, place: [["await", g.awaitable(place, 0.4)]]),
    (2, having("tasks"), lambda g, place: [["await", g.pick(g.tasks)]]),
    (0.7, always, lambda g, place: [["raise", g.error()]]),
    (0.4, lambda s: not s.in_finally, lambda g, place: [["return", g.value()]]),
    (1.5, lambda s: s.in_handler, lambda g, place: [["reraise"]]),
    (1, lambda s: s.in_loop, lambda g, place: [[g.r.choice(("break", "continue"))]]),
    (7, having(deeper=True), lambda g, place: [tried(g, place)]),
    (1, having(deeper=True), repeat),
    (4, having("gather", calls=True), gather),
    (3, having("gather", calls=True), gather_start),
    (4, having("shield", calls=True), lambda g, place: [["shield", g.awaitable(place, 0.4)]]),
    (2, having("shield", calls=True), shield_start),
    (6, having("wait", calls=True), wait),
    (7, having("waitfor", calls=True), wait_for),
    (4, having("ascompleted", calls=True), as_completed),
    (7, having("timeout", deeper=True), timeout),
    (1, having("timeouts"), lambda g, place: [
        guarded(g, ["reschedule", g.pick(g.timeouts), g.r.choice((None, 0, 1, 3))])]),
    (0.6, having("timeouts"),
     lambda g, place: [[g.r.choice(("expired", "when")), g.pick(g.timeouts)]]),
    (8, having("taskgroup", deeper=True, calls=True), taskgroup),
    (2, having("groups", calls=True), lambda g, place: [
        ["try", [group_spawn(g, place, g.pick(g.groups))], [["Runtime", []]]]]),
    (7, having("future"), future_op),
    (5, having("callback"), add_callback),
    (4, having("callback"), call),
    (1.5, having("handles"), lambda g, place: [["cancel_handle", g.pick(g.handles)]]),
    (0.5, having("handles"), lambda g, place: [["handle_cancelled", g.pick(g.handles)]]),
    (5, having("lock", deeper=True),
     lambda g, place: with_object(g, place, g.pick(g.by["lock"]))),
    (5, having("lock"), lock_op),
    (4, having("sem", deeper=True), lambda g, place: with_object(g, place, g.pick(g.by["sem"]))),
    (6, having("sem"), semaphore_op),
    (7, having("event"), event_op),
    (6, having("cond"), notify),
    (6, having("cond"), condition_op),
    (11, having("barrier"), barrier_op),
    (1.5, having("barrier", deeper=True),
     lambda g, place: with_object(g, place, g.pick(g.by["barrier"]), 1)),
    (22, having("queue"), queue_op),
    (7, having("gen"), new_generator),
    (3, having("generators"), use_generator),
)


def situation(g, place):
    has = {name for name in ("tasks", "timeouts", "groups", "handles", "generators")
           if getattr(g, name)}
    return Situation(g.features | has, place.level >= 9, place.nest >= g.size.depth,
                     place.is_repeated, place.in_loop, place.in_handler, place.in_finally)


def makers_for(g, place):
    key = (place.level >= 9, place.nest, *place[2:6], bool(g.tasks), bool(g.timeouts),
           bool(g.groups), bool(g.handles), bool(g.generators))
    if key not in g.weights:
        now = situation(g, place)
        rows = [(weight, make) for weight, condition, make in TABLE if condition(now)]
        g.weights[key] = ([make for _, make in rows],
                          list(itertools.accumulate(weight for weight, _ in rows)))
    return g.weights[key]


def operations(g, place):
    """One operation for this place, or a few that belong together."""
    for _ in range(3):
        makers, weights = makers_for(g, place)
        out = g.r.choices(makers, cum_weights=weights)[0](g, place)
        if place.level > 0 or place.is_timed or out[0][0] not in RISKY or not g.p(0.75):
            return out
    return [["sleep", g.delay()]]
