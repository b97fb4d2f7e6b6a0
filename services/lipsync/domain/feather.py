"""Lays a drawn mouth on its frame without an edge, and not at all where nobody speaks."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.chassis.timeline import Bytes, Floats

UPPER_EDGE: Final = (0.50, 0.62)
"""Shares of the box's height between which the drawn face fades in: nose tip to upper lip. Above
the middle the network saw the frame, so that there is nothing to gain and sharpness to lose."""
LOWER_EDGE: Final = (0.90, 0.99)
SIDE_EDGE: Final = (0.62, 0.96)
"""Shares of half the box's width, from its middle, between which it fades out."""


def lower_face(height: int, width: int) -> Floats:
    """Return how much of the drawn face shows at each pixel of its box: (height, width), 0 to 1.

    One over mouth and chin, exactly zero along the box's border and above its middle, smooth
    between.
    """
    down = _centres(height)
    across = np.abs(_centres(width) * 2 - 1)
    rows = _step(down, *UPPER_EDGE) * (1 - _step(down, *LOWER_EDGE))
    columns = 1 - _step(across, *SIDE_EDGE)
    mask: Floats = np.outer(rows, columns)
    mask[[0, -1]] = 0
    mask[:, [0, -1]] = 0
    return mask


def laid(frame: Bytes, drawn: Bytes, mask: Floats, weight: float) -> Bytes:
    """Return the box of a frame with the drawn face on it: (h, w, 3), the order of its channels.

    mask: (h, w), 0 to 1; weight from 0 to 1: how much of the take this frame shows. Where mask or
    weight is zero the frame's own levels come back unchanged.
    """
    share = (mask * np.float32(weight))[..., None]
    below = frame.astype(np.float32)
    return np.asarray(np.rint(below + share * (drawn - below)), np.uint8)


def _centres(count: int) -> Floats:
    return np.asarray((np.arange(count) + 0.5) / count, np.float32)


def _step(x: Floats, start: float, end: float) -> Floats:
    t = ((x - start) / (end - start)).clip(0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
