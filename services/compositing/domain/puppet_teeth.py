"""Teeth: two arches drawn once for a portrait, as white as its eyes allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from services.chassis.rig import Colours
from services.chassis.timeline import Floats

SUPERSAMPLING: Final = 4
ENAMEL: Final = np.array([0.93, 0.965, 1.0], np.float32)
"""BGR; teeth are yellower than eyes."""


@dataclass(frozen=True)
class Arch:
    """One row of teeth from its middle outwards, in half mouth widths."""

    widths: tuple[float, ...]
    lengths: tuple[float, ...]
    """Shares of `height`."""
    reach: float
    """Half the sprite's width."""
    height: float
    points_up: bool


UPPER: Final = Arch(
    (0.21, 0.165, 0.165, 0.14, 0.12), (1.0, 0.955, 0.98, 0.91, 0.85), 0.82, 0.46, points_up=False
)
LOWER: Final = Arch(
    (0.125, 0.13, 0.14, 0.13, 0.12), (1.0, 1.0, 1.0, 0.93, 0.88), 0.66, 0.30, points_up=True
)


def tooth_colour(colours: Colours, gain: float) -> Floats:
    """Return the lightest tooth's colour, BGR (3,): the eyes' white, within reach of the skin."""
    sclera, skin = colours.sclera[::-1], float(colours.skin.mean())
    wanted = min(max(1.13 * float(sclera.mean()), 0.98 * skin), 1.25 * skin + 45)
    white = np.minimum(sclera * np.float32(wanted / float(sclera.mean())), 248)
    return np.asarray(white * ENAMEL * np.float32(gain), np.float32)


def draw_arch(arch: Arch, white: Floats, half_width: float) -> Floats:
    """Return a row of teeth (h, w, 4): premultiplied BGR of 0 to 255 and alpha of 0 to 1.

    half_width: of the mouth, in texels. The sprite's middle column is the arch's middle.
    """
    fine = half_width * SUPERSAMPLING
    width, height = int(2 * arch.reach * fine), int(arch.height * fine) + 2
    x = np.arange(width, dtype=np.float32) / np.float32(fine) - np.float32(arch.reach)
    y = (np.arange(height, dtype=np.float32) / np.float32(fine))[:, None]
    alpha, shade = _teeth(arch, x, y, fine)
    shade = shade * (1 - 0.10 * np.clip(1 - y / arch.height, 0, 1) ** 2)
    sprite = np.dstack([shade[..., None] * white * alpha[..., None], alpha])
    if arch.points_up:
        sprite = sprite[::-1]
    size = (max(2, round(width / SUPERSAMPLING)), max(2, round(height / SUPERSAMPLING)))
    small = cv2.resize(np.ascontiguousarray(sprite, np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _teeth(arch: Arch, x: Floats, y: Floats, fine: float) -> tuple[Floats, Floats]:
    """Return alpha and shade (h, w) of a row whose teeth hang down, mirrored about its middle."""
    alpha = np.zeros((len(y), len(x)), np.float32)
    shade = np.zeros_like(alpha)
    start = 0.0
    for number, (width, length) in enumerate(zip(arch.widths, arch.lengths, strict=True)):
        across = np.abs(np.abs(x) - (start + width / 2)) / (width / 2)
        inside = (across <= 1)[None]
        edge = length * arch.height * (1 - 0.09 * np.clip(across, 0, 1) ** 5 - 0.015)
        rounded = 1 - 0.05 * across**2 - 0.20 * np.clip((across - 0.86) / 0.14, 0, 1) ** 2
        alpha = np.where(inside, np.clip((edge - y) * fine / 2.5 + 0.5, 0, 1), alpha)
        shade = np.where(inside, rounded * (1 - 0.085 * number), shade)
        start += width
    return alpha * np.clip((start - np.abs(x)) * fine / 6, 0, 1), shade
