"""How a source moves like a performance: by what changed since the performance's first frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from services.chassis.timeline import Floats
from services.motion.domain.liveportrait.hull import volume
from services.motion.domain.liveportrait.pose import POINTS, Motion, keypoints

Region = Literal["all", "exp", "pose", "lip", "eyes"]

LIPS: Final = (6, 12, 14, 17, 19, 20)
EYES: Final = (11, 13, 15, 16, 18)
ABSOLUTE_POINTS: Final = (1, 2, 6, *range(11, 21))
ABSOLUTE_NUMBERS: Final = ((3, 1), (4, 1), (5, 2), (8, 2), (9, 1), (9, 2))
"""What is taken over in absolute mode besides whole points; the rest is the shape of the face."""


@dataclass(frozen=True)
class Drive:
    """A performance, n frames."""

    rotation: Floats
    """(n, 3, 3), for row vectors."""
    expression: Floats
    """(n, 21, 3)."""
    scale: Floats
    """(n,)."""
    shift: Floats
    """(n, 3)."""


def followed(source: Motion, drive: Drive, region: Region = "all") -> Drive:
    """Return the source's own motion (n frames) when it moves like a performance.

    source: one picture. What changed since the performance's first frame is added to the source:
    turns multiplied, expressions and shifts added, scales multiplied. The shift in z is zero.
    region: what takes part; the rest stays as in the source.
    Source: LivePortrait, relative motion.
    """
    count = len(drive.scale)
    still = _still(source, count)
    turns = drive.rotation @ drive.rotation[0].T @ source.rotation[0]
    changes = drive.expression - drive.expression[0]
    shift = source.shift + (drive.shift - drive.shift[0])
    shift[:, 2] = 0
    posed = replace(
        still, rotation=turns, scale=source.scale * (drive.scale / drive.scale[0]), shift=shift
    )
    deformed = source.expression + changes * expression_mask(region)
    base = posed if region in ("all", "pose") else still
    return replace(base, expression=np.asarray(deformed, np.float32))


def placed(source: Motion, own: Drive) -> Floats:
    """Return the key points (n, 21, 3) of the source's face in its own motion."""
    points = np.broadcast_to(source.points, own.expression.shape)
    return keypoints(points, own.rotation, own.expression, own.scale, own.shift)


def friendly(source: Motion, driven: Floats) -> Floats:
    """Return key points (n, 21, 3) that start exactly at the source's.

    driven: (n, 21, 3) as `placed`, the first frame's first. Motion is scaled by the faces' sizes.
    Source: LivePortrait, the option "expression-friendly".
    """
    start = source.keypoints
    return np.asarray(start + multiplier(start[0], driven[0]) * (driven - driven[0]), np.float32)


def multiplier(source: Floats, first: Floats) -> float:
    """Return how much larger the source's face moves than the performer's, by key points (21, 3).

    Source: LivePortrait: roots of the volumes of their convex hulls.
    """
    return float(np.sqrt(volume(source)) / np.sqrt(volume(first)))


def expression_mask(region: Region) -> Floats:
    """Return which numbers of an expression take part (21, 3): 1 or 0."""
    mask = np.zeros((POINTS, 3), np.float32)
    if region in ("all", "exp"):
        mask[:] = 1
    elif region in ("lip", "eyes"):
        mask[list(LIPS if region == "lip" else EYES)] = 1
    return mask


def absolute_mask() -> Floats:
    """Return which numbers of an expression absolute mode takes from the performance (21, 3)."""
    mask = np.zeros((POINTS, 3), np.float32)
    mask[list(ABSOLUTE_POINTS)] = 1
    for point, axis in ABSOLUTE_NUMBERS:
        mask[point, axis] = 1
    return mask


def _still(source: Motion, count: int) -> Drive:
    shift = np.repeat(source.shift, count, 0)
    shift[:, 2] = 0
    return Drive(
        np.repeat(source.rotation, count, 0),
        np.repeat(source.expression, count, 0),
        np.repeat(source.scale, count, 0),
        shift,
    )
