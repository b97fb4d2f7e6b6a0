"""A template: measures, colours, type and motion of a picture, as a designer's file has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationError

from services.chassis.errors import Invalid, Violation
from services.compositing.domain import colour
from services.compositing.domain.measures import Aspect, Closed, Share, Size

TEMPLATE_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
Rgb = Annotated[str, AfterValidator(lambda text: colour.parse(text) and text)]


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
