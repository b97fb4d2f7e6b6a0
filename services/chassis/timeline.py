"""Values that stages share about time and motion; no I/O, so domain code may use them too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

SAMPLE_RATE: Final = 48_000
FRAME_RATES: Final = (24, 25, 30)
CHUNK_SECONDS: Final = 10
"""No chunk is longer."""

TRACKS: Final = (
    "pitch",  # degrees, + looks down
    "yaw",  # degrees, + turns towards image right
    "roll",  # degrees, + clockwise on screen
    "shift_x",  # of the neck pivot, in distances between the pupils
    "shift_y",
    "log_scale",
    "lid_right",  # closure of the eye at image left: 0 open as in the portrait, 1 closed
    "lid_left",
    "brow_right",  # lift, in distances between the outer eye corners
    "brow_left",
    "gaze_x",  # iris offset in eye widths
    "gaze_y",
)
"""Columns of motion tracks, (frames, 12) float32."""

MOUTH: Final = ("jaw", "width", "round", "upper", "tuck", "tongue", "press")
"""Columns of a take, (frames, 7) float32, in half mouth widths; tongue and press from 0 to 1."""


@dataclass(frozen=True)
class Word:
    """A word as captions show it, and when it is spoken."""

    text: str
    start: int
    """First sample."""
    end: int
    """Sample after the last."""


@dataclass(frozen=True)
class Phoneme:
    """A timed sound."""

    ipa: str
    """One phoneme in IPA without stress marks; empty for silence."""
    start: int
    """First sample."""
    end: int
    """Sample after the last."""
    stress: float
    """1 primary, .5 secondary, 0 none."""


@dataclass(frozen=True)
class Timing:
    """When each word and phoneme of a chunk is spoken, in samples at 48 kHz."""

    sample_count: int
    words: tuple[Word, ...]
    phonemes: tuple[Phoneme, ...]
    """Without a gap from sample 0 to `sample_count`."""


def samples_per_frame(frame_rate: int) -> int:
    """Return the samples under one frame; whole at every rate there is.

    Raises Invalid for a rate other than 24, 25 or 30.
    """
    if frame_rate not in FRAME_RATES:
        raise Invalid("frame_rate", "FPS_INVALID", f"{frame_rate} is not 24, 25 or 30 frames/s")
    return SAMPLE_RATE // frame_rate
