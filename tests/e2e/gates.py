"""What a finished video must measure: the least and the most of each number of `measure`."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Final

GATES: Final[Mapping[str, tuple[float, float]]] = {
    "missed": (0, 0),
    "offset": (-60, 30),
    "confidence": (0.5, inf),
    "sound_confidence": (0.4, inf),
    "bilabials": (0.9, 1),
    "vowels": (0.85, 1),
    "restlessness": (-inf, 0.05),
    "shift": (0.012, 0.25),
    "jitter": (0, 3),
    "holds": (0, 0.18),
    "cuts": (0, 0),
    "drift": (0, 0.010),
    "blinks": (6, 40),
    "skin_flicker": (0, 1.0),
    "wall_flicker": (0, 0.3),
    "likeness": (0.962, 1),
    "sharpness": (0.5, 1.8),
}
"""Between the worst good clip and the mildest fault of `test_broken_videos`, on every face.

Of videos of ten seconds and more: shorter ones may well have no blink. offset in ms, the picture
late being positive: mouths lead by 30. shift and drift in pupil distances, restlessness in mouth
widths, jitter in thousandths of the pupil distance, flicker in levels of 255.
"""


def failed(found: Mapping[str, float]) -> set[str]:
    """Return the names of what a video measures out of bounds."""
    return {
        name
        for name, value in found.items()
        if name in GATES and not GATES[name][0] <= value <= GATES[name][1]
    }
