"""The engines of lip sync that work here, and what each of them must do."""

from __future__ import annotations

from typing import Protocol

from services.chassis.engines import Engine, Engines
from services.chassis.timeline import Floats, Timing
from services.lipsync.engines.visemes import VisemeEngine


class LipsyncEngine(Engine, Protocol):
    """Moves mouths. The same arguments give the same take, however often it is asked."""

    def take(self, timing: Timing, frame_count: int, frame_rate: int) -> Floats:
        """Return (frame_count, 7) in half mouth widths (MOUTH), zero at both ends."""
        ...


def load() -> Engines[LipsyncEngine]:
    """Return the engines that work here; the first answers requests that name none."""
    return Engines([VisemeEngine()])
