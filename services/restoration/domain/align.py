"""Brings a face to where GFPGAN expects one, and its levels to what it expects."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid
from services.chassis.sampling import Matrix, Window, rounded, warp
from services.chassis.timeline import Bytes, Floats

SIDE: Final = 512
WHOLE: Final = Window(0, 0, SIDE, SIDE)
TEMPLATE: Final = np.array(
    [
        (192.98138, 239.94708),
        (318.90277, 240.1936),
        (256.63416, 314.01935),
        (201.26117, 371.41043),
        (313.08905, 371.15118),
    ]
)
"""Where eyes, nose and corners of the mouth lie in the 512 frame, x and y; image left first."""
SURROUNDINGS: Final = (135.0, 133.0, 132.0)
"""What lies outside the picture, BGR."""
EYE_RIGHT: Final = (33, 133, 159, 145)
EYE_LEFT: Final = (263, 362, 386, 374)
"""Corners and lids of each eye in MediaPipe's mesh; their mean stands for the eye."""
NOSE_TIP: Final = 4
CORNERS: Final = (61, 291)


def five_points(landmarks: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Return eyes, nose tip and corners of the mouth (5, 2) in pixels, image left first.

    landmarks: (468 or 478, 3) of MediaPipe's face mesh. They stand for RetinaFace's five points,
    whose eyes follow the pupils; ours keep still when the gaze moves, as an alignment should.
    """
    points = np.asarray(landmarks, np.float64)[:, :2]
    eyes = [points[list(eye)].mean(0) for eye in (EYE_RIGHT, EYE_LEFT)]
    return np.stack([*eyes, points[NOSE_TIP], *points[list(CORNERS)]])


def alignment(points: npt.NDArray[np.floating[Any]]) -> Matrix:
    """Return the similarity (2, 3) that lays five points (5, 2) of a picture on the template.

    Raises Invalid where the points are no face: all in one place, or not numbers.
    Source: FaceRestoreHelper: least median of squares over the five points.
    """
    five = np.asarray(points, np.float64)
    if five.shape != TEMPLATE.shape or not np.isfinite(five).all() or np.ptp(five, 0).max() < 1:
        raise Invalid("face", "FACE_POINTS_INVALID", "send five points (5, 2) of one face")
    matrix, _ = cv2.estimateAffinePartial2D(five, TEMPLATE, method=cv2.LMEDS)
    if matrix is None:
        raise Invalid("face", "FACE_POINTS_INVALID", "no similarity leads to the template")
    return np.asarray(matrix, np.float64)


def aligned(picture: Bytes, matrix: Matrix) -> Bytes:
    """Return the face (512, 512, 3) BGR of a picture (h, w, 3) BGR under its alignment."""
    return rounded(warp(picture, matrix, WHOLE, SURROUNDINGS))


def network_input(faces: Bytes) -> Floats:
    """Return GFPGAN's input (n, 3, 512, 512) RGB, -1 to 1, of faces (n, 512, 512, 3) BGR."""
    rgb = faces[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    return np.ascontiguousarray((rgb / np.float32(255) - np.float32(0.5)) / np.float32(0.5))


def restored_faces(answer: Floats) -> Bytes:
    """Return faces (n, h, w, 3) BGR of GFPGAN's answer (n, 3, h, w) RGB, about -1 to 1.

    Levels beyond the range are cut off, the others rounded.
    """
    levels = (answer.clip(-1, 1) + np.float32(1)) / np.float32(2) * np.float32(255)
    return rounded(np.asarray(levels[:, ::-1].transpose(0, 2, 3, 1), np.float32))
