"""The volume of a few points' convex hull."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt

JITTER: Final = 1e-9
"""Of the points' extent: no four of them then lie in one plane, and each facet is a triangle."""


def volume(points: npt.NDArray[np.floating[Any]]) -> float:
    """Return the volume of the convex hull of points (n, 3), n up to some dozens; 0 if flat.

    A triangle of three points belongs to the hull where all others lie on one side of it: with 21
    points there are 1330 to try, all at once.
    """
    extent = float(np.ptp(points, 0).max())
    if len(points) < 4 or extent == 0:
        return 0.0
    noise = np.random.default_rng(0).uniform(-1, 1, points.shape)
    apart = points.astype(np.float64) - points.mean(0) + JITTER * extent * noise
    corners = np.array(list(combinations(range(len(points)), 3)))
    first, second, third = apart[corners.T]
    normals = np.cross(second - first, third - first)
    heights = apart @ normals.T - (first * normals).sum(1)  # (n, triangles)
    np.put_along_axis(heights, corners.T, 0, axis=0)
    outer = (heights <= 0).all(0) | (heights >= 0).all(0)
    return float(np.abs((first * normals).sum(1))[outer].sum() / 6)
