"""Draws a presenter who moves: a texture edited in place, and views that lay it into pictures."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from services.chassis.rig import Rig
from services.chassis.timeline import Bytes, Floats
from services.compositing.domain import puppet_matte
from services.compositing.domain.box import Box
from services.compositing.domain.puppet_eyes import EyePatch, EyeShape
from services.compositing.domain.puppet_head import HeadModel
from services.compositing.domain.puppet_mouth import Key, MouthPatch
from services.compositing.domain.puppet_patch import Scale

VERSION: Final = 1
"""Part of the fingerprint: goes up when the same pose gives other pixels."""

SUPERSAMPLING: Final = 1.5
"""Texels per picture pixel worth drawing with: fewer blur and shimmer, more cost time."""


class Puppet:
    """One presenter, posed once per frame for all formats. Not for several threads at once."""

    def __init__(self, rig: Rig, texture: Bytes, largest_scale: float = 0.0) -> None:
        """Make a rig and its texture ready to draw.

        texture: (t, t, 4) RGBA, straight alpha, t at least the rig's canvas. largest_scale: of the
        placements it will be drawn with; a texture finer than they need is shrunk. 0: kept as is.
        """
        texture = _shrunk(texture, rig.canvas_pixels, largest_scale)
        self.rig = rig
        self.scale = Scale(texture.shape[0] / rig.canvas_pixels)
        alpha = texture[..., 3].astype(np.float32) / np.float32(255)
        self.alpha = puppet_matte.fade_cuts(alpha, rig.person, self.scale)
        self.layers = puppet_matte.premultiply(texture, self.alpha)
        self.shift: Floats = np.zeros((1, 1, 2), np.float32)
        self.head = HeadModel(rig)
        self._eye_shapes: list[EyeShape | None] = [None, None]
        self._mouth_key: Key | None = None
        self._bind()
        self.pose(np.zeros(12, np.float32), np.zeros(7, np.float32), 0.0)

    def pose(self, motion: Floats, mouth: Floats, breath: float) -> None:
        """Take a pose; every view then paints it.

        motion: (12,) as in `TRACKS`; mouth: (7,) as in `MOUTH`; breath: lift of the shoulders in
        face heights, about .0016 at most. What is drawn depends on these alone, not on earlier
        poses.
        """
        for number, patch in enumerate(self._eyes):
            shape = patch.shape(*(float(motion[k]) for k in (6 + number, 8 + number, 10, 11)))
            if shape != self._eye_shapes[number]:
                self._eye_shapes[number] = shape
                self._write(patch.box, patch.draw(shape))
        key = self._mouth.key(mouth)
        if key != self._mouth_key:
            self._mouth_key = key
            self._write(self._mouth.box, self._mouth.draw(key))
        self.shift = self.head.backward_shift(motion[:6], breath)

    def _bind(self) -> None:
        """Cut the patches that move out of the texture."""
        rig = self.rig
        between = (rig.eye_right.iris_x + rig.eye_left.iris_x) / 2
        pair = (rig.eye_right, rig.eye_left)
        self._eyes = [EyePatch(eye, self.layers, self.scale, between) for eye in pair]
        self._mouth = MouthPatch(rig, self.layers, self.scale)

    def _write(self, box: Box, patch: Bytes) -> None:
        self.layers[box.top : box.bottom, box.left : box.right] = patch


def _shrunk(texture: Bytes, canvas_pixels: int, largest_scale: float) -> Bytes:
    """Return the texture no finer than its largest view can show."""
    wanted = math.ceil(SUPERSAMPLING * largest_scale * canvas_pixels)
    if not largest_scale or wanted > 0.95 * texture.shape[0]:
        return texture
    size = (max(wanted, 2), max(wanted, 2))
    return np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.uint8)
