"""Lays a restored face back on its frame, in the pixels that it can change and no others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.chassis.sampling import Matrix, Window, covered, inverse, rounded, warp
from services.chassis.timeline import Bytes, Floats


@dataclass(frozen=True)
class Pasted:
    """The part of a frame that a restored face has changed."""

    window: Window
    pixels: Bytes
    """(height, width, 3), channels in the order of the frame."""


def laid_back(frame: Bytes, face: Bytes, mask: Floats, matrix: Matrix) -> Pasted:
    """Return what a frame becomes where a restored face covers it.

    frame: (h, w, 3); face: (512, 512, 3), channels alike. mask: (512, 512), 0 to 1, in the face's
    frame. matrix: the alignment (2, 3), from the frame to the 512 frame.
    Pixels where the mask is zero keep their level. Equal to the whole frame's result: outside the
    window nothing is covered.
    Source: FaceRestoreHelper at its own size; levels are cut off, not rounded.
    """
    back = inverse(matrix)
    window = covered(back, len(face), frame.shape[1], frame.shape[0])
    share = warp(mask, back, window)
    drawn = rounded(warp(face, back, window))
    return Pasted(window, blended(frame[window.slices], drawn, share))


def blended(below: Bytes, above: Bytes, share: Floats) -> Bytes:
    """Return `share` of the upper and the rest of the lower picture: (h, w, 3), levels cut off.

    share: (h, w), 0 to 1; where it is zero or one the levels of one picture come back unchanged.
    """
    weight = share[..., None]
    mixed = weight * above + (np.float32(1) - weight) * below
    return np.asarray(mixed, np.uint8)


def put(frame: Bytes, pasted: Pasted) -> Bytes:
    """Return a whole frame (h, w, 3) with its changed part; the frame handed in stays as it is."""
    whole = frame.copy()
    whole[pasted.window.slices] = pasted.pixels
    return whole
