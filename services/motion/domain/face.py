"""What a face mesh says: head pose, lids, brows and gaze, over all frames at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.motion.domain.mesh import (
    CHEEK_LEFT,
    CHEEK_RIGHT,
    CHIN,
    EYE_LEFT,
    EYE_RIGHT,
    FOREHEAD,
    OVAL,
    EyePoints,
)
from services.motion.domain.waves import Reals

RIGID: Final = (
    *(10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 33, 133, 362, 263, 127, 356, 234, 454),
    *(21, 251, 54, 284, 103, 332, 67, 297, 109, 338, 98, 327, 122, 351, 193, 417, 245, 465),
)
"""Points that move with the skull, whatever the face does."""
EYES: Final = (EYE_RIGHT, EYE_LEFT)


def mean_head(landmarks: Reals) -> Reals:
    """Return the mean mesh (478, 3) after all frames are laid on one another by similarity.

    landmarks: (n, 478, 3). Source: generalised Procrustes analysis, Gower 1975; three rounds.
    """
    meshes = landmarks.astype(np.float64)
    mean: Reals = meshes[0]
    for _ in range(3):
        scale, turn, shift = similarities(meshes[:, RIGID], mean[list(RIGID)])
        mean = (scale[:, None, None] * meshes @ turn.mT + shift[:, None]).mean(0)
    return mean


def similarities(moving: Reals, fixed: Reals) -> tuple[Reals, Reals, Reals]:
    """Return scale (n,), rotation (n, 3, 3) and shift (n, 3) that lay shapes on a fixed one.

    moving: (n, k, 3); fixed: (k, 3) or (n, k, 3). fixed ~ scale * moving @ rotation.mT + shift.
    Source: Umeyama 1991.
    """
    fixed = np.broadcast_to(fixed, moving.shape)
    from_centre, to_centre = moving.mean(1), fixed.mean(1)
    a, b = moving - from_centre[:, None], fixed - to_centre[:, None]
    u, size, vt = np.linalg.svd(b.mT @ a)
    sign = np.ones((len(moving), 3))
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation = (u * sign[:, None]) @ vt
    scale = (size * sign).sum(1) / (a**2).sum((1, 2))
    shift = to_centre - scale[:, None] * np.einsum("nij,nj->ni", rotation, from_centre)
    return scale, rotation, shift


def neck_pivot(mean: Reals) -> Reals:
    """Return the point (3,) about which a head of this mean mesh turns.

    It is the rig's pivot: about another point, turns would be counted a second time as shifts.
    """
    height = mean[CHIN, 1] - mean[FOREHEAD, 1]
    x = (mean[CHEEK_RIGHT, 0] + mean[CHEEK_LEFT, 0]) / 2
    depth = np.median(mean[list(OVAL), 2]) + 0.35 * height
    return np.array([x, mean[CHIN, 1] + 0.02 * height, depth])


def poses(landmarks: Reals, mean: Reals, pivot: Reals) -> Reals:
    """Return pitch, yaw, roll in degrees, shift x, y of the pivot in pixels, log scale: (n, 6)."""
    meshes = landmarks[:, RIGID].astype(np.float64)
    head = np.broadcast_to(mean[list(RIGID)], meshes.shape)
    scale, rotation, shift = similarities(head, meshes)
    moved = scale[:, None] * (rotation @ pivot) + shift - pivot
    return np.concatenate([euler(rotation), moved[:, :2], np.log(scale)[:, None]], 1)


def euler(rotation: Reals) -> Reals:
    """Return pitch, yaw, roll (n, 3) in degrees of rotations (n, 3, 3); signs as in TRACKS.

    Axes of the mesh: x right, y down, z away from the viewer.
    """
    pitch = np.arctan2(-rotation[:, 1, 2], rotation[:, 2, 2])
    yaw = -np.arcsin(rotation[:, 0, 2].clip(-1, 1))
    roll = np.arctan2(-rotation[:, 0, 1], rotation[:, 0, 0])
    angles: Reals = np.degrees(np.stack([pitch, yaw, roll], 1))
    return angles


def pupil_distance(landmarks: Reals) -> float:
    """Return the median distance between the pupils in pixels."""
    right, left = (landmarks[:, eye.iris[0], :2] for eye in EYES)
    return float(np.median(np.linalg.norm(right - left, axis=1)))


def openness(landmarks: Reals, eye: EyePoints) -> Reals:
    """Return the height of an eye's opening by its width (n,).

    Source: eye aspect ratio, Soukupova and Cech 2016, over the three middle pairs of points.
    """
    right, left = _corners(landmarks, eye)
    pairs = zip(eye.upper[3:6], eye.lower[3:6], strict=True)
    heights = [np.linalg.norm(landmarks[:, u, :2] - landmarks[:, w, :2], axis=1) for u, w in pairs]
    ratio: Reals = np.mean(heights, 0) / np.linalg.norm(left - right, axis=1)
    return ratio


def brow_lift(landmarks: Reals, eye: EyePoints) -> Reals:
    """Return the height of a brow above the eye's corners (n,), by the outer eye distance."""
    right, left = _corners(landmarks, eye)
    brow = landmarks[:, eye.brow[:5], 1].mean(1)
    outer = landmarks[:, EYE_LEFT.upper[-1], :2] - landmarks[:, EYE_RIGHT.upper[0], :2]
    lift: Reals = ((right + left)[:, 1] / 2 - brow) / np.linalg.norm(outer, axis=1)
    return lift


def gaze(landmarks: Reals, eye: EyePoints) -> Reals:
    """Return the iris' offset from the middle of the eye's corners (n, 2), in eye widths."""
    right, left = _corners(landmarks, eye)
    width = np.linalg.norm(left - right, axis=1, keepdims=True)
    across = (left - right) / width
    down = np.stack([-across[:, 1], across[:, 0]], 1)
    offset = (landmarks[:, eye.iris[0], :2] - (right + left) / 2) / width
    return np.stack([(offset * across).sum(1), (offset * down).sum(1)], 1)


def _corners(landmarks: Reals, eye: EyePoints) -> tuple[Reals, Reals]:
    return landmarks[:, eye.upper[0], :2], landmarks[:, eye.upper[-1], :2]
