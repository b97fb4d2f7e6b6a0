"""Finds a catalogue of models by where it is written, so that tests can serve their own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from services.models.served.description import Served

OURS: Final = "services.models.served.catalogue:CATALOGUE"


def catalogue_at(place: str) -> Mapping[str, Served]:
    """Return the models, by name, that are described at "module:NAME"."""
    module, _, name = place.partition(":")
    found: Mapping[str, Served] = getattr(import_module(module), name)
    return found
