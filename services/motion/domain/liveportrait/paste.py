"""Lays a drawn crop back on its picture, in the pixels that it covers and no others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from services.chassis.sampling import Matrix, Window, covered, rounded, warp
from services.chassis.timeline import Bytes, Floats
from services.motion.domain.liveportrait.crop import SIDE

RAMP: Final = 16
"""Pixels over which the crop fades in; the radius of its corners too."""


@dataclass(frozen=True)
class Place:
    """Where a presenter's crops lie in the picture; made once for a loop."""

    matrix: Matrix
    """From the crop's pixels to the picture's, (2, 3)."""
    window: Window
    """The part of the picture that a crop can change."""
    share: Floats
    """How much of the crop shows in the window (height, width), 0 to 1."""


@cache
def crop_mask() -> Bytes:
    """Return how much of a crop shows (512, 512), 0 to 255: a square with round, soft corners.

    Source: LivePortrait's mask template: a straight ramp of 16 pixels, here from its formula.
    """
    steps = np.arange(SIDE)
    inward = np.maximum(RAMP - np.minimum(steps, SIDE - steps), 0)
    inside = RAMP - np.hypot.outer(inward, inward)
    mask: Bytes = np.floor(255 * inside / RAMP).clip(0, 255).astype(np.uint8)
    mask.setflags(write=False)
    return mask


def place(matrix: Matrix, width: int, height: int) -> Place:
    """Return where crops lie in a picture of this size. matrix: from the crop to the picture."""
    window = covered(matrix, SIDE, width, height)
    share = rounded(warp(crop_mask(), matrix, window)).astype(np.float32) / np.float32(255)
    return Place(matrix, window, share)


def laid_back(picture: Bytes, crop: Bytes, where: Place) -> Bytes:
    """Return the place's window of a picture with a drawn crop on it: (height, width, 3).

    picture: (h, w, 3); crop: (512, 512, 3), channels alike. Equal to the same window of the whole
    picture's result: outside it nothing shows. Levels are cut off, as in the published pipeline.
    """
    above = rounded(warp(crop, where.matrix, where.window, (0.0, 0.0, 0.0)))
    below = picture[where.window.slices]
    weight = where.share[..., None]
    mixed = weight * above + (np.float32(1) - weight) * below
    return np.asarray(mixed.clip(0, 255), np.uint8)
