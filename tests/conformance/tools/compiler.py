# SPDX-License-Identifier: MIT
"""
Makes Python of a program: its coroutines become `async def` functions that use asyncio directly,
its generators async generators, its callbacks plain functions. They are named c_0, c_1 ...;
g_0 ...; b_0 ... in the order of the program.

In what is made, `P` is the program under way (reference.py) and `V` its variables.
"""

import itertools
import typing

from language import OPS

STRUCTURE = {"try", "reraise", "errmsg", "return", "repeat", "break", "continue", "if", "with",
             "timeout", "timeout_at", "taskgroup", "for", "as_completed", "yield"}


class Place(typing.NamedTuple):
    kind: str  # of function
    caught: str = None  # the variable with the error of the innermost handler


class Compiler:
    def __init__(self):
        self.lines = []
        self.numbers = itertools.count(1)

    def add(self, indent, line):
        self.lines.append("    " * indent + line)

    def new_name(self):
        return f"_{next(self.numbers)}"

    def block(self, indent, ops, place):
        if not ops:
            self.add(indent, "pass")
        for op in ops or ():
            if op[0] in STRUCTURE:
                getattr(self, "add_" + op[0].replace("timeout_at", "timeout"))(indent, op, place)
            elif OPS[op[0]].waits:
                self.add(indent, f"await P.run_waiting({op!r})")
            else:
                self.add(indent, f"P.run({op!r})")

    def add_try(self, i, op, place):
        _, body, clauses, otherwise, last = (*op, None, None)[:5]
        self.add(i, "try:")
        self.block(i + 1, body, place)
        if clauses:
            self.add_clauses(i, clauses, place)
        if clauses and otherwise:
            self.add(i, "else:")
            self.block(i + 1, otherwise, place)
        if last is not None:
            self.add(i, "finally:")
            self.block(i + 1, last, place)

    def add_clauses(self, i, clauses, place):
        error, word = self.new_name(), "if"
        self.add(i, f"except BaseException as {error}:")
        for kinds, body in clauses:
            wanted = [kinds] if isinstance(kinds, str) else kinds
            self.add(i + 1, f"{word} matches({error}, {wanted!r}):")
            self.add(i + 2, f"P.log('caught', text_of({error}))")
            self.block(i + 2, body, place._replace(caught=error))
            word = "elif"
        self.add(i + 1, "else:")
        self.add(i + 2, "raise")

    def add_reraise(self, i, op, place):
        self.add(i, f"raise {place.caught}")

    def add_errmsg(self, i, op, place):
        self.add(i, f"P.log('errmsg', {place.caught}.args[0] if {place.caught}.args else None)")

    def add_return(self, i, op, place):
        value = op[1] if len(op) > 1 else None
        self.add(i, "return" if place.kind == "gens" else f"return {value!r}")

    def add_break(self, i, op, place):
        self.add(i, op[0])

    add_continue = add_break

    def add_repeat(self, i, op, place):
        self.add(i, f"for {self.new_name()} in range({op[1]}):")
        self.block(i + 1, op[2], place)

    def add_if(self, i, op, place):
        self.add(i, f"if P.run({op[1]!r}):")
        self.block(i + 1, op[2], place)
        if len(op) > 3 and op[3]:
            self.add(i, "else:")
            self.block(i + 1, op[3], place)

    def add_with(self, i, op, place):
        _, name, body = op
        value = self.new_name()
        self.add(i, f"if P.is_bound('with', {name!r}):")
        self.add(i + 1, f"async with V[{name!r}] as {value}:")
        self.add(i + 2, f"P.log('enter', {name!r}, {value} if type({value}) is int else None)")
        self.block(i + 2, body, place)
        self.add(i + 1, f"P.log('exit', {name!r})")

    def add_timeout(self, i, op, place):
        self.add_scope(i, op[1], f"asyncio.{op[0]}({op[2]!r})", op[3], place)

    def add_taskgroup(self, i, op, place):
        self.add_scope(i, op[1], "asyncio.TaskGroup()", op[2], place)

    def add_scope(self, i, name, made, body, place):
        self.add(i, f"async with P.bind({name!r}, {made}):")
        self.block(i + 1, body, place)
        self.add(i, f"P.log('exit', {name!r})")

    def add_for(self, i, op, place):
        _, name, body = op
        value = self.new_name()
        self.add(i, f"if P.is_bound('for', {name!r}):")
        self.add(i + 1, f"async for {value} in P.generator({name!r}):")
        self.add(i + 2, f"P.log('item', {name!r}, {value})")
        self.block(i + 2, body, place)

    def add_as_completed(self, i, op, place):
        _, mode, awaitables, timeout, body = op
        iterator, order, each = self.new_name(), self.new_name(), self.new_name()
        self.add(i, f"if not P.has_unbound({op!r}):")
        self.add(i + 1, f"{iterator}, {order} = P.as_completed({awaitables!r}, {timeout!r})")
        if mode == "async":
            self.add(i + 1, f"async for {each} in {iterator}:")
            self.add(i + 2, f"P.log('next', {order}.index({each}), state_of({each}))")
        else:
            self.add(i + 1, f"for {each} in {iterator}:")
            self.add(i + 2, f"P.log('next', shown(await {each}))")
        self.block(i + 2, body, place)

    def add_yield(self, i, op, place):
        value = self.new_name()
        self.add(i, f"{value} = yield {op[1]!r}")
        self.add(i, f"P.log('resumed', {value})")

    def add_generator(self, number, name, body):
        self.add(0, f"async def g_{number}():")
        self.add(1, "if 0: yield")
        self.add(1, f"P.log('start', {name!r}); failed = False")
        self.add(1, "try:")
        self.block(2, body, Place("gens"))
        self.add(1, "except BaseException as error:")
        self.add(2, f"failed = True; P.log('end', {name!r}, '!' + text_of(error)); raise")
        self.add(1, "finally:")
        self.add(2, f"if not failed: P.log('end', {name!r}, None)")


def compile_program(program):
    """Returns the source."""
    compiler = Compiler()
    for number, body in enumerate(program.get("coros", {}).values()):
        compiler.add(0, f"async def c_{number}():")
        compiler.block(1, body, Place("coros"))
    for number, (name, body) in enumerate(program.get("gens", {}).items()):
        compiler.add_generator(number, name, body)
    for number, (name, body) in enumerate(program.get("callbacks", {}).items()):
        compiler.add(0, f"def b_{number}(*_):")
        compiler.add(1, f"P.log('cb', {name!r})")
        compiler.block(1, body, Place("callbacks"))
    return "\n".join(compiler.lines)
