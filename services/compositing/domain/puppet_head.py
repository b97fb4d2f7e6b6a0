"""The head in space: where each point of the canvas shows which point of the portrait."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from services.chassis.rig import GRID, Rig
from services.chassis.timeline import Floats

PITCH_LIMIT: Final = 11.0
YAW_LIMIT: Final = 16.0
"""Degrees that motion never exceeds: further round, the far cheek stretches."""
ROLL_LIMIT: Final = 12.0
SHIFT_LIMIT: Final = 0.25
"""Distances between the pupils that the neck never exceeds."""
SCALE_LIMIT: Final = 0.08
BREATH_LIMIT: Final = 0.01
"""Face heights that the shoulders never rise further."""
INVERSION_STEPS: Final = 4
"""Leave an error of .1 pixels in a strong pose, of .2 with the head turned as far as it goes."""


class HeadModel:
    """A rig's relief, ready to be turned; the arrays that never change are made once."""

    def __init__(self, rig: Rig) -> None:
        along = np.linspace(0, rig.canvas_pixels - 1, GRID, dtype=np.float32)
        self._x, self._y = np.meshgrid(along, along)
        self._across = self._x - rig.pivot[0]
        self._down = self._y - rig.pivot[1]
        self._out = rig.depth - rig.pivot[2]
        self._rig = rig
        below = np.clip((self._y - rig.mouth.chin_y) / (0.8 * rig.face_height), 0, 1)
        self._chest = below * below * (3 - 2 * below) * np.float32(rig.face_height)
        self._nodes_per_pixel = np.float32((GRID - 1) / (rig.canvas_pixels - 1))

    def displacement(self, pose: Floats, breath: float) -> Floats:
        """Return how far each node moves, (GRID, GRID, 2) in canvas pixels.

        pose: pitch, yaw, roll in degrees, shift_x, shift_y, log_scale, as in `TRACKS`; limits bend
        it smoothly. breath: lift of the shoulders in face heights. Weak perspective.
        """
        rig = self._rig
        x, y, nearer = self._turned(pose)
        size = math.exp(_limited(float(pose[5]), SCALE_LIMIT))
        zoom = np.float32(rig.focal * size) / (np.float32(rig.focal) - nearer)
        shift_x, shift_y = (
            np.float32(_limited(float(v), SHIFT_LIMIT) * rig.pupil_distance) for v in pose[3:5]
        )
        moved = np.empty((GRID, GRID, 2), np.float32)
        moved[..., 0] = (x * zoom + shift_x - self._across) * rig.head_weight
        moved[..., 1] = (y * zoom + shift_y - self._down) * rig.head_weight
        moved[..., 1] -= np.float32(_limited(breath, BREATH_LIMIT)) * self._chest
        return moved

    def backward_shift(self, pose: Floats, breath: float) -> Floats:
        """Return how far from each node lies the portrait's point seen there, (GRID, GRID, 2).

        In canvas pixels. Fixed point of b = y - u(b) for the displacement u: no triangles,
        nothing tears.
        """
        moved = self.displacement(pose, breath)
        u = moved
        for _ in range(INVERSION_STEPS):
            at_x = (self._x - u[..., 0]) * self._nodes_per_pixel
            at_y = (self._y - u[..., 1]) * self._nodes_per_pixel
            found = cv2.remap(moved, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            u = np.asarray(found, np.float32)
        return -u

    def _turned(self, pose: Floats) -> tuple[Floats, Floats, Floats]:
        """Turn the relief about the neck: x, y and how much nearer each node has come."""
        pitch = math.radians(_limited(float(pose[0]), PITCH_LIMIT))
        yaw = math.radians(_limited(float(pose[1]), YAW_LIMIT))
        roll = math.radians(_limited(float(pose[2]), ROLL_LIMIT))
        cos, sin = np.float32(math.cos(yaw)), np.float32(math.sin(yaw))
        x = cos * self._across + sin * self._out
        z = cos * self._out - sin * self._across
        cos, sin = np.float32(math.cos(pitch)), np.float32(math.sin(pitch))
        y, z = cos * self._down + sin * z, cos * z - sin * self._down
        cos, sin = np.float32(math.cos(roll)), np.float32(math.sin(roll))
        return cos * x - sin * y, sin * x + cos * y, z - self._out


def _limited(value: float, limit: float) -> float:
    """Bend a value smoothly so that it never exceeds the limit."""
    return limit * math.tanh(value / limit)
