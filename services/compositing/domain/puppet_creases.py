"""Shadows that speech throws on skin: folds beside a wide mouth, the hollow under a round one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from services.chassis.rig import Rig
from services.chassis.timeline import Bytes, Floats
from services.compositing.domain.box import Box
from services.compositing.domain.puppet_lips import LipLines, Lips, MouthShape
from services.compositing.domain.puppet_patch import Scale

FOLDS: Final = ((129, 203, 206, 216, 212), (358, 423, 426, 436, 432))
"""Mesh points from the wing of the nose past the corner of the mouth, on each side."""
FOLD_DEPTH: Final = 0.65
"""Share of light taken from a fold's middle per unit of the mouth's width."""
DEEPEST_FOLD: Final = 0.09
SHADE: Final = np.array([1.0, 0.95, 0.62], np.float32)
"""BGR: what lies in a fold is lit through skin, and reddens."""
HOLLOW_DEPTH: Final = 0.13
"""Share of light taken under the lower lip of a fully rounded mouth."""


@dataclass(frozen=True)
class Fold:
    """One fold's place in the patch and how deep each texel lies in it."""

    rows: slice
    columns: slice
    weight: Floats
    """(R, C, 3), 0 to 1, BGR."""


class Creases:
    """Darkens a patch where speech folds the skin."""

    def __init__(self, rig: Rig, lips: Lips, scale: Scale, box: Box) -> None:
        corner = np.array([box.left, box.top], np.float32)
        self._half = lips.half_width
        self._folds = [
            _fold(scale.texels(rig.landmarks[list(points), :2]) - corner, self._half, box)
            for points in FOLDS
        ]

    def draw(self, patch: Bytes, lines: LipLines, shape: MouthShape) -> None:
        """Darken folds and hollow of a patch (h, w, 4) BGRA in place."""
        depth = min(FOLD_DEPTH * max(0.0, shape.width), DEEPEST_FOLD)
        if depth > 0.005:
            for fold in self._folds:
                skin = patch[fold.rows, fold.columns, :3]
                skin[:] = skin * (1 - np.float32(depth) * fold.weight) + np.float32(0.5)
        if shape.round > 0.05:
            self._hollow(patch, lines, HOLLOW_DEPTH * shape.round)

    def _hollow(self, patch: Bytes, lines: LipLines, depth: float) -> None:
        inside = np.flatnonzero(np.abs(lines.across) < 0.8)
        columns = slice(int(inside[0]), int(inside[-1]) + 1)
        deepest = lines.lip_bottom[columns] + np.float32(0.16 * self._half)
        first = int(deepest.min() - 0.3 * self._half)
        last = min(int(deepest.max() + 0.3 * self._half), patch.shape[0])
        y = np.arange(first, last, dtype=np.float32)[:, None]
        weight = np.exp(-(((y - deepest) / np.float32(0.12 * self._half)) ** 2))
        weight *= np.clip(1 - (lines.across[columns] / np.float32(0.8)) ** 2, 0, 1)
        skin = patch[first:last, columns, :3]
        skin[:] = skin * (1 - np.float32(depth) * weight)[..., None] + np.float32(0.5)


def _fold(points: Floats, half: float, box: Box) -> Fold:
    """Weigh texels by their distance from a line through points (P, 2), tapering at its ends."""
    margin = 0.4 * half
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    x0, y0 = (max(0, int(v)) for v in low)
    x1, y1 = min(box.width, int(high[0])), min(box.height, int(high[1]))
    x, y = np.meshgrid(np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32))
    nearest = np.full(x.shape, np.inf, np.float32)
    along = np.zeros(x.shape, np.float32)
    for number, (start, end) in enumerate(pairwise(points)):
        way = end - start
        part = ((x - start[0]) * way[0] + (y - start[1]) * way[1]) / float(way @ way)
        part = np.clip(part, 0, 1)
        away = np.hypot(x - start[0] - part * way[0], y - start[1] - part * way[1])
        along = np.where(away < nearest, (number + part) / (len(points) - 1), along)
        nearest = np.minimum(nearest, away)
    weight = np.exp(-((nearest / np.float32(0.20 * half)) ** 2)) * np.sin(np.pi * along)
    return Fold(slice(y0, y1), slice(x0, x1), np.asarray(weight[..., None] * SHADE, np.float32))
