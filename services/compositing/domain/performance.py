"""What the presenter does in each frame of a chunk: loop, accents, mouth and breath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.errors import Invalid
from services.chassis.timeline import MOUTH, TRACKS, Floats

BREATH_SECONDS: Final = 4.2
"""About fourteen breaths a minute: a person at ease."""
BREATH_FACE_HEIGHTS: Final = 0.0016
"""How far breathing lifts the shoulders."""
LIDS: Final = slice(TRACKS.index("lid_right"), TRACKS.index("lid_left") + 1)


@dataclass(frozen=True)
class Performance:
    """Numbers per frame, a row for each frame of the chunk."""

    motion: Floats
    """(frames, 12), see `TRACKS`."""
    mouth: Floats
    """(frames, 7), see `MOUTH`."""
    breath: Floats
    """(frames,), lift of the shoulders in face heights."""

    @property
    def frame_count(self) -> int:
        """Return the number of frames."""
        return len(self.motion)


@dataclass(frozen=True)
class Stretch:
    """Where in its loop a chunk lies, and the silence around its take."""

    phase_frames: int
    lead_frames: int
    tail_frames: int
    frame_rate: int


def perform(loop: Floats, accents: Floats, mouth: Floats, stretch: Stretch) -> Performance:
    """Return a chunk's performance.

    loop: (loop frames, 12); accents: (frames, 12), added under the take, but for the lids, whose
    greater closure rules: two blinks do not close an eye twice. mouth: (frames, 7), at rest before
    and after. The breath has a whole number of periods in the loop, so it has no seam either.
    Raises Invalid where the numbers of frames do not fit.
    """
    if stretch.phase_frames >= len(loop):
        raise Invalid("phase_frames", "PHASE_OUT_OF_RANGE", f"the loop has {len(loop)} frames")
    if len(accents) != len(mouth):
        remedy = f"{len(accents)} frames of accents for a take of {len(mouth)}"
        raise Invalid("accents.frame_count", "FRAME_COUNT_MISMATCH", remedy)
    around = ((stretch.lead_frames, stretch.tail_frames), (0, 0))
    added = np.pad(accents, around)
    phases = (stretch.phase_frames + np.arange(len(added))) % len(loop)
    motion = loop[phases] + added
    motion[:, LIDS] = np.maximum(loop[phases, LIDS], added[:, LIDS])
    breaths = max(1, round(len(loop) / (BREATH_SECONDS * stretch.frame_rate)))
    breath = BREATH_FACE_HEIGHTS * np.sin(2 * np.pi * breaths * phases / len(loop))
    return Performance(motion.astype(np.float32), np.pad(mouth, around), breath.astype(np.float32))


def at_rest() -> Performance:
    """Return one frame of a presenter who looks at the viewer, kindly, with the mouth closed."""
    motion, mouth = np.zeros((1, len(TRACKS)), np.float32), np.zeros((1, len(MOUTH)), np.float32)
    motion[0, TRACKS.index("roll")] = 1.2
    motion[0, TRACKS.index("yaw")] = 2.0
    motion[0, TRACKS.index("pitch")] = -0.6
    mouth[0, MOUTH.index("width")] = 0.05
    return Performance(motion, mouth, np.zeros(1, np.float32))
