"""Which square of a portrait the puppet lives on: the head with room to move, and the shoulders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from services.chassis.timeline import Bytes, Floats
from services.motion.domain import mesh

LARGEST_CANVAS: Final = 1280
"""Pixels; more would never be seen in a picture 1080 lines high."""
LARGEST_FACE: Final = 0.52
"""Share of the square's side; a larger face wants all of the picture that there is."""
SMALLEST_FACE: Final = 0.24
"""Share of the square's side; around a smaller face the square is drawn closer."""
CLOSE_FACE: Final = 0.32
"""Share of the side that a face gets where the square is drawn closer."""
LEVEL_DEGREES: Final = 4.0
"""A head tilted further is put upright: lids and lips are moved along columns."""
MOST_LEVELLING_DEGREES: Final = 20.0


@dataclass(frozen=True)
class Square:
    """A square of a picture, in its pixels; it may reach beyond the picture's edges."""

    left: float
    top: float
    side: float
    pixels: int
    """Side of the canvas that it becomes."""
    tilt_degrees: float
    """Roll of the head that is taken out, clockwise on screen."""


def choose_square(width: int, height: int, landmarks: Floats) -> Square:
    """Return the square of a picture that is worth keeping around a face (478, 3)."""
    face = float(landmarks[mesh.CHIN, 1] - landmarks[mesh.FOREHEAD, 1])
    side = float(min(width, height))
    if face > LARGEST_FACE * side:
        side = float(max(width, height))
    elif face < SMALLEST_FACE * side:
        side = face / CLOSE_FACE
    centre_x = float(landmarks[mesh.CHEEK_RIGHT, 0] + landmarks[mesh.CHEEK_LEFT, 0]) / 2
    middle_y = float(landmarks[mesh.FOREHEAD, 1]) + 0.5 * face
    left = _inside(centre_x - side / 2, side, width)
    top = _inside(middle_y - 0.46 * side, side, height)
    return Square(round(left), round(top), side, min(round(side), LARGEST_CANVAS), _tilt(landmarks))


def cut_square(picture: Bytes, square: Square) -> Bytes:
    """Return a picture (h, w, 3 or 4) on its square canvas (n, n, same channels).

    Beyond the picture's edges RGBA is transparent, but that its lowest row goes on downwards; RGB
    repeats its last pixel on every side.
    """
    border = cv2.BORDER_CONSTANT if picture.shape[2] == 4 else cv2.BORDER_REPLICATE
    if square.tilt_degrees:
        picture = _upright(picture, square, border)
    height, width = picture.shape[:2]
    left, top, side = round(square.left), round(square.top), round(square.side)
    right, bottom = left + side, top + side
    kept = picture[max(0, top) : bottom, max(0, left) : right]
    above, below = max(0, -top), max(0, bottom - height)
    before, after = max(0, -left), max(0, right - width)
    lower = cv2.copyMakeBorder(kept, 0, below, 0, 0, cv2.BORDER_REPLICATE)
    window = cv2.copyMakeBorder(lower, above, 0, before, after, border, value=(0, 0, 0, 0))
    if square.pixels != side:
        size = (square.pixels, square.pixels)
        window = cv2.resize(window, size, interpolation=cv2.INTER_AREA)
    return np.asarray(window, np.uint8)


def _upright(picture: Bytes, square: Square, border: int) -> Bytes:
    centre = (square.left + square.side / 2, square.top + square.side / 2)
    matrix = cv2.getRotationMatrix2D(centre, square.tilt_degrees, 1.0)
    size = picture.shape[1::-1]
    turned = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=border)
    return np.asarray(turned, np.uint8)


def _inside(start: float, side: float, length: int) -> float:
    """Shift a stretch into the picture, or centre the picture in it where it is the longer one."""
    if side >= length:
        return (length - side) / 2
    return min(max(start, 0.0), length - side)


def _tilt(landmarks: Floats) -> float:
    across = landmarks[mesh.EYE_LEFT.upper[-1]] - landmarks[mesh.EYE_RIGHT.upper[0]]
    degrees = float(np.degrees(np.arctan2(across[1], across[0])))
    if abs(degrees) < LEVEL_DEGREES:
        return 0.0
    return max(-MOST_LEVELLING_DEGREES, min(degrees, MOST_LEVELLING_DEGREES))
