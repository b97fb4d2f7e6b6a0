"""How a stage names, finds and fingerprints its engines, and what it answers to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from google.protobuf.message import Message

from services.chassis.errors import Invalid
from services.chassis.store import Store

Methods = Mapping[type[Message], Callable[[Any, Store], Message]]
"""What a stage answers: request type -> the function of request and store that answers it."""


class Engine(Protocol):
    """What every engine of every stage has."""

    @property
    def name(self) -> str:
        """As requests and metrics say it, for example "espeak"."""
        ...

    @property
    def fingerprint(self) -> str:
        """Name, version, weights digest and toolchain: part of every task's key."""
        ...


E = TypeVar("E", bound=Engine)


class Engines(Generic[E]):
    """A stage's engines by name; the first one answers requests that name none."""

    def __init__(self, engines: Iterable[E]) -> None:
        self._engines = {engine.name: engine for engine in engines}

    def pick(self, name: str) -> E:
        """Return the engine of that name; of no name, the first. Raises Invalid for another."""
        name = name or next(iter(self._engines), "")
        if name in self._engines:
            return self._engines[name]
        offered = ", ".join(self._engines)
        raise Invalid("engine", "ENGINE_UNKNOWN", f"{name!r} is not here; choose from {offered}")

    def fingerprint(self, request: Message) -> str:
        """Return the fingerprint of the engine that a request names, or of the first."""
        return self.pick(getattr(request, "engine", "")).fingerprint

    def names(self) -> tuple[str, ...]:
        """Return the names of the engines that work here."""
        return tuple(self._engines)
