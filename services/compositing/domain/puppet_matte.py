"""The presenter's outline as the compositor wants it: premultiplied, faded at cuts, classed."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from services.chassis.rig import Person
from services.chassis.timeline import Bytes, Floats
from services.compositing.domain.puppet_patch import Scale, smooth_step

FADE: Final = 0.115
"""Share of the person's width over which a cut side fades out."""
TOP_FADE: Final = 0.03
"""Share of the person's height; a cut crown is only softened."""

EMPTY: Final = 0
EDGE: Final = 1
SOLID: Final = 2


def fade_cuts(alpha: Floats, person: Person, scale: Scale) -> Floats:
    """Return alpha (t, t) that runs out where the portrait cut the person off at a side.

    The lower side stays: it runs out of the picture.
    """
    across = np.arange(alpha.shape[1], dtype=np.float32)[None]
    down = np.arange(alpha.shape[0], dtype=np.float32)[:, None]
    left, right = scale.at(person.left), scale.at(person.right - 1)
    top, bottom = scale.at(person.top), scale.at(person.bottom - 1)
    reach = np.float32(FADE * (right - left))
    faded = alpha.astype(np.float32)
    # What lies on the rim would go on beyond it when the head moves; below, it shall.
    faded[0] = faded[:, 0] = faded[:, -1] = 0
    if person.cut_left:
        faded *= smooth_step(left, left + reach, across)
    if person.cut_right:
        faded *= smooth_step(0.0, reach, right - across)
    if person.cut_top:
        faded *= smooth_step(top, top + TOP_FADE * (bottom - top), down)
    return np.asarray(faded, np.float32)


def premultiply(texture: Bytes, alpha: Floats) -> Bytes:
    """Return BGRA (t, t, 4), colours times alpha (t, t) of 0 to 1; texture is straight RGBA."""
    layers = np.empty(texture.shape, np.uint8)
    colours = texture[..., 2::-1] * alpha[..., None]
    layers[..., :3] = (colours + np.float32(0.5)).astype(np.uint8)
    layers[..., 3] = (alpha * 255 + np.float32(0.5)).astype(np.uint8)
    return layers


def classify(alpha: Floats, reach: int, cell: int) -> Bytes:
    """Say of each cell of texels whether all within reach is EMPTY, EDGE or SOLID.

    alpha: (t, t), 0 to 1; reach and cell in texels. Returns (t / cell, t / cell).
    """
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    bits = (alpha * 255 + 0.5).astype(np.uint8)
    some = cv2.dilate((bits > 0).astype(np.uint8), kernel, borderType=cv2.BORDER_REPLICATE)
    whole = cv2.erode((bits == 255).astype(np.uint8), kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray((some + whole)[cell // 2 :: cell, cell // 2 :: cell], np.uint8)
