"""What the patches of texture round eyes and mouth have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from services.chassis.timeline import Bytes, Floats

STEPS_PER_TEXEL: Final = 12
"""Movements are rounded to this fraction of a texel, so that equal pictures are drawn once."""


Number = Floats | np.float32 | float


@dataclass(frozen=True)
class Scale:
    """Canvas pixels to texels and back; pixel centres lie at whole numbers in both."""

    ratio: float
    """Texels per canvas pixel."""

    def at(self, canvas: float) -> float:
        """Return one coordinate in texels."""
        return (canvas + 0.5) * self.ratio - 0.5

    def texels(self, canvas: Floats) -> Floats:
        """Return coordinates in texels."""
        return (canvas + np.float32(0.5)) * np.float32(self.ratio) - np.float32(0.5)

    def canvas(self, texels: Floats) -> Floats:
        """Return coordinates in canvas pixels."""
        return (texels + np.float32(0.5)) / np.float32(self.ratio) - np.float32(0.5)


def smooth_step(start: Number, end: Number, x: Number) -> Floats:
    """Return the cubic step from 0 at `start` to 1 at `end`."""
    t = np.clip((np.asarray(x) - start) / (np.asarray(end) - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def saturate(x: float) -> float:
    """Return x held between 0 and 1."""
    return min(max(x, 0.0), 1.0)


def sample(source: Bytes, map_x: Floats, map_y: Floats) -> Bytes:
    """Return source at the map's points, linearly; beyond its rim the rim goes on."""
    rim = cv2.BORDER_REPLICATE
    return np.asarray(cv2.remap(source, map_x, map_y, cv2.INTER_LINEAR, borderMode=rim), np.uint8)


def coarse_points(length: int, coarse: int) -> Floats:
    """Return the middles of every `coarse` texels, (length / coarse,)."""
    return np.arange((coarse - 1) / 2, length, coarse, dtype=np.float32)


def every(coarse: int) -> slice:
    """Return the texels nearest to the coarse points."""
    return slice(coarse // 2, None, coarse)


def refine(values: Floats, coarse: int) -> Floats:
    """Interpolate displacements (h, w), known at coarse points, to (h, w) * coarse texels."""
    height, width = values.shape
    return np.asarray(cv2.resize(values, (width * coarse, height * coarse)), np.float32)
