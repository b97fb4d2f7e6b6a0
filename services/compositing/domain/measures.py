"""Measures: where everything lies in one shape of picture, as a designer's file says it.

Pixels of a picture whose short side is 1080, unless said otherwise.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Part = Literal["overline", "title", "rows", "points", "chips", "lower_third"]
Share = Annotated[float, Field(ge=0, le=1)]
Size = Annotated[float, Field(gt=0)]
Sides = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class Closed(BaseModel):
    """A part of the file: nothing missing, nothing it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Light(Closed):
    """The background's radial gradient, in parts of width and height."""

    centre: tuple[float, float]
    radius: tuple[Size, Size]
    stops: tuple[float, float, float]


class Logo(Closed):
    """The trapezoid that hangs from the bar."""

    side: Literal["left", "right"]
    height: Size
    slant: float
    inset: Sides
    edge: float
    """From the picture's side to the trapezoid's."""
    size: Size
    width: Size
    """Widest that logo text may run."""
    picture: tuple[Size, Size]
    """Width and height that a logo picture is fitted into."""


class Presenter(Closed):
    """Where the presenter's head lies."""

    centre: Share
    """Of the picture's width."""
    eyes: Share
    """Of its height."""
    face: Share
    """From the eyes to the chin, of its height."""
    headroom: float
    """Least distance of hair and the bar or the title above."""
    lowest: Share
    """The eyes may be moved down to here where hair would touch what is above."""
    highest: Share
    """The eyes may be moved up to here where there is much air above the hair."""
    airiest: float
    """Beyond the headroom, from where on air above the hair is much."""
    bottom: float
    """The portrait must reach down to here, where no block it fades into lies higher."""
    fade: float
    """It fades out over so much above that; 0: it runs out of the frame."""


class Block(Closed):
    """A column of parts on a surface."""

    box: Sides
    parts: tuple[Part, ...]
    surface: Literal["card", "strip", "fade", "none"]
    align: Literal["top", "middle", "bottom", "low"]
    slack: float = 0
    """How far below its top a block that is aligned low may begin."""
    inset: Sides
    rule: float
    """Width of the accent rule at its left."""


class OverlineType(Closed):
    """The line above the title."""

    size: Size
    weight: int
    spacing: float
    least: Size
    after: float


class TallTitle(Closed):
    """How a title is set that two lines cannot hold."""

    size: Size
    least: Size
    lines: int = Field(ge=2, le=6)


class TitleType(Closed):
    """The title."""

    size: Size
    hero: Size
    """Size where there is nothing below it."""
    weight: int
    spacing: float
    pitch: Size
    least: Size
    after: float
    tall: TallTitle


class RowType(Closed):
    """A row: an icon and a fact."""

    size: Size
    weight: int
    least: Size
    pitch: Size
    apart: float
    icon: Size
    gap: float
    lines: int
    flow: float = 0
    """Distance of two rows that share a line; 0: each has its own."""


class PointType(Closed):
    """A point of a summary."""

    size: Size
    weight: int
    pitch: Size
    apart: float
    bullet: Size
    gap: float
    lines: int


class ChipType(Closed):
    """A chip: a skill or the like in a small box."""

    size: Size
    weight: int
    height: Size
    inset: float
    gap: tuple[float, float]
    radius: float
    before: float
    """Space on each side of the hairline above the chips."""


class NameType(Closed):
    """The presenter's name and role."""

    size: Size
    weight: int
    role: Size
    apart: float
    inline: bool = False
    """The role follows the name on its line, where there is room."""


class Type(Closed):
    """Sizes of everything that is written in the blocks."""

    overline: OverlineType
    title: TitleType
    row: RowType
    point: PointType
    chip: ChipType
    name: NameType
    densities: tuple[Share, ...]
    """How far a block may be drawn together, tried in this order."""


class CaptionType(Closed):
    """The spoken words."""

    size: Size
    weight: int
    bottom: float
    width: Size
    height: Size
    """Of one line's box; two lines lie flush."""
    inset: float


class TickerType(Closed):
    """The running line."""

    height: Size
    label: Size
    edge: float
    inset: float
    slant: float
    item: Size
    gap: float
    diamond: Size
    lead: float
    """From the label to the first item."""


class Aspect(Closed):
    """Everything measured, for one shape of picture."""

    size: tuple[int, int]
    light: Light
    bar: Size
    logo: Logo
    presenter: Presenter
    blocks: tuple[Block, ...]
    type: Type
    caption: CaptionType
    ticker: TickerType
