"""Mouth tracks from timed visemes: no weights, no face, milliseconds a chunk."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from services.chassis.timeline import Floats, Timing
from services.lipsync.domain.mouth import mouth_track
from services.lipsync.domain.visemes import segments


class VisemeEngine:
    """Turns the times of phonemes into a take that fits every presenter."""

    name: Final = "visemes"
    fingerprint: Final = f"visemes/1 numpy/{version('numpy')}"

    def take(self, timing: Timing, frame_count: int, frame_rate: int) -> Floats:
        """Return (frame_count, 7) in half mouth widths (MOUTH)."""
        return mouth_track(segments(timing.phonemes), frame_count, frame_rate)
