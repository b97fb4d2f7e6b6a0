"""Whether a finished picture of a presenter is clean: flicker, likeness, sharpness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.floating[Any]]

SG9: Final[Reals] = np.array([-21.0, 14, 39, 54, 59, 54, 39, 14, -21]) / 231
"""Savitzky and Golay 1964: centre of 9 points under a parabola."""
CHEEKS: Final = (205, 425)
PUPILS: Final = (468, 473)
LIP_BOX: Final = (61, 291, 0, 17)
SKULL: Final = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 2, 98, 327, 205, 425)
"""Points of MediaPipe's face mesh that a face is laid onto another by."""
FACE_PIXELS: Final = 128
EYES_APART: Final = 54.0
"""Pixels between the pupils of an aligned face."""
EYES_Y: Final = 50.0
MOUTH_SIZE: Final = (96, 64)


def skin_flicker(lumas: Sequence[Reals], landmarks: Reals) -> float:
    """Return how restless the cheeks' light is, in levels of 255.

    lumas: n pictures (h, w); landmarks: (n, 478, 3). Root mean square of what a parabola over 9
    frames leaves of the mean.
    """
    reach = max(3, round(0.10 * _pupil_distance(landmarks)))
    light = [
        np.mean([_patch(luma, mesh[cheek, :2], reach).mean() for cheek in CHEEKS])
        for luma, mesh in zip(lumas, landmarks, strict=True)
    ]
    return _restlessness(np.array(light))


def background_flicker(lumas: Sequence[Reals]) -> float:
    """Return how restless a still part of the picture is, in levels of 255. lumas: n of (h, w)."""
    return _restlessness(np.array([luma.mean() for luma in lumas]))


def likeness(
    lumas: Sequence[Reals], landmarks: Reals, portrait: Reals, portrait_landmarks: Reals
) -> float:
    """Return how much the face stays that of the portrait: 1 is the same.

    Median over frames of the structural similarity (Wang et al. 2004) of forehead, cheeks and nose,
    laid onto the portrait's by similarity, at 54 pixels between the pupils and of equal light. Not
    of the worst frames: these are the ones in which the head turns.
    """
    mask = _face_mask()
    reference = _aligned(portrait, portrait_landmarks, portrait_landmarks, mask)
    likenesses = []
    for luma, mesh in zip(lumas, landmarks, strict=True):
        face = _aligned(luma, mesh, portrait_landmarks, mask)
        likenesses.append((_similarity(face, reference) * mask).sum() / mask.sum())
    return float(np.median(likenesses))


def mouth_sharpness(
    lumas: Sequence[Reals], landmarks: Reals, portrait: Reals, portrait_landmarks: Reals
) -> float:
    """Return how sharp the closed mouth is by the portrait's: 1 is equal, less is blurred.

    Give frames in which the mouth is closed: an open one shows teeth, which no portrait has, and
    reads twice as sharp. The portrait is first brought to the size of the face in the frames.
    Variance of the Laplacian, Pech-Pacheco et al. 2000.
    """
    scale = _pupil_distance(landmarks) / _pupil_distance(portrait_landmarks[None])
    size = (round(portrait.shape[1] * scale), round(portrait.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small: Reals = np.asarray(cv2.resize(portrait, size, interpolation=how), np.float32)
    reference = _edges(small, portrait_landmarks * scale)
    found = [_edges(luma, mesh) for luma, mesh in zip(lumas, landmarks, strict=True)]
    return float(np.median(found) / (reference + 1e-6))


def _restlessness(light: Reals) -> float:
    calm = np.convolve(light, SG9, "valid")
    return float(np.sqrt(np.mean((light[4:-4] - calm) ** 2)))


def _pupil_distance(landmarks: Reals) -> float:
    right, left = (landmarks[:, pupil, :2] for pupil in PUPILS)
    return float(np.median(np.linalg.norm(left - right, axis=1)))


def _patch(luma: Reals, centre: Reals, reach: int) -> Reals:
    """Return the square around a point, as much of it as the picture holds."""
    x, y = (max(reach, round(float(value))) for value in centre)
    return luma[y - reach : y + reach, x - reach : x + reach]


def _edges(luma: Reals, mesh: Reals) -> float:
    """Return the variance of the Laplacian of the mouth, at a size of its own."""
    points = mesh[list(LIP_BOX), :2]
    margin = 0.10 * _pupil_distance(mesh[None])
    x0, y0 = np.maximum(0, points.min(0) - margin).astype(int)
    x1, y1 = (points.max(0) + margin).astype(int)
    mouth = cv2.resize(luma[y0:y1, x0:x1], MOUTH_SIZE, interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(mouth.astype(np.float32), cv2.CV_32F).var())


def _aligned(luma: Reals, mesh: Reals, portrait_mesh: Reals, mask: Reals) -> Reals:
    """Return a face (128, 128) laid onto the portrait's, with the same mean and contrast."""
    points = portrait_mesh[:, :2]
    eyes = points[list(PUPILS)]
    scale = EYES_APART / np.linalg.norm(eyes[1] - eyes[0])
    onto = (points - eyes.mean(0)) * scale + (FACE_PIXELS / 2, EYES_Y)
    matrix = _similarity_transform(mesh[list(SKULL), :2], onto[list(SKULL)])
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    fine = luma.astype(np.float32)
    if shrink < 1:
        fine = cv2.GaussianBlur(fine, (0, 0), 0.5 / shrink).astype(np.float32)
    face = cv2.warpAffine(fine, matrix, (FACE_PIXELS, FACE_PIXELS))
    face = cv2.GaussianBlur(face, (0, 0), 1.0)
    inside = face[mask > 0]
    evened: Reals = 128 + 32 * (face - inside.mean()) / (inside.std() + 1e-6)
    return evened


def _face_mask() -> Reals:
    """Return (128, 128): 1 on forehead, cheeks and nose; eyes and mouth move by themselves."""
    mask = np.zeros((FACE_PIXELS, FACE_PIXELS), np.float32)
    cv2.ellipse(mask, (64, 64), (44, 40), 0, 0, 360, 1, -1)
    mask[38:60] = 0
    mask[84:] = 0
    return mask


def _similarity_transform(moving: Reals, fixed: Reals) -> Reals:
    """Return the (2, 3) matrix of the least-squares similarity from points (k, 2) to others."""
    from_centre, to_centre = moving.mean(0), fixed.mean(0)
    a, b = moving - from_centre, fixed - to_centre
    along, across = (a * b).sum(), (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    turn = np.array([[along, -across], [across, along]]) / (a**2).sum()
    return np.hstack([turn, (to_centre - turn @ from_centre)[:, None]])


def _similarity(a: Reals, b: Reals) -> Reals:
    """Return the structural similarity at each pixel, for windows of deviation 1.5."""

    def local(image: Reals) -> Reals:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), 1.5))

    mean_a, mean_b = local(a), local(b)
    own = local(a * a) - mean_a**2 + local(b * b) - mean_b**2
    shared = local(a * b) - mean_a * mean_b
    light = (2 * mean_a * mean_b + 6.5) / (mean_a**2 + mean_b**2 + 6.5)
    similarity: Reals = light * (2 * shared + 58.5) / (own + 58.5)
    return similarity
