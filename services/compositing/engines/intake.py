"""Takes in a channel's logo: a picture from outside becomes pixels and nothing else."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from services.chassis.sandbox import ImageLimits, decode_image
from services.chassis.timeline import Bytes

LIMITS: Final = ImageLimits(file_bytes=8 << 20, pixels=16_000_000)
LARGEST_SIDE: Final = 1600
"""A logo is never drawn larger; more would only be read again for every chunk."""


def import_logo(data: bytes, extension: str) -> Bytes:
    """Return a logo's pixels, (h, w, 4) RGBA with straight alpha.

    extension: the file name's ending in lower case. Raises Invalid for what is no still picture.
    """
    picture = decode_image(data, extension, "logo", LIMITS)
    if picture.shape[2] == 3:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), np.uint8)
    return _shrunk(picture)


def _shrunk(picture: Bytes) -> Bytes:
    """Return RGBA no larger than is ever drawn; colours are averaged by how much they show."""
    share = LARGEST_SIDE / max(picture.shape[:2])
    if share >= 1:
        return picture
    height, width = (max(1, round(side * share)) for side in picture.shape[:2])
    alpha = picture[..., 3:].astype(np.float32)
    shown = np.concatenate([picture[..., :3] * (alpha / 255), alpha], axis=2)
    small = np.asarray(cv2.resize(shown, (width, height), interpolation=cv2.INTER_AREA))
    colour = small[..., :3] / np.maximum(small[..., 3:] / 255, 1e-3)
    straight = np.concatenate([colour, small[..., 3:]], axis=2)
    pixels: Bytes = np.clip(np.rint(straight), 0, 255).astype(np.uint8)
    return pixels
