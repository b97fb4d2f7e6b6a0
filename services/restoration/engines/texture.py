"""The draft tier's restoration: arithmetic on the texture, no network."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from services.chassis.rig import Rig
from services.chassis.timeline import Bytes
from services.restoration.domain.sharpen import restore_texture

VERSION: Final = 1
"""Part of the fingerprint: goes up when the same texture gives other pixels."""


class TextureEngine:
    """Super-samples and sharpens; the same texture gives the same pixels."""

    name = "texture"
    fingerprint = f"texture {VERSION}; opencv {cv2.__version__}; numpy {np.__version__}"

    def restore(self, rig: Rig, texture: Bytes) -> Bytes:
        """Return the texture (s, s, 4), RGBA with straight alpha, finer than the rig's canvas."""
        return restore_texture(texture, rig.canvas_pixels, rig.face_height, rig.noise)
