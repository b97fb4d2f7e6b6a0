"""Numbers of the face mesh's points: which of its 478 landmarks lie on which line of a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OVAL: Final = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Outline of the face, clockwise from the middle of the forehead."""

FOREHEAD: Final = 10
CHIN: Final = 152
NOSE_BASE: Final = 2
CHEEK_RIGHT: Final = 234
CHEEK_LEFT: Final = 454
CHEEK_PATCH: Final = 205
"""A smooth part of the cheek at image left, where skin is measured."""

CORNER_RIGHT: Final = 61
"""Corner of the mouth at image left."""
CORNER_LEFT: Final = 291
LIP_TOP: Final = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LIP_BOTTOM: Final = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
SEAM_UPPER: Final = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
SEAM_LOWER: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)


@dataclass(frozen=True)
class EyePoints:
    """The points of one eye."""

    upper: tuple[int, ...]
    lower: tuple[int, ...]
    iris: tuple[int, ...]
    """Pupil, then four points of the iris' edge."""
    brow: tuple[int, ...]


EYE_RIGHT: Final = EyePoints(
    upper=(33, 246, 161, 160, 159, 158, 157, 173, 133),
    lower=(33, 7, 163, 144, 145, 153, 154, 155, 133),
    iris=(468, 469, 470, 471, 472),
    brow=(70, 63, 105, 66, 107, 46, 53, 52, 65, 55),
)
"""The eye at image left."""

EYE_LEFT: Final = EyePoints(
    upper=(362, 398, 384, 385, 386, 387, 388, 466, 263),
    lower=(362, 382, 381, 380, 374, 373, 390, 249, 263),
    iris=(473, 474, 475, 476, 477),
    brow=(300, 293, 334, 296, 336, 276, 283, 282, 295, 285),
)
