"""The engines of motion that work here, and what each of them must do."""

from __future__ import annotations

from typing import Protocol

from services.chassis.engines import Engine, Engines
from services.chassis.rig import Rig
from services.chassis.timeline import Bytes, Floats, Timing
from services.motion.domain.template import Template
from services.motion.engines.tracks import TracksEngine


class MotionEngine(Engine, Protocol):
    """Makes portraits move. The same arguments give the same motion, however often asked."""

    def rig(self, picture: Bytes, jaw_percent: int, teeth_percent: int) -> tuple[Rig, Bytes]:
        """Return the rig and the texture, RGBA, of a picture (h, w, 3 or 4), RGB or RGBA.

        Percents of 0 are measured. Raises Invalid for a picture without one usable face.
        """
        ...

    def loop(
        self, template: Template | None, frame_count: int, frame_rate: int, seed: int
    ) -> Floats:
        """Return motion (frame_count, 12) without a seam, like the template or idle."""
        ...

    def accents(
        self, timing: Timing, samples: Floats, frame_count: int, frame_rate: int, seed: int
    ) -> Floats:
        """Return motion (frame_count, 12) that stresses words, zero at both ends."""
        ...


def load() -> Engines[MotionEngine]:
    """Return the engines that work here; the first answers requests that name none."""
    return Engines([TracksEngine()])
