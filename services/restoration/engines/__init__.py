"""Engines of restoration: what makes pictures of faces sharper."""

from __future__ import annotations

from typing import Protocol

from services.chassis.engines import Engine as AnyEngine
from services.chassis.engines import Engines
from services.chassis.rig import Rig
from services.chassis.timeline import Bytes
from services.restoration.engines.texture import TextureEngine


class Engine(AnyEngine, Protocol):
    """Restores textures. The same rig and texture give the same pixels."""

    def restore(self, rig: Rig, texture: Bytes) -> Bytes:
        """Return a better texture (s, s, 4), RGBA with straight alpha, s at least the canvas.

        texture: (t, t, 4), likewise. Geometry stays where it is.
        """
        ...


def load() -> Engines[Engine]:
    """Return the engines that work here."""
    return Engines([TextureEngine()])
