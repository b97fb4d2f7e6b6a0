"""Builds the rig and its texture from a still portrait."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from services.chassis.errors import Invalid
from services.chassis.rig import Rig
from services.chassis.timeline import Bytes, Floats
from services.motion.domain.canvas import choose_square, cut_square
from services.motion.domain.matte import clean_matte, cut_out
from services.motion.domain.rig import measure_rig
from services.motion.engines import faces

VERSION: Final = 1
"""Part of the engine's fingerprint: goes up when the same portrait gives another rig."""

GLANCES: Final = ((1.0, 0, 0), (0.97, 3, 5), (1.03, -4, 2), (0.94, 6, -5), (1.06, -7, -6))
"""Scale and shift in pixels of the views that landmarks are averaged over: one errs by .7."""


def build(picture: Bytes, jaw_percent: int, teeth_percent: int) -> tuple[Rig, Bytes]:
    """Return the rig of a portrait and its texture (n, n, 4), RGBA with straight alpha.

    picture: (h, w, 3) RGB or (h, w, 4) RGBA with straight alpha; alpha that covers everything
    counts as none, and the person is cut out. jaw_percent, teeth_percent: see `RigSettings`; 0:
    measured.
    Raises Invalid where there is no face, or nothing of a person.
    """
    height, width = picture.shape[:2]
    square = choose_square(width, height, _landmarks(on_grey(picture)))
    canvas = cut_square(with_true_alpha(picture), square)
    shown = on_grey(canvas)
    glances = np.stack([_glance(shown, *glance) for glance in GLANCES])
    mesh: Floats = glances.mean(axis=0, dtype=np.float32)
    texture = clean_matte(canvas) if canvas.shape[2] == 4 else cut_out(canvas, faces.matte(shown))
    inside = cut_square(np.full((height, width, 4), 255, np.uint8), square)[..., 3]
    texture[..., 3] = np.minimum(texture[..., 3], inside)
    if texture[..., 3].max() < 128:
        raise Invalid("portrait", "PORTRAIT_NO_PERSON", "nothing of the picture is a person")
    return measure_rig(texture, mesh, jaw_percent, teeth_percent), texture


def with_true_alpha(picture: Bytes) -> Bytes:
    """Return the picture without an alpha channel that separates nothing."""
    if picture.shape[2] == 4 and picture[..., 3].min() > 250:
        return np.ascontiguousarray(picture[..., :3])
    return picture


def on_grey(picture: Bytes) -> Bytes:
    """Return BGR (h, w, 3) of a picture as it looks on a mid grey wall."""
    if picture.shape[2] == 3:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)
    alpha = picture[..., 3:].astype(np.float32) / 255
    mixed = picture[..., 2::-1] * alpha + 128 * (1 - alpha)
    return np.asarray(mixed + 0.5, np.uint8)


def _landmarks(bgr: Bytes) -> Floats:
    found = faces.landmarks(bgr)
    if found is None:
        raise Invalid("portrait", "PORTRAIT_NO_FACE", "use a picture that shows a face from front")
    return found


def _glance(bgr: Bytes, scale: float, right: float, down: float) -> Floats:
    """Return the landmarks as found in the picture after a small change of place and size."""
    matrix = np.array([[scale, 0, right], [0, scale, down]])
    size = bgr.shape[1::-1]
    moved = cv2.warpAffine(bgr, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    mesh = _landmarks(np.asarray(moved, np.uint8)) - np.array([right, down, 0], np.float32)
    return np.asarray(mesh / np.float32(scale), np.float32)
