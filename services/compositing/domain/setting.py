"""Settings of a block's parts, and the stacks of marks that laying them out gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.compositing.domain.content import Notice
from services.compositing.domain.marks import Piece
from services.compositing.domain.measures import Type
from services.compositing.domain.template import Icon, Palette
from services.compositing.domain.typesetting import Typesetter


@dataclass(frozen=True)
class Setting:
    """What the parts are set with."""

    typesetter: Typesetter
    type: Type
    palette: Palette
    icons: Mapping[str, Icon]
    width: float
    """Of the column."""
    density: float = 1.0
    """Chips and gaps are this much of the usual."""
    chips: int = 1000
    """Chips shown; a last one says how many more there are."""
    items: int = 1000
    """Rows and points shown."""
    lines: int = 1000
    """Lines that a row or point may have."""
    is_alone: bool = False
    """The title has nothing below it."""

    @property
    def reading(self) -> float:
        """Return what titles, rows and points are of the usual: they give way half as fast."""
        return (1 + self.density) / 2


@dataclass(frozen=True)
class Stack:
    """Marks from (0, 0) down."""

    height: float
    pieces: tuple[Piece, ...] = ()
    notices: tuple[Notice, ...] = ()
    gap: float = 0.0
    """Left free below it where something follows."""
    width: float = field(default=0.0)
    """Of what it covers; for surfaces that hug it."""
