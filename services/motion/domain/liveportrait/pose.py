"""Head poses and key points, as LivePortrait's motion extractor says them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.timeline import Floats

POINTS: Final = 21
BINS: Final = 66
DEGREES_PER_BIN: Final = 3.0
FIRST_DEGREES: Final = 97.5


@dataclass(frozen=True)
class Motion:
    """What the extractor says of n pictures, refined."""

    points: Floats
    """Key points of the face at rest (n, 21, 3); x right, y down."""
    angles: Floats
    """Pitch, yaw, roll in degrees (n, 3)."""
    expression: Floats
    """What the face adds to them (n, 21, 3)."""
    scale: Floats
    """(n,)."""
    shift: Floats
    """(n, 3); the third is never used."""

    @property
    def rotation(self) -> Floats:
        """Rotations (n, 3, 3), for row vectors."""
        return rotations(self.angles)

    @property
    def keypoints(self) -> Floats:
        """Where the key points are (n, 21, 3)."""
        return keypoints(self.points, self.rotation, self.expression, self.scale, self.shift)


def refined(raw: Mapping[str, Floats]) -> Motion:
    """Return the motion of the extractor's answers.

    raw: "pitch", "yaw", "roll" (n, 66) logits; "t" (n, 3), "exp" and "kp" (n, 63), "scale" (n, 1).
    """
    angles = np.stack([degrees(raw[name]) for name in ("pitch", "yaw", "roll")], 1)
    points, expression = (raw[name].reshape(-1, POINTS, 3) for name in ("kp", "exp"))
    return Motion(points, angles, expression, raw["scale"][:, 0], raw["t"])


def degrees(logits: Floats) -> Floats:
    """Return the angle in degrees (n,) that 66 bins of 3 degrees agree on: their mean.

    Source: Ruiz 2018, Hopenet, as LivePortrait uses it.
    """
    likely = np.exp(logits - logits.max(1, keepdims=True))
    likely /= likely.sum(1, keepdims=True)
    mean = (likely * np.arange(BINS, dtype=np.float32)).sum(1)
    return np.asarray(mean * DEGREES_PER_BIN - FIRST_DEGREES, np.float32)


def rotations(angles: Floats) -> Floats:
    """Return rotations (n, 3, 3) of pitch, yaw, roll in degrees (n, 3), for row vectors.

    Source: LivePortrait: the transpose of Rz(roll) Ry(yaw) Rx(pitch).
    """
    radians = np.radians(angles.astype(np.float64))
    (a, b, c), (d, e, f) = np.cos(radians).T, np.sin(radians).T  # pitch, yaw, roll
    rows = (
        (b * c, b * f, -e),
        (d * e * c - a * f, d * e * f + a * c, d * b),
        (a * e * c + d * f, a * e * f - d * c, a * b),
    )
    return np.stack([np.stack(row, -1) for row in rows], -2).astype(np.float32)


def keypoints(
    points: Floats, rotation: Floats, expression: Floats, scale: Floats, shift: Floats
) -> Floats:
    """Return where key points are (n, 21, 3): turned, deformed, scaled, shifted in x and y."""
    placed: Floats = scale[:, None, None] * (points @ rotation + expression)
    placed[..., :2] += shift[:, None, :2]
    return placed
