"""What a face's skin says about the picture: its colour and its grain."""

from __future__ import annotations

import cv2
import numpy as np

from services.chassis.timeline import Bytes, Floats
from services.motion.domain import mesh
from services.motion.domain.depth import face_height


def skin_colour(rgb: Bytes, landmarks: Floats) -> Floats:
    """Return the median colour of the cheek, RGB (3,)."""
    patch = _cheek(rgb, landmarks, 0.012)
    return np.asarray(np.median(patch.reshape(-1, 3), axis=0), np.float32)


def grain(rgb: Bytes, landmarks: Floats) -> float:
    """Return the standard deviation of the picture's noise, 0 to 255.

    1.48 times the median absolute deviation of what a blur takes off the cheek: lines do not count.
    """
    gray = cv2.cvtColor(_cheek(rgb, landmarks, 0.06), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = gray - cv2.GaussianBlur(gray, (0, 0), 1.2)
    return float(1.4826 * np.median(np.abs(fine - np.median(fine))))


def _cheek(rgb: Bytes, landmarks: Floats, size: float) -> Bytes:
    """Return a square of cheek; size: half its side, in face heights."""
    x, y = (int(v) for v in landmarks[mesh.CHEEK_PATCH, :2])
    reach = max(3, int(size * face_height(landmarks)))
    return rgb[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
