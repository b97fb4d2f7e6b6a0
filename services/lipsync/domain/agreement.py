"""Whether picture and sound of a take agree, and when: SyncNet's windows and the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.errors import Invalid
from services.chassis.timeline import Bytes, Floats
from services.lipsync.domain.faces import HIDDEN_ROWS, LEVELS

FRAMES: Final = 5
"""Frames that SyncNet sees at once: 200 ms at 25 frames/s."""
REACH_FRAMES: Final = 15
LEAST_WINDOWS: Final = 5
"""Fewer pairs than this say nothing about a lag."""


@dataclass(frozen=True)
class Agreement:
    """The best match of a mouth with its sound."""

    offset_frames: int
    """Picture minus sound; positive: the picture is late."""
    confidence: float
    """Median distance over all lags minus the smallest one; the larger, the surer. 0 to 2."""
    distance: float
    """At the best lag, between unit vectors, 0 to 2."""


def mouth_windows(faces: Bytes) -> Floats:
    """Return SyncNet's pictures (n - 4, 15, 48, 96), 0 to 1, of faces (n, 96, 96, 3) BGR.

    Lower halves of five frames in a row, channels one frame after the other. The sound to a window
    is that of its first frame (`frame_windows`).
    Raises Invalid for fewer than five frames. Source: Wav2Lip's expert (SyncNet_color).
    """
    if len(faces) < FRAMES:
        raise Invalid("faces", "FRAMES_TOO_FEW", f"SyncNet sees {FRAMES} frames at once")
    halves = LEVELS[faces[:, HIDDEN_ROWS:]].transpose(0, 3, 1, 2)  # (n, 3, 48, 96)
    count = len(faces) - FRAMES + 1
    return np.concatenate([halves[k : k + count] for k in range(FRAMES)], axis=1)


def agreement(pictures: Floats, sounds: Floats, reach_frames: int = REACH_FRAMES) -> Agreement:
    """Return at which lag pictures and sounds lie closest together.

    pictures: (n, 512), sounds: (n, 512), both of unit length; row i of each is about frame i. Lags
    that leave fewer than five pairs are not looked at.
    Raises Invalid for fewer than five windows, and for unlike shapes.
    Source: Chung and Zisserman 2016, Out of time: least mean distance, confidence from the median.
    """
    if pictures.shape != sounds.shape or len(pictures) < LEAST_WINDOWS:
        remedy = f"{pictures.shape} pictures, {sounds.shape} sounds; send {LEAST_WINDOWS} of each"
        raise Invalid("windows", "WINDOWS_INVALID", remedy)
    lags = np.arange(-reach_frames, reach_frames + 1)
    lags = lags[np.abs(lags) <= len(pictures) - LEAST_WINDOWS]
    distances = np.array([_distance(pictures, sounds, int(lag)) for lag in lags])
    best = int(distances.argmin())
    confidence = float(np.median(distances) - distances[best])
    return Agreement(int(lags[best]), confidence, float(distances[best]))


def _distance(pictures: Floats, sounds: Floats, lag: int) -> float:
    """Return the mean distance of pictures from sounds `lag` frames before them."""
    count = len(pictures) - abs(lag)
    late, early = pictures[max(lag, 0) :][:count], sounds[max(-lag, 0) :][:count]
    return float(np.linalg.norm(late - early, axis=1).mean())
