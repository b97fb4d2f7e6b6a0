"""The stages of this machine, loaded when they are first asked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Final

from google.protobuf.message import Message

from services.chassis.child import Method, Offer
from services.chassis.engines import Engine, Engines

STAGES: Final = ("speech", "motion", "lipsync", "restoration", "compositing")
"""In the order in which a video goes through them."""


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


def offer() -> Offer:
    """Return what a child of this machine can do: all stages, each loaded when it is asked."""
    return Offer(lambda name: methods_of(name.split(".")[1])[name])


def fingerprint(stage: str, request: Message) -> str:
    """Return the fingerprint of the engine that a request names. Raises Invalid for none."""
    return engines_of(stage).fingerprint(request)
