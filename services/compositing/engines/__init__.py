"""Engines of compositing: what draws the presenter."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from services.chassis.engines import Engine as AnyEngine
from services.chassis.engines import Engines
from services.chassis.rig import Rig
from services.chassis.timeline import Bytes
from services.compositing.engines.puppet import VERSION, Puppet


class Engine(AnyEngine, Protocol):
    """Draws presenters. The same rig, texture and pose give the same pixels."""

    def open(self, rig: Rig, texture: Bytes, largest_scale: float = 0.0) -> Puppet:
        """Return a presenter ready to pose; see `Puppet` for the arguments."""
        ...


class PuppetEngine:
    """Warps a texture over a relief: the draft tier, on a CPU and without weights."""

    name = "puppet"
    fingerprint = f"puppet {VERSION}; opencv {cv2.__version__}; numpy {np.__version__}"

    def open(self, rig: Rig, texture: Bytes, largest_scale: float = 0.0) -> Puppet:
        """Return a presenter ready to pose; see `Puppet` for the arguments."""
        return Puppet(rig, texture, largest_scale)


def load() -> Engines[Engine]:
    """Return the engines that work here."""
    return Engines([PuppetEngine()])
