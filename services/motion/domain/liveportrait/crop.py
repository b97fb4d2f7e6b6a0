"""The square of a picture that LivePortrait sees, found from points on the face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid
from services.chassis.sampling import Matrix, Window, rounded, warp
from services.chassis.timeline import Bytes, Floats

SIDE: Final = 512
SEEN_SIDE: Final = 256
"""Pixels that the networks see of it."""
SCALE: Final = 2.3
"""Sides of the square by sides of the face's box, for a source."""
DOWN: Final = -0.125
"""How far the square lies below the face's box, in its own sides: forehead and hair need room."""
LONGEST_SIDE: Final = 1280
"""Of the source; larger ones are made smaller first."""

EYES_AND_LIPS: Final[dict[int, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]] = {
    5: ((0,), (1,), (3, 4)),
    68: ((36, 39), (42, 45), (48, 54)),
    106: ((33, 35, 40, 39), (87, 89, 94, 93), (52, 61)),
    203: ((0, 6, 12, 18), (24, 30, 36, 42), (48, 66)),
}
"""Numbers of the points whose means are the eyes and the lips, by the size of a point set."""

OUTLINE: Final = (
    *(356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152),
    *(148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127),
)
BROWS: Final = (70, 63, 105, 66, 107, 300, 293, 334, 296, 336)
MESH_EYES: Final = ((33, 159, 133, 145), (362, 386, 263, 374))
MESH_LIPS: Final = (61, 291)
"""Points of MediaPipe's mesh that bound what the published set of 106 bounds: jaw, cheeks and
brows, but no forehead."""

Reals = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Square:
    """Where a face is cut out, in pixels of its picture."""

    centre: Reals
    """x and y (2,)."""
    side: float
    angle: float
    """Radians by which the face is tilted; positive: clockwise on screen."""


def square(points: Reals, scale: float = SCALE, down: float = DOWN) -> Square:
    """Return the square about a face of published points: (5, 68, 106 or 203, 2) in pixels.

    Raises Invalid for another number of points.
    Source: LivePortrait's crop: along the line from eyes to lips, the larger side of the points'
    box, scaled. Its shift across the face is never used, so there is none.
    """
    if len(points) not in EYES_AND_LIPS:
        counts = ", ".join(map(str, EYES_AND_LIPS))
        raise Invalid("face", "FACE_POINTS_INVALID", f"{len(points)} points; known are {counts}")
    right, left, lips = (points[list(part)].mean(0) for part in EYES_AND_LIPS[len(points)])
    return _square(points, (right + left) / 2, lips, scale, down)


def square_of_mesh(landmarks: Reals, scale: float = SCALE, down: float = DOWN) -> Square:
    """Return the square about a face of MediaPipe's mesh (468 or 478, 3) in pixels.

    It stands for the published square, which is found from InsightFace's 106 points: only the
    line from eyes to lips and the outermost points matter, and those are cheeks, chin and brows.
    """
    points = landmarks[:, :2]
    right, left = (points[list(eye)].mean(0) for eye in MESH_EYES)
    lips = points[list(MESH_LIPS)].mean(0)
    return _square(points[[*OUTLINE, *BROWS]], (right + left) / 2, lips, scale, down)


def to_crop(cut: Square, side: int = SIDE) -> Matrix:
    """Return the similarity (2, 3) float32 from the picture's pixels to those of the crop."""
    ratio = side / cut.side
    cosine, sine = ratio * np.cos(cut.angle), ratio * np.sin(cut.angle)
    x, y = cut.centre
    return np.array(
        [
            [cosine, sine, side / 2 - (cosine * x + sine * y)],
            [-sine, cosine, side / 2 - (-sine * x + cosine * y)],
        ],
        np.float32,
    )


def to_picture(matrix: Matrix) -> Matrix:
    """Return the way back from the crop's pixels to the picture's, (2, 3) float32."""
    whole = np.vstack([matrix, [0, 0, 1]]).astype(np.float32)
    return np.asarray(np.linalg.inv(whole)[:2], np.float32)


def moved(points: Reals, matrix: Matrix) -> Reals:
    """Return points (n, 2) under a map (2, 3)."""
    laid: Reals = points @ matrix[:, :2].T + matrix[:, 2]
    return laid


def cropped(picture: Bytes, matrix: Matrix) -> Bytes:
    """Return the crop (512, 512, 3) of a picture (h, w, 3); black outside it, channels kept."""
    return rounded(warp(picture, matrix, Window(0, 0, SIDE, SIDE), (0.0, 0.0, 0.0)))


def seen(crop: Bytes) -> Bytes:
    """Return what the networks see of a crop: (256, 256, 3), the mean of every four pixels."""
    size = (SEEN_SIDE, SEEN_SIDE)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)


def network_input(pictures: Bytes) -> Floats:
    """Return the networks' input (n, 3, 256, 256), RGB 0 to 1, of pictures (n, 256, 256, 3) RGB."""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2) / np.float32(255), np.float32)


def drawn(answer: Floats) -> Bytes:
    """Return crops (n, 512, 512, 3) RGB of the generator's answer (n, 3, 512, 512), 0 to 1.

    Levels are cut off, not rounded, as in the published pipeline.
    """
    levels = answer.clip(0, 1).transpose(0, 2, 3, 1) * np.float32(255)
    return np.ascontiguousarray(levels.astype(np.uint8))


def fit_source(picture: Bytes) -> Bytes:
    """Return a source no longer than 1280 pixels, with even sides; (h, w, 3), channels kept."""
    height, width = picture.shape[:2]
    if max(height, width) > LONGEST_SIDE:
        ratio = LONGEST_SIDE / max(height, width)
        size = (int(width * ratio), int(height * ratio))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    height, width = (side - side % 2 for side in picture.shape[:2])
    return picture[:height, :width]


def _square(points: Reals, eyes: Reals, lips: Reals, scale: float, down: float) -> Square:
    length = float(np.linalg.norm(lips - eyes))
    if not length >= 1:
        raise Invalid("face", "FACE_POINTS_INVALID", "eyes and lips lie in one place")
    below = (lips - eyes) / length
    axes = np.stack([np.array([below[1], -below[0]]), below])  # across the face, down the face
    turned = (points - points.mean(0)) @ axes.T
    first, last = turned.min(0), turned.max(0)
    side = float((last - first).max()) * scale
    centre = points.mean(0) + (first + last) / 2 @ axes + axes[1] * down * side
    angle = float(np.arctan2(axes[0, 1], axes[0, 0]))
    return Square(centre, side, angle)
