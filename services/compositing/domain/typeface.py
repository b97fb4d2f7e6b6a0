"""Typefaces: what one weight of a family covers, how wide its letters are, and how they look."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from PIL import ImageDraw, ImageFont

from services.compositing.domain.kerning import Kerning

UNITS: Final = 1000
"""Size in pixels at which letters are measured."""
Reach = tuple[float, float, float, float]
"""Left, bottom, right, top of a drawn letter from its pen point; y up."""


class Typeface:
    """One weight of one family, from the bytes of an OpenType font. Measures are ems.

    Letters are set one by one, with the font's own kerning: text looks the same whether or not a
    shaping library is installed.
    """

    def __init__(self, data: bytes, axes: Mapping[str, float] | None = None) -> None:
        self._data = data
        self._axes = axes
        self._pens: dict[float, ImageFont.FreeTypeFont] = {}
        self._advances: dict[str, float] = {}
        self._reaches: dict[str, Reach] = {}

    def lacks(self, text: str) -> str:
        """Return the characters that it has no glyph for."""
        return "".join(character for character in text if ord(character) not in self._coverage)

    @cached_property
    def kerning(self) -> Kerning:
        """Return what is added between two characters."""
        return Kerning(TTFont(io.BytesIO(self._data), lazy=True))

    def advance(self, cluster: str) -> float:
        """Return the width of a letter with its marks."""
        if cluster not in self._advances:
            self._advances[cluster] = self._pen(UNITS).getlength(cluster) / UNITS
        return self._advances[cluster]

    def reach(self, cluster: str) -> Reach:
        """Return how far a letter with its marks is drawn."""
        if cluster not in self._reaches:
            left, top, right, bottom = self._pen(UNITS).getbbox(cluster, anchor="ls")
            self._reaches[cluster] = left / UNITS, -bottom / UNITS, right / UNITS, -top / UNITS
        return self._reaches[cluster]

    @cached_property
    def cap_height(self) -> float:
        """Return the height of a capital."""
        return self.reach("H")[3]

    def draw(
        self, canvas: ImageDraw.ImageDraw, x: float, baseline: float, cluster: str, size: float
    ) -> None:
        """Draw a letter in white; pixels."""
        canvas.text((x, baseline), cluster, fill=255, font=self._pen(size), anchor="ls")

    @cached_property
    def _coverage(self) -> frozenset[int]:
        return frozenset(TTFont(io.BytesIO(self._data), lazy=True).getBestCmap())

    def _pen(self, size: float) -> ImageFont.FreeTypeFont:
        if size not in self._pens:
            basic = ImageFont.Layout.BASIC
            pen = ImageFont.truetype(io.BytesIO(self._data), size, layout_engine=basic)
            if self._axes is not None:
                order = [axis["name"].decode() for axis in pen.get_variation_axes()]
                pen.set_variation_by_axes([self._axes[name] for name in order])
            self._pens[size] = pen
        return self._pens[size]
