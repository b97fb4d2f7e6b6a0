"""What an open mouth shows: cavity, tongue and teeth, painted between the lips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from services.chassis.rig import Rig
from services.chassis.timeline import Bytes, Floats
from services.compositing.domain.puppet_lips import LipLines, Lips, MouthShape
from services.compositing.domain.puppet_patch import saturate
from services.compositing.domain.puppet_teeth import LOWER, UPPER, draw_arch, tooth_colour

LEAST_GAP: Final = 0.35
"""Texels under which lips count as touching."""
GRAIN_SEED: Final = 1


@dataclass(frozen=True)
class Opening:
    """The part of a patch that lies between the lips."""

    rows: slice
    columns: slice
    across: Floats
    """Place in the mouth (C,), -1 to 1."""
    x: Floats
    """Columns (C,), texels from the patch's corner."""
    from_upper: Floats
    """Distance below the upper lip (R, C), texels."""
    from_lower: Floats
    """Distance above the lower lip (R, C)."""
    above_floor: Floats
    """Distance above the lowest point of the lower lip (R, 1)."""
    down: Floats
    """0 at the upper lip, 1 at the lower (R, C)."""
    cover: Floats
    """How much of each texel is opening (R, C), 0 to 1."""
    tallest: float
    """Greatest distance between the lips, in half mouth widths."""


class Interior:
    """Paints the inside of one portrait's mouth; colours are BGR of 0 to 255."""

    def __init__(self, rig: Rig, lips: Lips, size: tuple[int, int]) -> None:
        """Draw the teeth of a rig. size: height and width of the patch in texels."""
        self._half = lips.half_width
        self._centre = lips.centre
        self._teeth_line = lips.seam_middle
        lip = rig.colours.lip[::-1].astype(np.float32)
        self._dark = lip * _bgr(0.16, 0.15, 0.26) + _bgr(5, 4, 9)
        self._deep = lip * _bgr(0.42, 0.42, 0.55) - self._dark
        self._tongue = lip * _bgr(0.74, 0.70, 0.86)
        white = tooth_colour(rig.colours, rig.teeth_gain)
        self._upper = draw_arch(UPPER, white, self._half)
        self._lower = draw_arch(LOWER, white, self._half)
        field = np.random.default_rng(GRAIN_SEED).normal(size=size).astype(np.float32)
        soft = np.asarray(cv2.GaussianBlur(field, (0, 0), 0.6), np.float32)
        self._grain = soft * np.float32(rig.noise / float(soft.std()))

    def paint(self, patch: Bytes, lines: LipLines, shape: MouthShape, stretch: float) -> None:
        """Paint the inside into a patch (h, w, 4) BGRA whose lips are in place."""
        opening = find_opening(lines, patch.shape[0], self._half)
        if opening is None:
            return
        picture = self._cavity(opening)
        self._put_tongue(picture, opening, shape, stretch)
        self._put_teeth(picture, opening, lines, shape, stretch)
        self._put_tip(picture, opening, shape)
        shadow = np.exp(
            np.minimum(opening.from_upper, opening.from_lower).clip(0)
            * np.float32(-1 / (0.030 * self._half))
        )
        picture *= (1 - np.float32(0.45) * shadow)[..., None]
        picture += self._grain[opening.rows, opening.columns, None]
        around = patch[opening.rows, opening.columns, :3]
        mixed = around + (picture - around) * opening.cover[..., None]
        around[:] = np.clip(mixed + np.float32(0.5), 0, 255)

    def _cavity(self, opening: Opening) -> Floats:
        depth = np.float32(1.22) * np.clip(opening.down - np.float32(0.55), 0, 1)
        return np.asarray(self._dark + self._deep * depth[..., None], np.float32)

    def _put_tongue(
        self, picture: Floats, opening: Opening, shape: MouthShape, stretch: float
    ) -> None:
        """Lay the tongue, an ellipse that rides the lower jaw, into the cavity."""
        shown = saturate((opening.tallest - 0.10) / 0.12)
        if shown <= 0:
            return
        lift = (0.02 + 0.30 * shape.tongue) * min(opening.tallest, 0.5) - 0.10
        height = (0.16 + 0.22 * shape.tongue) * self._half
        body = self._ellipse(opening, 0.60 * stretch, -lift * self._half, height)
        alpha = np.clip(body * np.float32(3.2), 0, 1) * np.float32(shown)
        light = np.float32(0.62) + np.float32(0.38) * np.clip(body, 0, 1)
        light = light * np.clip(np.float32(0.35) + np.float32(0.9) * opening.down, 0, 1)
        picture += (self._tongue * light[..., None] - picture) * alpha[..., None]

    def _put_tip(self, picture: Floats, opening: Opening, shape: MouthShape) -> None:
        """Lay the tongue's tip before the upper teeth, as for "th" and "l"."""
        shown = saturate((shape.tongue - 0.5) / 0.4) * saturate((opening.tallest - 0.03) / 0.06)
        if shown <= 0:
            return
        gap = opening.tallest * self._half
        tip = self._ellipse(opening, 0.44, 0.12 * gap, 0.72 * gap)
        alpha = np.clip(tip * np.float32(2.2), 0, 1) * np.float32(shown)
        light = np.float32(0.70) + np.float32(0.42) * np.clip(tip, 0, 1)
        picture += (self._tongue * light[..., None] - picture) * alpha[..., None]

    def _ellipse(self, opening: Opening, wide: float, below: float, tall: float) -> Floats:
        """Return 1 in the middle of an ellipse and 0 on its rim; `below` the lip's lowest point."""
        rows = (opening.above_floor + np.float32(below)) / np.float32(tall)
        return np.asarray(1 - (opening.across / np.float32(wide)) ** 2 - rows**2, np.float32)

    def _put_teeth(
        self,
        picture: Floats,
        opening: Opening,
        lines: LipLines,
        shape: MouthShape,
        stretch: float,
    ) -> None:
        """Put the lower teeth, which ride the jaw, then the upper ones, which the skull holds."""
        wide = max(0.0, shape.width)
        middle_lower = float(np.interp(self._centre, np.arange(len(lines.lower)), lines.lower))
        shown = 0.72 * saturate((opening.tallest - 0.16) / 0.14) * (1 - 0.85 * shape.round)
        if shown > 0.01:
            top = middle_lower - (0.105 + 0.10 * wide) * self._half
            light = np.float32(0.62) * np.clip(0.30 + np.float32(0.75) * opening.down, 0, 1)
            self._put(picture, opening, _Row(self._lower, top, shown, light), stretch)
        bottom = self._teeth_line + (0.15 + 0.22 * wide - 0.04 * shape.round) * self._half
        near_lip = np.clip(opening.from_upper * np.float32(1 / (0.115 * self._half)), 0, 1)
        near_lip *= np.float32(1.25) - np.float32(0.25) * near_lip
        light = np.float32(0.62) + np.float32(0.38) * near_lip
        aside = np.clip(1 - np.float32(0.55) * np.abs(opening.across) ** np.float32(2.5), 0.25, 1)
        light = light * aside * np.float32(min(0.62 + opening.tallest / 0.40, 1.0))
        top = bottom - self._upper.shape[0]
        self._put(picture, opening, _Row(self._upper, top, 1 - 0.55 * shape.round, light), stretch)

    def _put(self, picture: Floats, opening: Opening, row: _Row, stretch: float) -> None:
        narrow = 1 / max(0.86, min(1.06, stretch))
        height, width = opening.cover.shape
        left = (float(opening.x[0]) - self._centre) * narrow + row.sprite.shape[1] / 2
        matrix = np.array([[narrow, 0, left], [0, 1, opening.rows.start - row.top]])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        teeth = cv2.warpAffine(row.sprite, matrix, (width, height), flags=how)
        picture *= 1 - teeth[..., 3:] * np.float32(row.alpha)
        picture += teeth[..., :3] * (row.light * np.float32(row.alpha))[..., None]


@dataclass(frozen=True)
class _Row:
    """A row of teeth, where it stands and how it is lit."""

    sprite: Floats
    top: float
    """Row of the sprite's upper edge, texels from the patch's corner."""
    alpha: float
    light: Floats
    """(R, C)."""


def _bgr(blue: float, green: float, red: float) -> Floats:
    return np.array([blue, green, red], np.float32)


def find_opening(lines: LipLines, height: int, half_width: float) -> Opening | None:
    """Return where the lips are apart in a patch of that height, or None where they touch.

    The edge of the cover is one texel wide across the lip line, however steep the line is.
    """
    gap = lines.lower - lines.upper
    tallest = float(gap.max())
    if tallest <= LEAST_GAP:
        return None
    apart = np.flatnonzero(gap > 0.05)
    columns = slice(max(0, int(apart[0]) - 2), min(len(gap), int(apart[-1]) + 3))
    first = max(0, int(lines.upper[columns].min()) - 2)
    last = min(height, int(lines.lower[columns].max()) + 3)
    y = np.arange(first, last, dtype=np.float32)[:, None]
    upper, lower, gap = lines.upper[columns], lines.lower[columns], gap[columns]
    below, above = y - upper, lower - y
    steep_upper, steep_lower = (
        np.float32(1.15) * np.sqrt(1 + np.gradient(line) ** 2) for line in (upper, lower)
    )
    cover = np.clip(below / steep_upper + np.float32(0.5), 0, 1)
    cover = cover * np.clip(above / steep_lower + np.float32(0.5), 0, 1)
    cover *= np.clip(gap / np.float32(1.2), 0, 1)
    return Opening(
        rows=slice(first, last),
        columns=columns,
        across=lines.across[columns],
        x=np.arange(columns.start, columns.stop, dtype=np.float32),
        from_upper=below,
        from_lower=above,
        above_floor=lower.max() - y,
        down=np.clip(below / (gap + np.float32(1e-3)), 0, 1),
        cover=cover.astype(np.float32),
        tallest=tallest / half_width,
    )
