# SPDX-License-Identifier: MIT
"""
Makes a program small that shows something: delta debugging on its structure.

An edit takes something away: a function with whatever names it, a variable with whatever names it,
some operations in a row, the walls of a block, an argument. The edits of a program come in an
order, from coarse to fine. Each that leaves a program which still shows it is kept, and the next
one follows at the same place; the end is a program from which nothing more can be taken.

What always holds: the program that is handed on is valid, and shows it.
"""

import copy
import itertools
import time

from language import FUNCTION_OF, FUNCTIONS, arguments, blocks, called, is_valid, operations


def count_ops(program):
    return sum(1 for _ in operations(program))


def names_in(op):
    """The variables and functions that an operation itself names, functions as (kind, name)."""
    for letter, place, _ in arguments(op):
        value = op[place]
        if letter in "vn" and value is not None:
            yield value
        elif letter == "V":
            yield from value
        elif letter in FUNCTION_OF:
            yield FUNCTION_OF[letter], value
        elif letter == "a":
            yield ("coros", called(value)) if called(value) else value
        elif letter == "O":
            yield from names_in(value)


def names(name, awaitable):
    return awaitable == name or ("coros", called(awaitable)) == name


def drop_name(program, name):
    """Takes away every operation that names it, and it from lists."""
    for block in blocks(program):
        block[:] = [op for op in block if name not in names_in(op)]
        for op in block:
            for letter, place, _ in arguments(op):
                if letter == "A":
                    op[place] = [each for each in op[place] if not names(name, each)]


# ---- The edits -------------------------------------------------------------------------------
# Each is a function that changes a copy of the program in place. It finds what it changes by
# number, as the copy has the same structure.


def block_at(program, number):
    return next(itertools.islice(blocks(program), number, None))


def op_at(program, number):
    return next(itertools.islice(operations(program), number, None))


def drop_function(kind, name):
    def edit(program):
        del program[kind][name]
        drop_name(program, (kind, name))
    return edit


def drop_variable(name):
    def edit(program):
        program.get("objects", {}).pop(name, None)
        drop_name(program, name)
    return edit


def drop_object(name):
    return lambda program: program["objects"].pop(name)


def drop_ops(number, start, end):
    def edit(program):
        del block_at(program, number)[start:end]
    return edit


def put_instead(number, index, choose):
    """Puts the operations of a block inside an operation, or its condition, in its place."""
    def edit(program):
        block = block_at(program, number)
        block[index:index + 1] = choose(block[index])
    return edit


def change(number, place, value):
    """Gives an operation another argument, or (None) cuts it off with those behind it."""
    def edit(program):
        op = op_at(program, number)
        op[place:] = [value, *op[place + 1:]] if value is not None else []
    return edit


def change_object(name, spec):
    def edit(program):
        program["objects"][name] = spec
    return edit


def drop_eager(program):
    del program["eager"]


def smaller_values(letter, value):
    """What an argument might be instead."""
    if letter == "B" and value:
        yield []
    elif letter == "H":
        for i, (kinds, body) in enumerate(value):
            yield value[:i] + value[i + 1:]
            if isinstance(kinds, list):
                for kind in kinds:
                    yield value[:i] + [[kind, body]] + value[i + 1:]
            elif kinds != "any":
                yield value[:i] + [["any", body]] + value[i + 1:]
    elif letter in "AV":
        for i in range(len(value)):
            yield value[:i] + value[i + 1:]
    elif letter == "i" and isinstance(value, int):
        for less in (0, 1, value // 2):
            if abs(less) < abs(value):
                yield less
    elif letter == "x" and isinstance(value, (int, bool)) and value:
        yield type(value)(0)


def block_edits(number, block):
    size = len(block)
    while size > 0:
        for start in range(0, len(block), size):
            yield drop_ops(number, start, start + size)
        size //= 2
    for index, op in enumerate(block):
        for letter, place, _ in arguments(op):
            if letter == "B" and op[place]:
                yield put_instead(number, index, lambda op, place=place: op[place])
            elif letter == "O":
                yield put_instead(number, index, lambda op, place=place: [op[place]])
            for clause in range(len(op[place]) if letter == "H" else 0):
                yield put_instead(number, index, lambda op, p=place, c=clause: op[p][c][1])


def op_edits(number, op):
    for letter, place, is_optional in arguments(op):
        if is_optional:
            yield change(number, place, None)
        for value in smaller_values(letter, op[place]):
            yield change(number, place, value)


def edits(program):
    """All edits of a program, the coarse before the fine."""
    for kind in FUNCTIONS:
        for name in program.get(kind, {}):
            if (kind, name) != ("coros", program["main"]):
                yield drop_function(kind, name)
    variables = {name for op in operations(program) for name in names_in(op)
                 if isinstance(name, str)}
    for name in sorted(variables | set(program.get("objects", {}))):
        yield drop_variable(name)
    for name in program.get("objects", {}):
        yield drop_object(name)
    for number, block in enumerate(blocks(program)):
        yield from block_edits(number, block)
    if "eager" in program:
        yield drop_eager
    for number, op in enumerate(operations(program)):
        yield from op_edits(number, op)
    for name, spec in program.get("objects", {}).items():
        if len(spec) > 1 and isinstance(spec[1], int):
            for value in smaller_values("i", spec[1]):
                yield change_object(name, [spec[0], value])


def tidy(program):
    """Drops the maps that nothing is left in."""
    return {key: value for key, value in program.items() if value != {} or key == "coros"}


# ---- The search ------------------------------------------------------------------------------


def sweep(program, shows_it, deadline):
    """Tries each edit once; returns the program that is left."""
    number = 0
    while time.monotonic() < deadline:
        edit = next(itertools.islice(edits(program), number, None), None)
        if edit is None:
            return program
        candidate = copy.deepcopy(program)
        edit(candidate)
        if candidate != program and is_valid(candidate) and shows_it(candidate):
            program = candidate
        else:
            number += 1
    return program


def shrink(program, shows_it, seconds):
    """
    Returns a small program for which `shows_it` is true, as it must be for `program`. It is asked
    about valid programs only. What has been found after so many seconds must do.
    """
    deadline = time.monotonic() + seconds
    while True:
        smaller = sweep(program, shows_it, deadline)
        if smaller == program or time.monotonic() >= deadline:
            return tidy(smaller)
        program = smaller
