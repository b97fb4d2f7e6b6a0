"""How far eyes and lips are open, as LivePortrait's retargeting counts it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.chassis.timeline import Floats

Reals = npt.NDArray[np.floating[Any]]
Gap = tuple[int, int, int, int]
"""Upper and lower point of an opening, then its two corners."""

EYES: Final[tuple[Gap, Gap]] = ((6, 18, 0, 12), (30, 42, 24, 36))
LIPS: Final[Gap] = (90, 102, 48, 66)
"""Of LivePortrait's own 203 points."""
MESH_EYES: Final[tuple[Gap, Gap]] = ((159, 145, 33, 133), (386, 374, 362, 263))
MESH_LIPS: Final[Gap] = (13, 14, 61, 291)
"""Their places in MediaPipe's mesh: middle of the lids and corners; inner lips, outer corners."""


def eye_ratios(points: Reals) -> Floats:
    """Return the height of each eye by its width (n, 2), image left first.

    points: (n, 203, 2 or 3) of LivePortrait, or (n, 468 or 478, 2 or 3) of MediaPipe.
    Source: LivePortrait.
    """
    eyes = EYES if points.shape[1] == 203 else MESH_EYES
    return np.stack([_ratio(points, eye) for eye in eyes], 1)


def lip_ratios(points: Reals) -> Floats:
    """Return the gap between the lips by the mouth's width (n, 1), of points as `eye_ratios`."""
    return _ratio(points, LIPS if points.shape[1] == 203 else MESH_LIPS)[:, None]


def _ratio(points: Reals, gap: Gap) -> Floats:
    upper, lower, right, left = (points[:, point, :2] for point in gap)
    height, width = (np.linalg.norm(a - b, axis=1) for a, b in ((upper, lower), (right, left)))
    return np.asarray(height / (width + 1e-6), np.float32)
