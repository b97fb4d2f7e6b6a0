"""Motion as numbers per frame: a rig, a loop and accents, without weights."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from services.chassis.rig import Rig
from services.chassis.timeline import Bytes, Floats, Timing
from services.motion.domain.accents import accents
from services.motion.domain.idle import idle
from services.motion.domain.loop import loop_of
from services.motion.domain.template import Template, resample
from services.motion.engines import rigging

VERSION: Final = 2
"""Goes up when the same request gives another loop or other accents."""
LIBRARIES: Final = ("mediapipe", "numpy", "opencv-python-headless")


class TracksEngine:
    """Moves one portrait by twelve numbers a frame."""

    name: Final = "tracks"
    fingerprint: Final = " ".join(
        [f"tracks/{VERSION} rig/{rigging.VERSION}", *(f"{lib}/{version(lib)}" for lib in LIBRARIES)]
    )

    def rig(self, picture: Bytes, jaw_percent: int, teeth_percent: int) -> tuple[Rig, Bytes]:
        """Return the rig of a picture (h, w, 3 or 4), RGB or RGBA, and its texture, RGBA."""
        return rigging.build(picture, jaw_percent, teeth_percent)

    def loop(
        self, template: Template | None, frame_count: int, frame_rate: int, seed: int
    ) -> Floats:
        """Return (frame_count, 12) whose last frame leads into its first."""
        if template is None:
            return idle(frame_count, frame_rate, seed)
        performance = resample(template.tracks, template.frame_rate, frame_rate)
        return loop_of(performance, frame_count, frame_rate, seed)

    def accents(
        self, timing: Timing, samples: Floats, frame_count: int, frame_rate: int, seed: int
    ) -> Floats:
        """Return (frame_count, 12), zero in the first and last frame, to add to a loop."""
        return accents(timing, samples, frame_count, frame_rate, seed)
