"""Marks: what a laid-out picture is made of, and how each is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.compositing.domain import icons, raster
from services.compositing.domain.brand import Theme
from services.compositing.domain.colour import Colour
from services.compositing.domain.raster import Layer
from services.compositing.domain.template import Icon
from services.compositing.domain.typesetting import Style, Typesetter

Ink = Callable[[Theme], Colour]
"""Picks a mark's colour from the theme."""


@dataclass(frozen=True)
class Words:
    """A line of text."""

    text: str
    style: Style
    x: float
    """Where its first letter's ink begins."""
    baseline: float
    typesetter: Typesetter
    ink: Ink

    def moved(self, x: float, y: float) -> Words:
        """Return it elsewhere."""
        return replace(self, x=self.x + x, baseline=self.baseline + y)

    def layers(self, theme: Theme, scale: float) -> Sequence[Layer]:
        """Return it drawn in a picture of that scale."""
        style = self.style.sized(self.style.size * scale)
        start = self.x * scale - self.typesetter.ink(self.text, style).left
        mask, left, top = self.typesetter.draw(self.text, style, start, self.baseline * scale)
        return [raster.wash(mask, left, top, self.ink(theme))]


@dataclass(frozen=True)
class IconMark:
    """An icon."""

    icon: Icon
    x: float
    y: float
    size: float
    ink: Ink

    def moved(self, x: float, y: float) -> IconMark:
        """Return it elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)

    def layers(self, theme: Theme, scale: float) -> Sequence[Layer]:
        """Return it drawn in a picture of that scale."""
        mask = icons.draw(self.icon, self.size * scale)
        return [raster.wash(mask, round(self.x * scale), round(self.y * scale), self.ink(theme))]


@dataclass(frozen=True)
class Slab:
    """A box of one translucent colour, perhaps rounded, perhaps with an edge."""

    x: float
    y: float
    width: float
    height: float
    ink: Ink
    opacity: float = 1.0
    radius: float = 0.0
    edge: float = 0.0
    """Width of an edge inside its sides."""
    edge_opacity: float = 0.0

    def moved(self, x: float, y: float) -> Slab:
        """Return it elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)

    def layers(self, theme: Theme, scale: float) -> Sequence[Layer]:
        """Return it drawn in a picture of that scale, on whole pixels."""
        left, top = round(self.x * scale), round(self.y * scale)
        right = max(left + 1, round((self.x + self.width) * scale))
        bottom = max(top + 1, round((self.y + self.height) * scale))
        radius = self.radius * scale
        corners = raster.rounded(left, top, right, bottom, radius)
        mask, x, y = raster.polygon(corners)
        if not self.edge:
            return [raster.wash(mask, x, y, self.ink(theme), self.opacity)]
        pen = max(1, round(self.edge * scale))
        hole, _, _ = raster.polygon(
            raster.rounded(left + pen, top + pen, right - pen, bottom - pen, max(0, radius - pen))
        )
        inner = np.pad(hole, pen)
        ink = self.ink(theme)
        return [
            raster.wash(inner, x, y, ink, self.opacity),
            raster.wash(mask - inner, x, y, ink, self.edge_opacity),
        ]


@dataclass(frozen=True)
class Diamond:
    """A small square on its corner: bullets, and what parts the ticker's items."""

    x: float
    """Left corner."""
    y: float
    """Middle."""
    size: float
    """Side of the square."""
    ink: Ink

    def moved(self, x: float, y: float) -> Diamond:
        """Return it elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)

    def layers(self, theme: Theme, scale: float) -> Sequence[Layer]:
        """Return it drawn in a picture of that scale."""
        half = self.size * scale / 2**0.5
        x, y = round(self.x * scale + half), round(self.y * scale)
        mask, left, top = raster.polygon(
            [(x - half, y), (x, y - half), (x + half, y), (x, y + half)]
        )
        return [raster.wash(mask, left, top, self.ink(theme))]

    @property
    def width(self) -> float:
        """Return how far it reaches from its left corner."""
        return self.size * 2**0.5


Mark = Words | IconMark | Slab | Diamond


@dataclass(frozen=True)
class Piece:
    """Marks that come in together."""

    marks: tuple[Mark, ...]
    entrance: str
    """Name of the motion it comes in with."""
    index: int = 0
    """Its place among those with the same motion."""

    def moved(self, x: float, y: float) -> Piece:
        """Return it elsewhere."""
        return replace(self, marks=tuple(mark.moved(x, y) for mark in self.marks))


def reach(mark: Mark) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of what a mark covers, in the template's pixels."""
    if isinstance(mark, Words):
        ink = mark.typesetter.ink(mark.text, mark.style)
        width = ink.right - ink.left
        return mark.x, mark.baseline + ink.top, mark.x + width, mark.baseline + ink.bottom
    if isinstance(mark, IconMark):
        return mark.x, mark.y, mark.x + mark.size, mark.y + mark.size
    if isinstance(mark, Diamond):
        half = mark.width / 2
        return mark.x, mark.y - half, mark.x + mark.width, mark.y + half
    return mark.x, mark.y, mark.x + mark.width, mark.y + mark.height
