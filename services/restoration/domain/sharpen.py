"""Makes a rig's texture finer than its canvas, once, so that moving it costs no sharpness."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from services.chassis.timeline import Bytes, Floats

SUPERSAMPLING: Final = 1.5
"""Texels per canvas pixel. At 1 sharpness swings by two thirds as the head drifts by parts of a
pixel; at 1.5 by a tenth, for the same cost of drawing."""
LARGEST_TEXTURE: Final = 1920
"""Texels; more than the largest picture shows."""
AMOUNT: Final = 0.22
"""Of the unsharp mask on a face as large as `FULL_FACE`."""
FULL_FACE: Final = 700.0
"""Texels from hairline to chin; smaller faces are already edged by their own picture's scaling."""
SIGMA: Final = 1.0
"""Texels."""


def restore_texture(texture: Bytes, canvas_pixels: int, face_height: float, noise: float) -> Bytes:
    """Return a texture super-sampled and sharpened; grain keeps its strength.

    texture: (t, t, 4) RGBA, straight alpha, colours that go on beyond the matte (so that the edge
    gets no halo). face_height in canvas pixels; noise: standard deviation of the grain, 0 to 255.
    Returns (s, s, 4).
    """
    side = min(round(SUPERSAMPLING * canvas_pixels), LARGEST_TEXTURE)
    fine = _resampled(texture, side)
    face = face_height * side / canvas_pixels
    colours = _sharpened(fine[..., :3].astype(np.float32), AMOUNT * min(face / FULL_FACE, 1), noise)
    alpha = fine[..., 3:]
    return np.dstack([np.clip(colours + 0.5, 0, 255).astype(np.uint8), alpha])


def _resampled(texture: Bytes, side: int) -> Bytes:
    if side <= texture.shape[0]:
        return texture
    return np.asarray(cv2.resize(texture, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def _sharpened(colours: Floats, amount: float, noise: float) -> Floats:
    """Add what a blur takes away, but for what is no stronger than the grain."""
    detail = colours - cv2.GaussianBlur(colours, (0, 0), SIGMA)
    least = np.float32(max(1.5 * noise, 0.5))
    sure = 1 - np.exp(-((detail / least) ** 2))
    return np.asarray(colours + np.float32(amount) * detail * sure, np.float32)
