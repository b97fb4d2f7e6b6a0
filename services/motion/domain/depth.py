"""The relief of the face and how far each part of the picture follows the head."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from services.chassis.rig import GRID
from services.chassis.timeline import Floats
from services.motion.domain import mesh
from services.motion.domain.curves import smooth_step

RINGS: Final = ((1.30, -0.05), (1.7, -0.16), (2.6, -0.22))
"""Ovals round the face that carry the relief on: size, depth behind the outline in face heights."""
SMOOTHING: Final = 0.004
"""Of the interpolation, in face heights."""
SHOULDERS: Final = 0.10
"""How much of the head's motion the shoulders follow."""


def face_height(landmarks: Floats) -> float:
    """Return the distance from hairline to chin of a mesh (478, 3)."""
    return float(landmarks[mesh.CHIN, 1] - landmarks[mesh.FOREHEAD, 1])


def relief(landmarks: Floats, canvas_pixels: int) -> Floats:
    """Return the height towards the viewer on the grid (GRID, GRID), in pixels.

    A linear radial basis through every second landmark and three rings round the face.
    """
    height = face_height(landmarks)
    points, depths = _support(landmarks, height)
    x, y = grid(canvas_pixels)
    nodes = np.stack([x.ravel(), y.ravel()], axis=1) / height
    surface = _interpolate(points / height, depths / height, nodes) * height
    smooth = cv2.GaussianBlur(surface.reshape(GRID, GRID), (0, 0), 1.2)
    # Rounded: the last bits of a linear solve depend on how many threads the machine lends it.
    return np.asarray(np.round(smooth * 64) / 64, np.float32)


def head_weight(landmarks: Floats, canvas_pixels: int) -> Floats:
    """Return how much of the head's motion each node follows (GRID, GRID): 1, below the jaw less.

    The jaw line rises towards the ears; from there to the collar the weight falls smoothly.
    """
    height = face_height(landmarks)
    x, y = grid(canvas_pixels)
    aside = np.abs(x - middle_x(landmarks)) / height
    jaw = landmarks[mesh.CHIN, 1] - 0.10 * height * np.clip(aside / 0.45, 0, 1.5) ** 2
    follow = 1 - smooth_step(0.02, 0.62, (y - jaw) / height)
    return np.asarray(follow * (1 - SHOULDERS) + SHOULDERS, np.float32)


def neck_pivot(landmarks: Floats) -> Floats:
    """Return the point the head turns about (3,): under the chin, behind the face's outline."""
    height = face_height(landmarks)
    outline = -float(np.median(landmarks[list(mesh.OVAL), 2]))
    chin = float(landmarks[mesh.CHIN, 1])
    behind = outline - 0.35 * height
    return np.array([middle_x(landmarks), chin + 0.02 * height, behind], np.float32)


def middle_x(landmarks: Floats) -> float:
    """Return where the middle between the cheeks lies."""
    return float(landmarks[mesh.CHEEK_RIGHT, 0] + landmarks[mesh.CHEEK_LEFT, 0]) / 2


def grid(canvas_pixels: int) -> tuple[Floats, Floats]:
    """Return x and y of the grid's nodes, (GRID, GRID) each, in pixels."""
    along = np.linspace(0, canvas_pixels - 1, GRID, dtype=np.float32)
    x, y = np.meshgrid(along, along)
    return x, y


def _support(landmarks: Floats, height: float) -> tuple[Floats, Floats]:
    oval = landmarks[list(mesh.OVAL)]
    middle_y = float(landmarks[mesh.FOREHEAD, 1] + landmarks[mesh.CHIN, 1]) / 2
    centre = np.array([middle_x(landmarks), middle_y], np.float32)
    outline = -float(np.median(oval[:, 2]))
    points, depths = [landmarks[:468:2, :2]], [-landmarks[:468:2, 2]]
    for size, behind in RINGS:
        points.append(centre + (oval[:, :2] - centre) * np.float32(size))
        depths.append(np.full(len(oval), outline + behind * height, np.float32))
    return np.concatenate(points), np.concatenate(depths)


def _interpolate(points: Floats, values: Floats, at: Floats) -> Floats:
    """Fit the basis -r plus a constant through points (P, 2), and return it at (Q, 2)."""
    count = len(points)
    system = np.zeros((count + 1, count + 1))
    system[:count, :count] = -_distances(points, points) + SMOOTHING * np.eye(count)
    system[count, :count] = system[:count, count] = 1
    weights = np.linalg.solve(system, np.append(values, 0).astype(np.float64))
    return np.asarray(-_distances(at, points) @ weights[:count] + weights[count], np.float32)


def _distances(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.hypot(*(a[:, None, k] - b[None, :, k] for k in (0, 1))))
