"""A rectangle of pixels in a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.chassis.timeline import Bytes


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.bottom - self.top

    @property
    def is_empty(self) -> bool:
        """Return whether there is no pixel in it."""
        return self.left >= self.right or self.top >= self.bottom

    def of(self, picture: Bytes) -> Bytes:
        """Return that part of a picture, as a view."""
        return picture[self.top : self.bottom, self.left : self.right]

    def moved(self, x: int, y: int) -> Box:
        """Return the box that far to the right and down."""
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def meet(self, other: Box) -> Box:
        """Return what both cover; it may be empty."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Box(left, top, min(self.right, other.right), min(self.bottom, other.bottom))

    def join(self, other: Box) -> Box:
        """Return the least box around both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Box(left, top, max(self.right, other.right), max(self.bottom, other.bottom))

    def even(self) -> Box:
        """Return the least box around it whose sides lie between pairs of pixels."""
        return Box(self.left & ~1, self.top & ~1, (self.right + 1) & ~1, (self.bottom + 1) & ~1)

    def trimmed(self, multiple: int) -> Box:
        """Return the box with width and height cut down to whole multiples."""
        width, height = (side // multiple * multiple for side in (self.width, self.height))
        return Box(self.left, self.top, self.left + width, self.top + height)

    def minus(self, hole: Box) -> Iterator[Box]:
        """Yield up to four boxes that cover what lies outside a hole, each pixel once."""
        hole = self.meet(hole)
        if hole.is_empty:
            hole = Box(self.right, self.top, self.right, self.bottom)
        parts = (
            Box(self.left, self.top, hole.left, self.bottom),
            Box(hole.right, self.top, self.right, self.bottom),
            Box(hole.left, self.top, hole.right, hole.top),
            Box(hole.left, hole.bottom, hole.right, self.bottom),
        )
        return (part for part in parts if not part.is_empty)
