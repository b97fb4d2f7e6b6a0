"""A template: measures, colours, type and motion of a picture, as a designer's file has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from services.chassis.errors import Invalid, Violation
from services.compositing.domain import colour

TEMPLATE_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
Part = Literal["overline", "title", "rows", "points", "chips", "lower_third"]
Rgb = Annotated[str, AfterValidator(lambda text: colour.parse(text) and text)]
Share = Annotated[float, Field(ge=0, le=1)]
Size = Annotated[float, Field(gt=0)]
Sides = tuple[float, float, float, float]


class Closed(BaseModel):
    """A part of the file: nothing missing, nothing it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Wash(Closed):
    """A colour laid thinly over another."""

    colour: Rgb
    opacity: Share


class CaptionColours(Closed):
    """What captions are written in and on."""

    box: Rgb
    opacity: Share
    ink: Rgb
    spoken: Rgb


class Palette(Closed):
    """The colours; a brand kit replaces accent and background."""

    background: tuple[Rgb, Rgb, Rgb]
    accent: Rgb
    tint: Rgb
    ink: Rgb
    dark_ink: Rgb
    soft: Share
    mute: Share
    band: Wash
    lines_opacity: Share
    card_opacity: Share
    strip_opacity: Share
    hairline_opacity: Share
    chip_opacity: Share
    caption: CaptionColours


class Pattern(Closed):
    """What lies on the background's light."""

    angle: float
    line_pitch: Size
    line_width: Size
    band: tuple[Share, Share]
    grain: float = Field(ge=0, le=4)


class Entrance(Closed):
    """When something comes in."""

    delay: float = Field(ge=0, le=5)
    seconds: float = Field(ge=0, le=5)
    apart: float = Field(0, ge=0, le=1)


class Motion(Closed):
    """How the graphics come and go."""

    bar: Entrance
    logo: Entrance
    surface: Entrance
    headline: Entrance
    rows: Entrance
    chips: Entrance
    lower_third: Entrance
    travel: float
    fade_out: float = Field(gt=0, le=2)
    ticker: Size


class Limits(Closed):
    """How long the data may be: characters, or how many."""

    overline: int
    title: int
    row: int
    point: int
    chip: int
    name: int
    rows: int
    points: int
    chips: int
    ticker_item: int
    ticker_items: int
    logo_text: int
    ticker_label: int


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


class Icon(Closed):
    """A drawing on a 24 x 24 grid."""

    lines: tuple[tuple[float, ...], ...] = ()
    circles: tuple[tuple[float, float, float], ...] = ()
    boxes: tuple[tuple[float, float, float, float, float], ...] = ()
    arcs: tuple[tuple[float, float, float, float, float], ...] = ()


class Template(Closed):
    """One version of one template."""

    name: str
    version: int
    palette: Palette
    background: Pattern
    font: str
    ticker_label: Mapping[str, str]
    motion: Motion
    limits: Limits
    aspects: Mapping[Literal["16:9", "9:16", "1:1"], Aspect]
    icons: Mapping[str, Icon]

    def aspect(self, name: str) -> Aspect:
        """Return the measures of one shape of picture."""
        return next(own for shape, own in self.aspects.items() if shape == name)

    @classmethod
    def read(cls, document: object) -> Template:
        """Return the template that a parsed file describes. Raises Invalid: every mistake."""
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise Invalid.every(
                Violation(
                    ".".join(map(str, mistake["loc"])), "TEMPLATE_FILE_INVALID", mistake["msg"]
                )
                for mistake in error.errors()
            ) from None


def check_name(name: str) -> None:
    """Raise Invalid unless a template may be called so: names become file names."""
    if len(name) > 40 or not TEMPLATE_NAME.fullmatch(name):
        raise Invalid(
            "template",
            "TEMPLATE_ID_INVALID",
            f"{name[:40]!r} is no template's name: use news-frame",
        )
