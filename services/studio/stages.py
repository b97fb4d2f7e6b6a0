"""The stages of this machine, loaded when they are first asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

from google.protobuf.message import Message

from services.chassis.engines import Engine, Engines
from services.chassis.store import Store

STAGES: Final = ("speech", "motion", "lipsync", "restoration", "compositing")
"""In the order in which a video goes through them."""

Method = tuple[type[Message], Callable[[Any, Store], Message]]


@cache
def engines_of(stage: str) -> Engines[Engine]:
    """Return a stage's engines that work here. Raises KeyError for a stage there is not."""
    if stage not in STAGES:
        raise KeyError(stage)
    engines: Engines[Engine] = import_module(f"services.{stage}.engines").load()
    return engines


@cache
def methods_of(stage: str) -> Mapping[str, Method]:
    """Return what a stage answers, by the full name of the request."""
    engines = engines_of(stage)
    methods = import_module(f"services.{stage}.stage").methods(engines)
    return {kind.DESCRIPTOR.full_name: (kind, method) for kind, method in methods.items()}


def fingerprint(stage: str, request: Message) -> str:
    """Return the fingerprint of the engine that a request names. Raises Invalid for none."""
    return engines_of(stage).fingerprint(request)
