# SPDX-License-Identifier: MIT
"""
The language of README.md, sections 1 and 4: which operations there are, what their arguments are,
and what makes a program one. Nothing here says what an operation does.

A shape has a letter for each argument:

    v  variable              V  list of variables                   n  name to be bound (or null)
    a  awaitable             A  list of awaitables                  B  block (or null)
    c  coroutine function    g  generator function                  b  callback
    H  except clauses        O  operation                           i  integer (or null)
    x  anything else

Arguments behind a | may be left out.
"""

import itertools
import typing


class Op(typing.NamedTuple):
    shape: str
    waits: bool = False


OPS = {
    # structure
    "try": Op("BH|BB"), "reraise": Op(""), "errmsg": Op(""), "raise": Op("x"), "return": Op("|x"),
    "repeat": Op("iB"), "break": Op(""), "continue": Op(""), "if": Op("OB|B"), "log": Op("x"),
    "with": Op("vB", True), "timeout": Op("niB", True), "timeout_at": Op("niB", True),
    "taskgroup": Op("nB", True), "for": Op("vB", True), "as_completed": Op("xAiB", True),
    "yield": Op("x", True),
    # tasks and futures
    "busy": Op("i"), "sleep": Op("i", True), "spawn": Op("nc|xx"), "await": Op("a", True),
    "cancel": Op("v|x"), "uncancel": Op("v"), "cancelling": Op("v"), "done": Op("v"),
    "cancelled": Op("v"), "state": Op("v"), "result": Op("v"), "exception": Op("v"),
    "current": Op(""), "get_name": Op("v"), "set_name": Op("vx"), "all_tasks": Op(""),
    "set_result": Op("vx"), "set_exception": Op("vx"), "add_cb": Op("vb"), "remove_cb": Op("vb"),
    "call_soon": Op("nb"), "call_later": Op("nib"), "call_at": Op("nib"),
    "cancel_handle": Op("v"), "handle_cancelled": Op("v"), "new": Op("nx"),
    "gather": Op("A|x", True), "gather_start": Op("nA|x"), "shield": Op("a", True),
    "shield_start": Op("na"), "wait": Op("V|ix", True), "wait_for": Op("ai", True),
    # scopes
    "tg_spawn": Op("vnc|xx"), "reschedule": Op("vi"), "expired": Op("v"), "when": Op("v"),
    # synchronisation and queues
    "acquire": Op("v", True), "release": Op("v"), "locked": Op("v"), "set": Op("v"),
    "clear": Op("v"), "is_set": Op("v"), "wait_event": Op("v", True), "cwait": Op("v", True),
    "cwait_for": Op("vxxi", True), "notify": Op("vi"), "notify_all": Op("v"), "iset": Op("xi"),
    "iadd": Op("xi"), "icmp": Op("xxi"), "bwait": Op("v", True), "babort": Op("v", True),
    "breset": Op("v", True), "binfo": Op("v"), "put": Op("vx", True), "get": Op("v", True),
    "put_nowait": Op("vx"), "get_nowait": Op("v"), "join": Op("v", True), "task_done": Op("v"),
    "shutdown": Op("v|x"), "qsize": Op("v"), "empty": Op("v"), "full": Op("v"),
    # generators
    "agen": Op("ng"), "anext": Op("v", True), "asend": Op("vx", True), "athrow": Op("vx", True),
    "aclose": Op("v", True),
}

# Logged by their first argument, without a result; and not logged at all.
WITHOUT_RESULT = {
    "log", "busy", "sleep", "acquire", "release", "set", "clear", "notify", "notify_all", "cwait",
    "babort", "breset", "put", "put_nowait", "join", "task_done", "shutdown", "set_result",
    "set_exception", "aclose", "wait_event",
}
SILENT = {
    "spawn", "tg_spawn", "agen", "add_cb", "call_soon", "call_later", "call_at", "new", "set_name",
    "gather_start", "shield_start", "iset", "raise", "cancel_handle", "reschedule",
}

# Which kind of function a letter names.
FUNCTION_OF = {"c": "coros", "g": "gens", "b": "callbacks"}
FUNCTIONS = ("coros", "gens", "callbacks")

LOOPS = ("repeat", "for", "as_completed")


def arguments(op):
    """The (letter, place in op, whether it may be left out) of the arguments that are there."""
    needed, _, optional = OPS[op[0]].shape.partition("|")
    letters = needed + optional
    return [(letter, place, place > len(needed))
            for place, letter in zip(range(1, len(op)), letters)]


def called(awaitable):
    """The coroutine function that "c1()" calls, else None."""
    return awaitable[:-2] if awaitable.endswith("()") else None


def blocks_of(op):
    """The blocks right inside an operation."""
    for letter, place, _ in arguments(op):
        if letter == "B" and op[place] is not None:
            yield op[place]
        elif letter == "H":
            for _, body in op[place]:
                yield body


def blocks(program):
    """All blocks, the outer before the inner."""
    waiting = [body for kind in FUNCTIONS for body in program.get(kind, {}).values()]
    while waiting:
        block = waiting.pop(0)
        yield block
        for op in block:
            waiting += blocks_of(op)


def operations(program):
    """All operations, also those that are conditions."""
    for op in itertools.chain.from_iterable(blocks(program)):
        yield op
        if op[0] == "if":
            yield op[1]


# ---- What makes a program one ----------------------------------------------------------------


class Invalid(Exception):
    pass


def require(truth, words):
    if not truth:
        raise Invalid(words)


class Place(typing.NamedTuple):
    """Where an operation stands: what may be said there."""

    kind: str  # of function
    in_loop: bool = False
    in_handler: bool = False
    in_finally: bool = False


def check_argument(program, letter, value, place):
    if letter == "B" and value is not None:
        check_block(program, value, place)
    elif letter in FUNCTION_OF:
        require(value in program.get(FUNCTION_OF[letter], {}), f"no function {value}")
    elif letter == "a" or letter == "A":
        for each in value if letter == "A" else [value]:
            name = called(each)
            require(name is None or name in program["coros"], f"no coroutine {name}")
    elif letter == "i":
        require(value is None or isinstance(value, int), "not an integer")
    elif letter == "O":
        require(not OPS[value[0]].waits and not list(blocks_of(value)), "a condition that waits")
        check_op(program, value, place)


def check_try(program, op, place):
    _, body, clauses, otherwise, last = (*op, None, None)[:5]
    require(clauses or last is not None, "a try without clauses")
    require(clauses or not otherwise, "an else without clauses")
    check_block(program, body, place)
    check_block(program, otherwise or [], place)
    for _, handler in clauses:
        check_block(program, handler, place._replace(in_handler=True))
    check_block(program, last or [], place._replace(in_finally=True, in_loop=False))


def check_op(program, op, place):
    name = op[0]
    require(name in OPS, f"no operation {name}")
    needed, _, optional = OPS[name].shape.partition("|")
    require(len(needed) < len(op) <= 1 + len(needed + optional) or len(op) == 1 + len(needed),
            f"{name}: the number of arguments")
    require(place.kind != "callbacks" or not OPS[name].waits, "a callback that waits")
    require(name != "yield" or place.kind == "gens", "yield outside of a generator")
    require(name not in ("break", "continue") or place.in_loop, f"{name} outside of a loop")
    require(name not in ("reraise", "errmsg") or place.in_handler, f"{name} outside of a handler")
    require(name != "return" or not place.in_finally, "return in finally")
    require(name != "return" or place.kind == "coros" or len(op) == 1, "a value returned")
    if name == "try":
        check_try(program, op, place)
        return
    inside = place._replace(in_loop=place.in_loop or name in LOOPS)
    for letter, index, _ in arguments(op):
        check_argument(program, letter, op[index], inside)


def check_block(program, block, place):
    for op in block:
        check_op(program, op, place)


def check(program):
    """Raises Invalid for what isn't a program."""
    require(program.get("main") in program.get("coros", {}), "no main")
    for kind in FUNCTIONS:
        for body in program.get(kind, {}).values():
            check_block(program, body, Place(kind))


def is_valid(program):
    try:
        check(program)
    except Invalid:
        return False
    return True
