"""Where in a picture the presenter's canvas lies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels."""

    x0: int
    y0: int
    x1: int
    """Exclusive."""
    y1: int
    """Exclusive."""

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.y1 - self.y0

    def intersect(self, other: Box) -> Box:
        """Return what both cover; empty boxes have no negative size."""
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        x1, y1 = min(self.x1, other.x1), min(self.y1, other.y1)
        return Box(x0, y0, max(x0, x1), max(y0, y1))

    def trimmed(self, multiple: int) -> Box:
        """Return the box with width and height cut down to whole multiples."""
        width, height = (side // multiple * multiple for side in (self.width, self.height))
        return Box(self.x0, self.y0, self.x0 + width, self.y0 + height)

    def even(self) -> Box:
        """Return the smallest box around this one whose edges lie on chroma samples."""
        return Box(self.x0 & ~1, self.y0 & ~1, (self.x1 + 1) & ~1, (self.y1 + 1) & ~1)


@dataclass(frozen=True)
class Placement:
    """How a rig's canvas is laid into a picture; canvas (0, 0) is its upper left corner."""

    scale: float
    """Picture pixels per canvas pixel."""
    left: float
    """Picture x of the canvas' left edge; may lie outside the picture."""
    top: float
    clip: Box
    """Nothing is drawn outside it."""
    fade_pixels: int = 0
    """Over so many lowest rows of `clip` the presenter fades out; 0: runs out of the frame."""
