"""Paints one format of a chunk, frame after frame, touching only the pixels that change."""

from __future__ import annotations

from functools import reduce

import numpy as np

from services.chassis.timeline import Bytes
from services.compositing.domain.box import Box
from services.compositing.domain.canvas import Cover, Planes
from services.compositing.domain.captions import Cue
from services.compositing.domain.graphics import Graphics
from services.compositing.domain.raster import Layer
from services.compositing.domain.ticker import Ticker
from services.compositing.engines.puppet_view import View

Spoken = tuple[Cue, int]
"""A cue on screen, and the word of it being spoken."""


class Painter:
    """Holds a picture as BGR canvas and as planes, and brings both from one frame to the next.

    While the graphics stand still, a frame repaints and converts the presenter's box, the caption
    where its word has changed, and the ticker, which is copied from planes made once.
    """

    def __init__(self, graphics: Graphics, view: View) -> None:
        self._graphics, self._view = graphics, view
        bounds = view.bounds
        self._whole = Box(0, 0, graphics.width, graphics.height)
        self._presenter = Box(bounds.left, bounds.top, bounds.right, bounds.bottom)
        self._canvas: Bytes = graphics.background.copy()
        self._clean: Bytes = graphics.background.copy()  # all but presenter and captions
        self._planes = Planes(graphics.width, graphics.height)
        self._ticker = RunningTicker(graphics.ticker)
        self._layers: tuple[Layer, ...] | None = None
        self._crossing: list[Cover] = []  # what of the layers lies in front of the presenter
        self._spoken: Spoken | None = None
        self._caption: Cover | None = None

    def paint(self, frame: int, remaining: int | None, spoken: Spoken | None) -> Bytes:
        """Return the I420 planes of a frame, good until the next call.

        The view's puppet must be posed. frame: counted from the video's start; remaining: as
        `Graphics.layers` takes it.
        """
        relaid, recaptioned = self._relay(frame, remaining), self._recaption(spoken)
        stale = relaid or recaptioned  # what is relaid is the whole picture
        for box in stale:
            np.copyto(box.of(self._canvas), box.of(self._clean))
        self._view.paint(self._canvas)
        for cover in self._crossing:
            cover.onto(self._canvas, self._presenter)
        if self._caption is not None:
            for box in (self._presenter, *stale):
                self._caption.onto(self._canvas, box)
        for box in (self._presenter, *stale):
            self._planes.convert(self._canvas, box.even())
        self._ticker.onto(self._canvas, self._planes, frame)
        return self._planes.data

    def still(self, frame: int) -> Bytes:
        """Return a frame without caption as a BGR picture; the puppet must be posed."""
        self.paint(frame, None, None)
        ticker = self._graphics.ticker
        ticker.box.of(self._canvas)[:] = ticker.at(frame)
        ticker.label.lay_on(self._canvas)
        return self._canvas

    def _relay(self, frame: int, remaining: int | None) -> tuple[Box, ...]:
        """Lay the graphics anew where they have moved; return what is stale then."""
        layers = self._graphics.layers(frame, remaining)
        if layers is self._layers:
            return ()
        self._layers = layers
        np.copyto(self._clean, self._graphics.background)
        for layer in (*layers, self._graphics.ticker.label):
            layer.lay_on(self._clean)
        parts = [layer.cropped(self._presenter) for layer in layers]
        self._crossing = [_cover(part) for part in parts if not part.box.is_empty]
        return tuple(self._whole.minus(self._presenter))

    def _recaption(self, spoken: Spoken | None) -> tuple[Box, ...]:
        """Change the caption where its words have; return what is stale then."""
        if spoken == self._spoken:
            return ()
        before, self._caption = self._caption, self._caption_of(spoken)
        self._spoken = spoken
        changed = [cover.box for cover in (before, self._caption) if cover is not None]
        return tuple(reduce(Box.join, changed).minus(self._presenter))

    def _caption_of(self, spoken: Spoken | None) -> Cover | None:
        if spoken is None:
            return None
        cue, active = spoken
        lines = [[word.text for word in line] for line in cue.lines]
        above = len(lines[0])
        place = (0, active) if active < above else (1, active - above)
        return _cover(self._graphics.caption(lines, place))


class RunningTicker:
    """The ticker as planes: it runs by copying, but for the sliver along the label's slant."""

    def __init__(self, ticker: Ticker) -> None:
        self._ticker = ticker
        self._strip = Planes.from_picture(ticker.strip)
        box, slant = ticker.box, (ticker.label.box.right + 1) & ~1
        self._free = Box(slant, box.top, box.right, box.bottom)
        self._sliver = Box(box.left, box.top, slant, box.bottom)
        self._over = ticker.label.cropped(self._sliver)

    def onto(self, canvas: Bytes, planes: Planes, frame: int) -> None:
        """Bring the planes of a picture, whose canvas has the label, to the ticker of a frame."""
        run_on = frame * self._ticker.pixels_per_frame
        planes.scroll(self._strip, self._free, run_on + self._free.left - self._sliver.left)
        columns = np.arange(self._sliver.right - self._sliver.left) + run_on
        self._sliver.of(canvas)[:] = np.take(self._ticker.strip, columns, axis=1, mode="wrap")
        self._over.lay_on(canvas)
        planes.convert(canvas, self._sliver)


def _cover(layer: Layer) -> Cover:
    return Cover.of(layer.box, layer.colour, layer.keep)
