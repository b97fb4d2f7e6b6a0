"""Reads the plain values of a pickled file without unpickling it.

A pickle is a program: running it means trusting it. Here its instructions are read as data, by a
machine that knows lists, dictionaries, numbers, text and numpy's arrays of numbers, and nothing
that could be called. Whatever else a file asks for is refused by name.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from typing import Final

from services.chassis.errors import Invalid
from services.motion.engines.pickled_arrays import (
    MAKERS,
    MOST_BYTES,
    Array,
    Name,
    Type,
    Value,
    named,
    require,
    unsafe,
)

MOST_STEPS: Final = 2_000_000
MOST_DEPTH: Final = 100_000
"""Values that wait to be put into a list or dictionary."""


def read_values(data: bytes) -> Value:
    """Return the value that a pickle of numbers holds; nothing in it is run.

    Raises Invalid: TEMPLATE_TOO_LARGE for more than 16 MiB or two million instructions,
    TEMPLATE_UNSAFE for whatever is no plain value, TEMPLATE_CORRUPT for what is no pickle.
    """
    if len(data) > MOST_BYTES:
        raise _too_large()
    machine = _Machine()
    try:
        for step, (code, argument, _) in enumerate(pickletools.genops(data)):
            if step >= MOST_STEPS or len(machine.stack) > MOST_DEPTH:
                raise _too_large()
            machine.take(code.name, argument)
        value = machine.stack.pop()
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise Invalid("template", "TEMPLATE_CORRUPT", "the file is damaged") from error
    return _finished(value)


class _Machine:
    """The stack, marks and memo of a pickle, filled with plain values only."""

    def __init__(self) -> None:
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.memo: dict[int, Value] = {}

    def take(self, name: str, argument: Value) -> None:
        """Carry out one instruction. Raises Invalid for those that could run code."""
        if name in LITERALS:
            self.stack.append(argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name]())
        elif (act := ACTIONS.get(name)) is not None:
            act(self, argument)
        elif name not in SILENT:
            raise unsafe(f"the instruction {name}")

    def popped(self) -> list[Value]:
        """Return what was put on the stack since the last mark."""
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def mark(self, _: Value) -> None:
        self.marks.append(len(self.stack))

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def memoize(self, _: Value) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def get(self, index: int) -> None:
        """Repeat a value; refused for lists, which repeated in one another grow without end."""
        value = self.memo[index]
        small = isinstance(value, tuple) and len(value) <= 8 and all(type(v) is int for v in value)
        require(small or not isinstance(value, list | dict | tuple), "a list that is repeated")
        self.stack.append(value)

    def pop(self, _: Value) -> None:
        self.stack.pop()

    def tuple_of(self, count: int | None) -> None:
        values = self.popped() if count is None else self.stack[-count:]
        if count is not None:
            require(len(values) == count, "a tuple of nothing")
            del self.stack[-count:]
        self.stack.append(tuple(values))

    def append(self, _: Value) -> None:
        self._extend([self.stack.pop()])

    def appends(self, _: Value) -> None:
        self._extend(self.popped())

    def set_item(self, _: Value) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._update([key, value])

    def set_items(self, _: Value) -> None:
        self._update(self.popped())

    def name(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(named(module, name))

    def stack_name(self, _: Value) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(named(str(module), str(name)))

    def reduce(self, _: Value) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        require(isinstance(called, Name) and isinstance(arguments, tuple), "a call of a value")
        self.stack.append(MAKERS[called.name](arguments))

    def build(self, _: Value) -> None:
        state, made = self.stack.pop(), self.stack[-1]
        require(isinstance(made, Type | Array), "a state for a plain value")
        made.take(state)

    def _extend(self, values: list[Value]) -> None:
        require(isinstance(self.stack[-1], list), "an append to what is no list")
        self.stack[-1].extend(values)

    def _update(self, items: list[Value]) -> None:
        require(isinstance(self.stack[-1], dict), "an item for what is no dictionary")
        require(all(isinstance(key, str) for key in items[::2]), "a key that is no text")
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))


def _finished(value: Value) -> Value:
    """Return a value with its arrays; refuse names and dtypes that stand about by themselves."""
    if isinstance(value, Array):
        require(value.array is not None, "an array without content")
        return value.array
    require(not isinstance(value, Name | Type), "a function as a value")
    if isinstance(value, dict):
        return {key: _leaf(part) for key, part in value.items()}
    return _leaf(value)


def _leaf(value: Value, depth: int = 0) -> Value:
    """Return a value below the top: a template is not deeper than a list of dictionaries."""
    require(depth < 4, "values within values within values")
    if isinstance(value, list | tuple):
        return [_leaf(part, depth + 1) for part in value]
    if isinstance(value, dict):
        return {key: _leaf(part, depth + 1) for key, part in value.items()}
    return _finished(value) if isinstance(value, Array | Name | Type) else value


def _too_large() -> Invalid:
    remedy = f"a template has {MOST_BYTES >> 20} MiB at most; convert it to npz with numpy.savez"
    return Invalid("template", "TEMPLATE_TOO_LARGE", remedy)


SILENT: Final = frozenset(("PROTO", "FRAME", "STOP"))
LITERALS: Final = frozenset(
    (
        *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        *("BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES", "BYTEARRAY8"),
    )
)
CONSTANTS: Final[Mapping[str, Callable[[], Value]]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
ACTIONS: Final[Mapping[str, Callable[[_Machine, Value], None]]] = {
    "MARK": _Machine.mark,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.memoize,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "POP": _Machine.pop,
    "TUPLE": lambda machine, _: machine.tuple_of(None),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stack_name,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}
