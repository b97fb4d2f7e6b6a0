"""The ticker: an endless strip of items, and the label it runs out from under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from math import ceil
from typing import Final

import numpy as np

from services.chassis.timeline import Bytes
from services.compositing.domain import colour, raster
from services.compositing.domain.box import Box
from services.compositing.domain.marks import Diamond, Mark, Words
from services.compositing.domain.raster import Layer
from services.compositing.domain.sheet import Sheet
from services.compositing.domain.typesetting import Style

EDGE_OPACITY: Final = 0.16
"""Of the hairline along its top."""
LABEL_SPACING: Final = 0.06


@dataclass(frozen=True, eq=False)
class Ticker:
    """The running line; the label lies on top of it.

    At frame f, column x of `box` shows column x + f * pixels_per_frame of the strip, modulo its
    width.
    """

    box: Box
    """Even; from the label's slanted edge to the picture's right side."""
    strip: Bytes
    """(h, period, 3) BGR, opaque; its even width is at least the box's."""
    pixels_per_frame: int
    """Even."""
    label: Layer

    def at(self, frame: int) -> Bytes:
        """Return what the box shows at a frame, without the label: (h, w, 3) BGR."""
        columns = np.arange(self.box.right - self.box.left) + frame * self.pixels_per_frame
        return np.take(self.strip, columns, axis=1, mode="wrap")


def step(pixels_per_second: float, frame_rate: int) -> int:
    """Return the even number of pixels a frame that is nearest to a speed; at least 2."""
    return max(2, 2 * round(pixels_per_second / frame_rate / 2))


def draw(sheet: Sheet, label: str, items: Sequence[str], pixels_per_frame: int) -> Ticker:
    """Draw the strip and the label along the bottom of the picture."""
    width, height = sheet.frame.right, sheet.frame.bottom
    top = height - 2 * round(sheet.aspect.ticker.height * sheet.scale / 2)
    layer, edge = _label(sheet, label, Box(0, top, width, height))
    box = Box(edge & ~1, top, width, height)
    lead = layer.box.right - box.left + round(sheet.aspect.ticker.lead * sheet.scale)
    return Ticker(box, _strip(sheet, items, box, lead), pixels_per_frame, layer)


def _label(sheet: Sheet, text: str, box: Box) -> tuple[Layer, int]:
    """Return the label, and the x where its slanted edge begins to leave the strip visible."""
    kind, typesetter, scale = sheet.aspect.ticker, sheet.typesetter, sheet.scale
    style = Style(kind.label * scale, 700, LABEL_SPACING)
    ink = typesetter.ink(text, style)
    start, slant = kind.edge * scale, kind.slant * scale
    end = start + ink.right - ink.left + kind.inset * scale
    corners = [(0, box.top), (end, box.top), (end - slant, box.bottom), (0, box.bottom)]
    ground = raster.wash(*raster.polygon(corners), sheet.theme.accent)
    baseline = (box.top + box.bottom + typesetter.cap_height(style)) / 2
    words = typesetter.draw(text, style, start - ink.left, baseline)
    layers = [ground, raster.wash(*words, sheet.theme.on_accent)]
    return raster.flatten(layers, box), int(end - slant)


def _strip(sheet: Sheet, items: Sequence[str], box: Box, lead: int) -> Bytes:
    """Return the strip; its first item begins at `lead`, and all repeat until the box is full."""
    theme, scale = sheet.theme, sheet.scale
    marks, length = _marks(sheet, items, (box.right - box.left) / scale)
    period = 2 * ceil(length * scale / 2)
    strip = np.empty((box.bottom - box.top, period, 3), np.uint8)
    strip[:] = theme.ticker[::-1]
    edge = max(1, round(2 * scale))
    strip[:edge] = colour.mix(theme.ticker, theme.ticker_ink, EDGE_OPACITY)[::-1]
    for layer in (layer for mark in marks for layer in mark.layers(theme, scale)):
        for lap in (0, -period, period):
            layer.moved(lead + lap, 0).lay_on(strip)
    return strip


def _marks(sheet: Sheet, items: Sequence[str], least: float) -> tuple[list[Mark], float]:
    """Return the items with a diamond after each, repeated to at least a length, and the length."""
    kind, typesetter = sheet.aspect.ticker, sheet.typesetter
    style = Style(kind.item, 500)
    middle = kind.height / 2
    baseline = middle + typesetter.cap_height(style) / 2
    diamond = Diamond(0, middle, kind.diamond, lambda theme: theme.accent)
    marks: list[Mark] = []
    x = 0.0
    for item in cycle(items):
        if x >= least and len(marks) % (2 * len(items)) == 0:
            break
        ink = typesetter.ink(item, style)
        marks.append(Words(item, style, x, baseline, typesetter, lambda theme: theme.ticker_ink))
        x += ink.right - ink.left + kind.gap
        marks.append(diamond.moved(x, 0))
        x += diamond.width + kind.gap
    return marks, x
