"""Where a restored face is laid on its frame, and how softly it ends."""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from services.chassis.sampling import Matrix, Window, warp
from services.chassis.timeline import Floats
from services.restoration.domain.align import SIDE

FACE_CLASSES: Final = (*range(1, 14), 15)
"""Of ParseNet's 19: skin to lips, hair, earring; not the background, hat, neck and clothes."""
BLUR_SIGMA: Final = 11.0
BLUR_SIDE: Final = 101
BORDER: Final = 10
"""Pixels of the 512 frame that are never laid."""
EDGE_SHARE: Final = 20
"""The soft edge is a twentieth of the face's side wide."""

MOUTH: Final = Window(128, 280, 256, 192)
"""The part of the 512 frame in which a mouth moves; the network restores this window alone."""
MOUTH_EDGE: Final = 28
"""Pixels over which a restored mouth fades out."""


def parsed_mask(classes: npt.NDArray[np.integer]) -> Floats:
    """Return how much of the restored face shows (512, 512), 0 to 1, of ParseNet's classes.

    Source: FaceRestoreHelper: face and hair, blurred twice, a border of ten pixels left out.
    """
    mask = np.isin(classes, FACE_CLASSES).astype(np.float64)
    for _ in range(2):
        mask = np.asarray(cv2.GaussianBlur(mask, (BLUR_SIDE, BLUR_SIDE), BLUR_SIGMA), np.float64)
    inside = np.zeros_like(mask)
    inside[BORDER:-BORDER, BORDER:-BORDER] = mask[BORDER:-BORDER, BORDER:-BORDER]
    return inside.astype(np.float32)


def plain_mask(back: Matrix, window: Window) -> Floats:
    """Return how much of the restored face shows in a window of its frame, without parsing it.

    back: (2, 3), from the 512 frame to the picture. Returns (height, width), 0 to 1: one in the
    middle of the square, zero along its border.
    Source: FaceRestoreHelper without a parsing network, at its own size (upscale 1).
    """
    square = warp(np.ones((SIDE, SIDE), np.float32), back, window)
    square = _eroded(square, 2)
    edge = int(np.sqrt(square.sum())) // EDGE_SHARE
    if edge == 0:
        return square
    middle = _eroded(square, 2 * edge)
    return np.asarray(cv2.GaussianBlur(middle, (2 * edge + 1, 2 * edge + 1), 0), np.float32)


@cache
def mouth_mask() -> Floats:
    """Return how much of a restored mouth shows in the window `MOUTH`: (192, 256), 0 to 1.

    One where a mouth moves, exactly zero along the border, smooth between.
    """
    down, across = (_rising(length) for length in (MOUTH.height, MOUTH.width))
    mask: Floats = np.outer(down, across)
    mask.setflags(write=False)
    return mask


def whole_mouth_mask() -> Floats:
    """Return the mouth's mask in the whole 512 frame: (512, 512), zero outside `MOUTH`."""
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[MOUTH.slices] = mouth_mask()
    return mask


def _eroded(mask: Floats, side: int) -> Floats:
    """Return the least of each pixel's neighbours; what lies outside the window counts as zero."""
    padded = cv2.copyMakeBorder(mask, side, side, side, side, cv2.BORDER_CONSTANT)
    eroded = np.asarray(cv2.erode(padded, np.ones((side, side), np.uint8)), np.float32)
    return eroded[side:-side, side:-side]


def _rising(length: int) -> Floats:
    """Return 0 at both ends and 1 from `MOUTH_EDGE` pixels on, by a smooth step (length,)."""
    steps = np.arange(length)
    t = (np.minimum(steps, steps[::-1]) / MOUTH_EDGE).clip(0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
