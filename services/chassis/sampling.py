"""Pictures laid through affine maps, sampled where they ought to be.

OpenCV 4 rounds positions to 1/32 of a pixel, which is up to four levels of 255 on grainy pictures;
networks are compared to within far less, and a GPU rounds otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from services.chassis.timeline import Bytes, Floats

CORNERS: Final = ((0, 0), (1, 0), (0, 1), (1, 1))
FARTHEST: Final = 32_000
"""Pixels; OpenCV's tables of positions hold 16 bits."""

Matrix = npt.NDArray[np.floating[Any]]


class Window(NamedTuple):
    """A rectangle of whole pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to cut the window out of a picture."""
        return (
            slice(self.top, self.top + self.height),
            slice(self.left, self.left + self.width),
        )


def warp(
    picture: Bytes | Floats, matrix: Matrix, window: Window, border: Sequence[float] = (0.0,)
) -> Floats:
    """Return a window of a picture under an affine map: (height, width[, c]) float32, unrounded.

    picture: (h, w) or (h, w, 3), uint8 or float32. matrix: (2, 3) or (3, 3), from the picture's
    pixels to those the window is cut from. border: what lies outside the picture, by channel.
    Bilinear; equals warpAffine of OpenCV 5 within the rounding of float32.
    """
    x, y = _positions(matrix, window)
    left, top = np.floor(x), np.floor(y)
    corner = np.stack([left + 1, top + 1], -1).clip(-FARTHEST, FARTHEST).astype(np.int16)
    rim = cv2.copyMakeBorder(picture, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=tuple(border))
    first, second, third, fourth = (
        _picked(rim[down:, right:], corner, border) for right, down in CORNERS
    )
    right, down = (_in_every_channel(share, first) for share in (x - left, y - top))
    return _between(_between(first, second, right), _between(third, fourth, right), down)


def rounded(picture: Floats) -> Bytes:
    """Return the nearest levels from 0 to 255, halves to the even one."""
    return np.asarray(np.rint(picture).clip(0, 255), np.uint8)


def covered(matrix: Matrix, side: int, width: int, height: int) -> Window:
    """Return the window of a picture (height, width) that a square of `side` pixels may touch.

    matrix: (2, 3) or (3, 3), from the square's pixels to the picture's. Raises ValueError where the
    square lies beside the picture.
    """
    ends = np.array([[x, y, 1] for x in (-1, side) for y in (-1, side)], np.float64)
    x, y = np.asarray(matrix, np.float64)[:2] @ ends.T
    left, top = max(0, int(np.floor(x.min()))), max(0, int(np.floor(y.min())))
    right, bottom = min(width, int(np.ceil(x.max())) + 1), min(height, int(np.ceil(y.max())) + 1)
    if right <= left or bottom <= top:
        raise ValueError(f"a square at {matrix[:2].tolist()} lies beside {width} x {height} pixels")
    return Window(left, top, right - left, bottom - top)


def inverse(matrix: Matrix) -> Matrix:
    """Return the affine map (2, 3) float64 that leads back."""
    return np.asarray(cv2.invertAffineTransform(np.asarray(matrix, np.float64)[:2]), np.float64)


def _positions(matrix: Matrix, window: Window) -> tuple[Floats, Floats]:
    """Return where in the picture each pixel of the window comes from: x and y (height, width)."""
    back = inverse(matrix).astype(np.float32)
    x = np.arange(window.left, window.left + window.width, dtype=np.float32)
    y = np.arange(window.top, window.top + window.height, dtype=np.float32)[:, None]
    across, down = (row[0] * x + (row[1] * y + row[2]) for row in back)
    return across, down


def _in_every_channel(share: Floats, like: Floats) -> Floats:
    if like.ndim == share.ndim:
        return share
    return np.asarray(cv2.merge([share] * like.shape[2]), np.float32)


def _between(start: Floats, end: Floats, share: Floats) -> Floats:
    """Return start + share * (end - start), in the place of `end`."""
    end -= start
    end *= share
    end += start
    return end


def _picked(
    picture: npt.NDArray[Any], corner: npt.NDArray[np.int16], border: Sequence[float]
) -> Floats:
    found = cv2.remap(
        picture,
        corner,
        np.empty(0, np.float32),
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=tuple(border),
    )
    return np.asarray(found, np.float32)
