"""Engines of compositing: what draws the presenter."""

from __future__ import annotations

from typing import Final, Protocol

import cv2
import numpy as np

from services.chassis.engines import Engine as AnyEngine
from services.chassis.engines import Engines
from services.chassis.rig import Rig
from services.chassis.timeline import Bytes
from services.compositing.engines import ffmpeg, fonts, templates
from services.compositing.engines.puppet import VERSION, Puppet

DRAWING_VERSION: Final = 1
"""Goes up when graphics, captions, encoding or joining give other bytes for the same request."""
TOOLS: Final = (
    f"drawing {DRAWING_VERSION}",
    f"opencv {cv2.__version__}",
    f"numpy {np.__version__}",
    f"ffmpeg {ffmpeg.version()}",
    fonts.fingerprint(),
    templates.fingerprint(),
)
"""What shapes the bytes besides the engine that draws the presenter."""


class Engine(AnyEngine, Protocol):
    """Draws presenters. The same rig, texture and pose give the same pixels."""

    def open(self, rig: Rig, texture: Bytes, largest_scale: float = 0.0) -> Puppet:
        """Return a presenter ready to pose; see `Puppet` for the arguments."""
        ...


class PuppetEngine:
    """Warps a texture over a relief: the draft tier, on a CPU and without weights."""

    name = "puppet"
    fingerprint = "; ".join((f"puppet {VERSION}", *TOOLS))

    def open(self, rig: Rig, texture: Bytes, largest_scale: float = 0.0) -> Puppet:
        """Return a presenter ready to pose; see `Puppet` for the arguments."""
        return Puppet(rig, texture, largest_scale)


def load() -> Engines[Engine]:
    """Return the engines that work here."""
    return Engines([PuppetEngine()])
