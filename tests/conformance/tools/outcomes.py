# SPDX-License-Identifier: MIT
"""Python's exceptions and values as the traces have them (reference.py)."""

from virtual_loop import asyncio


class Error(Exception):
    """The program's own."""

    def __init__(self, name):
        super().__init__(name)
        self.name = name


KINDS = (
    (asyncio.CancelledError, "Cancelled"), (TimeoutError, "Timeout"),
    (BaseExceptionGroup, "Group"), (asyncio.InvalidStateError, "InvalidState"),
    (asyncio.QueueFull, "QueueFull"), (asyncio.QueueEmpty, "QueueEmpty"),
    (asyncio.QueueShutDown, "QueueShutDown"), (asyncio.BrokenBarrierError, "BrokenBarrier"),
    (GeneratorExit, "GenExit"), (StopAsyncIteration, "StopIter"), (Error, "Error"),
)


def kind_of(error):
    exact = {RuntimeError: "Runtime", ValueError: "Value"}.get(type(error))
    if exact is not None:
        return exact
    for kind, name in KINDS:
        if isinstance(error, kind):
            return name
    if type(error) is TypeError and "just-started async generator" in str(error):
        return "Type"
    return f"BUG-{type(error).__name__}-{error}"


def text_of(error):
    kind = kind_of(error)
    if kind == "Error":
        return "Error:" + error.name
    if kind == "Group":
        return "Group[" + ",".join(map(text_of, error.exceptions)) + "]"
    return kind


def error_named(text):
    if text.startswith("Error:"):
        return Error(text[6:])
    return {"Cancelled": asyncio.CancelledError, "Timeout": TimeoutError}[text]()


def matches(error, kinds):
    kind = kind_of(error)
    return ("any" in kinds or kind in kinds or text_of(error) in kinds
            or ("exc" in kinds and kind not in ("Cancelled", "GenExit")))


def shown(value):
    if isinstance(value, BaseException):
        return "!" + text_of(value)
    if isinstance(value, (list, tuple)):
        return [shown(each) for each in value]
    if value is None or isinstance(value, (int, str)):
        return value
    return "BUG-value-" + repr(value)


def state_of(future):
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    return ["error", text_of(error)] if error is not None else ["result", shown(future.result())]
