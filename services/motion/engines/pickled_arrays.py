"""What numpy's arrays look like inside a pickle, made from bytes without calling numpy's makers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid

Value = Any
"""None, bool, int, float, str, bytes, a list, tuple or dict of values, or an array of numbers."""

MOST_BYTES: Final = 16 << 20
NUMBERS: Final = frozenset(("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"))
KNOWN: Final = frozenset(
    [("numpy", "dtype"), ("numpy", "ndarray")]
    + [
        (f"numpy.{core}.multiarray", name)
        for core in ("core", "_core")
        for name in ("_reconstruct", "scalar")
    ]
    + [(f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")]
)
"""What numpy's pickles name, before and since its version 2."""


@dataclass(frozen=True)
class Name:
    """A function that the file wants to call; never called."""

    module: str
    name: str


@dataclass
class Type:
    """A numpy dtype in the making."""

    code: str
    order: str = "|"

    def take(self, state: Value) -> None:
        """Take the state that numpy writes: version, byte order, and nothing that has fields."""
        require(isinstance(state, tuple) and len(state) >= 5, "a strange dtype")
        require(state[1] in ("<", ">", "|", "=") and state[2:5] == (None,) * 3, "a strange dtype")
        self.order = state[1]

    def dtype(self) -> np.dtype[Any]:
        """Return the dtype; of numbers, whatever the file says."""
        return np.dtype(self.order + self.code)


@dataclass
class Array:
    """A numpy array in the making; empty until its state is read."""

    array: npt.NDArray[Any] | None = None

    def take(self, state: Value) -> None:
        """Take the state that numpy writes: version, shape, dtype, order of axes, bytes."""
        require(isinstance(state, tuple) and len(state) == 5, "a strange array")
        _, shape, kind, is_fortran, data = state
        self.array = _filled(data, kind, shape, "F" if is_fortran else "C")


def _filled(data: Value, kind: Value, shape: Value, order: Value) -> npt.NDArray[Any]:
    """Return the array of these bytes; its size is judged before anything is made."""
    require(isinstance(kind, Type) and isinstance(data, bytes | bytearray), "an array of objects")
    require(isinstance(shape, tuple) and len(shape) <= 8, "a strange shape")
    require(all(type(side) is int and 0 <= side <= MOST_BYTES for side in shape), "a shape")
    dtype = kind.dtype()
    require(math.prod(shape) * dtype.itemsize == len(data), "an array of another size")
    array: npt.NDArray[Any] = np.frombuffer(data, dtype)
    return array.reshape(shape, order="F" if order == "F" else "C")


def named(module: str, name: str) -> Name:
    """Return what a file calls by its name. Raises Invalid for all but numpy's own few makers."""
    if (module, name) in KNOWN:
        return Name(module, name)
    raise unsafe(f"{module}.{name}"[:80])


def _make_type(arguments: tuple[Value, ...]) -> Type:
    require(bool(arguments) and arguments[0] in NUMBERS, "a dtype that is no number")
    return Type(arguments[0])


def _make_array(arguments: tuple[Value, ...]) -> Array:
    plain = len(arguments) == 3 and arguments[0] == Name("numpy", "ndarray")
    require(plain and arguments[1] == (0,), "an array that is not numpy's own")
    return Array()


def _make_from_buffer(arguments: tuple[Value, ...]) -> Array:
    require(len(arguments) == 4, "a strange array")
    return Array(_filled(*arguments))


def _make_scalar(arguments: tuple[Value, ...]) -> Value:
    require(len(arguments) == 2, "a strange number")
    kind, data = arguments
    require(isinstance(kind, Type) and isinstance(data, bytes), "a strange number")
    return np.frombuffer(data, kind.dtype(), 1)[0].item()


def _refuse(_: tuple[Value, ...]) -> Value:
    raise unsafe("an array made without content")


MAKERS: Final[Mapping[str, Callable[[tuple[Value, ...]], Value]]] = {
    "dtype": _make_type,
    "_reconstruct": _make_array,
    "scalar": _make_scalar,
    "_frombuffer": _make_from_buffer,
    "ndarray": _refuse,
}


def require(holds: bool, what: str) -> None:
    """Raise Invalid, saying what is in the file, unless something holds."""
    if not holds:
        raise unsafe(what)


def unsafe(what: str) -> Invalid:
    """Return the refusal of a file that holds something a template does not."""
    remedy = f"the file holds {what}; a template holds lists and arrays of numbers"
    return Invalid("template", "TEMPLATE_UNSAFE", remedy)
