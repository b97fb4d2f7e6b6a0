"""Entrances: how things come in, and what is seen of them until then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.compositing.domain import raster
from services.compositing.domain.box import Box
from services.compositing.domain.raster import Layer
from services.compositing.domain.template import Entrance, Motion


@dataclass(frozen=True)
class Cue:
    """When one thing comes in, in seconds."""

    start: float
    seconds: float

    @property
    def end(self) -> float:
        """Return when it has arrived."""
        return self.start + self.seconds

    def progress(self, moment: float) -> float:
        """Return how far in it is, 0 to 1: fast at first (cubic ease-out)."""
        if moment >= self.end:
            return 1.0
        part = max(0.0, (moment - self.start) / self.seconds)
        return 1.0 - (1.0 - part) ** 3


def cue(entrance: Entrance, index: int = 0, after: float = 0.0) -> Cue:
    """Return the cue of the index-th of things that come in one after another."""
    return Cue(after + entrance.delay + index * entrance.apart, entrance.seconds)


def piece_cue(motion: Motion, name: str, index: int, row_count: int) -> Cue:
    """Return the cue of a piece of a block; chips begin when the last row has begun."""
    last_row = cue(motion.rows, max(0, row_count - 1)).start
    return cue(getattr(motion, name), index, last_row if name == "chips" else 0.0)


@dataclass(frozen=True)
class Actor:
    """A layer at rest, and how it comes in: it drops from above, is wiped in, or slides."""

    layer: Layer
    way: Literal["drop", "wipe", "slide"]
    cue: Cue
    travel: float = 0.0
    """How far it slides, in pixels."""

    def at(self, moment: float) -> Layer:
        """Return what is seen of it at a moment."""
        progress = self.cue.progress(moment)
        box = self.layer.box
        if self.way == "slide":
            away = round(self.travel * (1 - progress))
            return self.layer.faded(progress).moved(-away, 0)
        if self.way == "wipe":
            right = box.left + round((box.right - box.left) * progress)
            return self.layer.cropped(Box(box.left, box.top, right, box.bottom))
        up = round((box.bottom - box.top) * (1 - progress))
        return self.layer.moved(0, -up).cropped(box)


@dataclass(frozen=True)
class Group:
    """Actors that overlap, the first at the bottom; they are seen as one layer.

    Where the first is a surface being wiped in, the others are seen only as far as it is.
    """

    actors: Sequence[Actor]

    @property
    def end(self) -> float:
        """Return when the last has arrived, in seconds."""
        return max(actor.cue.end for actor in self.actors)

    def at(self, moment: float, frame: Box) -> Layer:
        """Return what is seen of them inside a frame; the layer may be empty."""
        layers = [actor.at(moment) for actor in self.actors]
        if self.actors[0].way == "wipe":
            curtain = Box(frame.left, frame.top, layers[0].box.right, frame.bottom)
            layers = [layer.cropped(curtain) for layer in layers]
        return raster.flatten(layers, frame)
