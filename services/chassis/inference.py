"""Asks networks, wherever they run: any number of items, in batches, each answered before its end.

`Models` is the port. services/chassis/triton.py asks a model server; services/models/local.py runs
the same code in this process.
"""

from __future__ import annotations

import hashlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid, Transient, Violation

Array: TypeAlias = npt.NDArray[Any]
Tensors: TypeAlias = Mapping[str, Array]

SECONDS: Final = 600.0
"""Within which a call is answered where its caller says nothing else."""
DIGEST: Final = "_digest"
"""Ends the name of the input that says which pictures are meant: SHA-256 of each, 32 bytes."""
DIGEST_BYTES: Final = 32


class FeaturesMissing(Exception):
    """A server keeps nothing under a digest: it wants the pictures themselves, once."""

    reason: Final = "FEATURES_MISSING"


@dataclass(frozen=True)
class TensorSpec:
    """One array that goes in or comes out, without its first axis, which counts the items."""

    name: str
    kind: str
    """As numpy says it: "uint8", "float32"."""
    dims: tuple[int, ...]
    """Sides; -1: any."""
    kept: bool = False
    """Of an input: what is made of it stays on the device, under its digest. It is sent only where
    it is not there any more."""

    def fits(self, array: Array) -> bool:
        """Return whether an array of any number of items may stand here."""
        sides = array.shape[1:]
        return (
            array.dtype == self.kind
            and len(sides) == len(self.dims)
            and all(
                side == dim or dim < 0 < side for side, dim in zip(sides, self.dims, strict=False)
            )
        )

    def __str__(self) -> str:
        return f"{self.kind} (items, {', '.join('any' if d < 0 else str(d) for d in self.dims)})"


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives, and exactly which one it is."""

    model: str
    version: str
    """As its server counts; another one is never asked."""
    fingerprint: str
    """Weights, precision and versions: part of an engine's fingerprint."""
    most_items: int
    """In one batch."""
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass
class Deadline:
    """The moment up to which somebody waits for an answer."""

    seconds: float
    end: float = field(init=False)
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.end = time.monotonic() + self.seconds

    def remaining(self) -> float:
        """Return the seconds left, never below 0; 0 where nobody waits any more."""
        return 0.0 if self.stopped.is_set() else max(self.end - time.monotonic(), 0.0)


class Models(ABC):
    """Networks by name. For many threads."""

    def infer(self, model: str, inputs: Tensors, seconds: float = SECONDS) -> dict[str, Array]:
        """Return a model's outputs, by name, for as many items as its inputs have.

        inputs: each (items, …) as the model's signature says; an input of one item serves all.
        Raises Invalid for inputs that do not fit; Transient where no answer came in time: until
        then servers that are away or full are waited for.
        """
        deadline = Deadline(seconds)
        signature = self._signature(model, deadline)
        count = item_count(signature, inputs)
        named = {**inputs, **digests_of(signature, inputs)}
        parts = [_part(named, each) for each in batches(count, signature.most_items)]
        answers = self._map(lambda part: self._ask(signature, part, deadline), parts, deadline)
        return {
            output.name: np.concatenate([answer[output.name] for answer in answers])
            for output in signature.outputs
        }

    def signature(self, model: str, seconds: float = SECONDS) -> Signature:
        """Return what a model takes and gives.

        Raises Invalid where it is not served; Transient where nobody says so in time.
        """
        return self._signature(model, Deadline(seconds))

    def fingerprint(self, model: str, seconds: float = SECONDS) -> str:
        """Return which weights, in which precision, by which versions answer here."""
        return self.signature(model, seconds).fingerprint

    def ready(self, models: Iterable[str], seconds: float = 30.0) -> bool:
        """Return whether all of these models answer a synthetic question in time."""
        deadline = Deadline(seconds)
        try:
            for model in models:
                self.probe(model, deadline.remaining())
        except Transient:
            return False
        return True

    @abstractmethod
    def probe(self, model: str, seconds: float = 30.0) -> None:
        """Have a model's process touch its device; raise Transient where it does not in time.

        A server whose queue is full lives.
        """

    @abstractmethod
    def _signature(self, model: str, deadline: Deadline) -> Signature: ...

    @abstractmethod
    def _run(self, signature: Signature, inputs: Tensors, deadline: Deadline) -> Tensors:
        """Answer one batch. Raises FeaturesMissing where digests alone were not enough."""

    def _map(
        self,
        ask: Callable[[Tensors], Tensors],
        parts: Sequence[Tensors],
        deadline: Deadline,  # noqa: ARG002  # for those who ask several at once
    ) -> list[Tensors]:
        return [ask(part) for part in parts]

    def _ask(self, signature: Signature, part: Tensors, deadline: Deadline) -> Tensors:
        kept = {each.name for each in signature.inputs if each.kept}
        light = {name: array for name, array in part.items() if name not in kept}
        try:
            return self._run(signature, light, deadline)
        except FeaturesMissing:
            return self._run(signature, part, deadline)


def zeros(signature: Signature) -> dict[str, Array]:
    """Return one item of every input that is always sent: the smallest question there is."""
    arrays = {t.name: _zeros(t.kind, t.dims) for t in signature.inputs if not t.kept}
    digests = {
        t.name + DIGEST: _zeros("uint8", (DIGEST_BYTES,)) for t in signature.inputs if t.kept
    }
    return arrays | digests


def _zeros(kind: str, dims: tuple[int, ...]) -> Array:
    return np.zeros((1, *(16 if dim < 0 else dim for dim in dims)), kind)


def item_count(signature: Signature, inputs: Tensors) -> int:
    """Return how many items inputs have. Raises Invalid with all that does not fit."""
    if complaints := list(_complaints(signature, inputs)):
        raise Invalid.every(complaints)
    return max(len(inputs[each.name]) for each in signature.inputs)


def _complaints(signature: Signature, inputs: Tensors) -> Iterator[Violation]:
    known = {each.name: each for each in signature.inputs}
    for name in sorted(known.keys() ^ inputs.keys()):
        said = f"{signature.model} takes {', '.join(known)}"
        yield Violation(name, "TENSOR_REQUIRED" if name in known else "TENSOR_UNKNOWN", said)
    given = {name: array for name, array in inputs.items() if name in known}
    for name, array in given.items():
        if not known[name].fits(array):
            said = f"{signature.model} takes {known[name]}, not {array.dtype} {array.shape}"
            yield Violation(name, "TENSOR_SHAPE_INVALID", said)
    counts = sorted({len(array) for array in given.values() if array.ndim} - {1})
    if len(counts) > 1 or 0 in counts:
        yield Violation("", "TENSOR_COUNTS_DIFFER", f"inputs have {counts} items; give all as many")


def digests_of(signature: Signature, inputs: Tensors) -> dict[str, Array]:
    """Return (items, 32) digests for each kept input."""
    return {
        each.name + DIGEST: np.stack([digest_of(item) for item in inputs[each.name]])
        for each in signature.inputs
        if each.kept
    }


def digest_of(item: Array) -> Array:
    """Return SHA-256 of an array's numbers as (32,) uint8; its shape is the model's to know."""
    found = hashlib.sha256(np.ascontiguousarray(item).data).digest()
    return np.frombuffer(found, np.uint8)


def batches(count: int, most: int) -> list[slice]:
    """Return slices that cut so many items into batches, all full but the last."""
    return [slice(start, min(start + most, count)) for start in range(0, count, most)]


def _part(inputs: Tensors, items: slice) -> Tensors:
    count = items.stop - items.start
    return {
        name: np.broadcast_to(array, (count, *array.shape[1:])) if len(array) == 1 else array[items]
        for name, array in inputs.items()
    }
