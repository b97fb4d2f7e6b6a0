"""A brand on a template: the colours that follow from it, all type readable on its ground."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.chassis.errors import Violation
from services.compositing.domain import colour
from services.compositing.domain.colour import BLACK, READABLE, WHITE, Colour
from services.compositing.domain.content import Notice
from services.compositing.domain.template import Limits, Palette, Template
from services.compositing.domain.text import complaints, tidy
from services.compositing.domain.typesetting import Fonts


@dataclass(frozen=True)
class Brand:
    """A channel's look; what is empty is the template's."""

    logo_text: str = ""
    accent: str = ""
    background: tuple[str, ...] = ()
    font: str = ""
    ticker_label: str = ""
    ticker: tuple[str, ...] = ()


@dataclass(frozen=True)
class Theme:
    """Every colour of a picture's graphics."""

    background: tuple[Colour, Colour, Colour]
    """From the light centre outwards."""
    accent: Colour
    on_accent: Colour
    tint: Colour
    """The accent as type and icons wear it on the card."""
    ink: Colour
    soft: Colour
    mute: Colour
    card: Colour
    ticker: Colour
    ticker_ink: Colour
    band: Colour
    """The light band across the background."""


def theme(brand: Brand, palette: Palette) -> Theme:
    """Return the colours of a checked brand on a template's palette."""
    inner, middle, outer = _background(brand, palette)
    light, dark = colour.parse(palette.ink), colour.parse(palette.dark_ink)
    card, ink = _ground_and_ink(colour.mix(outer, middle, 0.25), light, dark)
    card, worst = _card(card, (inner, middle, outer), palette.card_opacity, ink)
    ticker, ticker_ink = _ground_and_ink(colour.lift(colour.mix(outer, BLACK, 0.17)), light, dark)
    accent, on_accent = _ground_and_ink(_accent(brand, palette), WHITE, dark)
    own_tint = accent == colour.parse(palette.accent) and ink == light
    tint = colour.parse(palette.tint) if own_tint else accent
    return Theme(
        background=(inner, middle, outer),
        accent=accent,
        on_accent=on_accent,
        tint=colour.readable(tint, worst, ink),
        ink=ink,
        soft=colour.readable(colour.mix(ink, worst, palette.soft), worst, ink),
        mute=colour.readable(colour.mix(ink, worst, palette.mute), worst, ink),
        card=card,
        ticker=ticker,
        ticker_ink=ticker_ink,
        band=colour.mix(inner, ink, 0.45)
        if brand.background
        else colour.parse(palette.band.colour),
    )


def check(brand: Brand, template: Template, fonts: Fonts) -> Iterator[Violation]:
    """Yield everything that is wrong with a brand kit."""
    yield from _check_colours(brand)
    if brand.font and brand.font not in fonts.names:
        offered = ", ".join(fonts.names)
        yield Violation("brand.font", "FONT_UNKNOWN", f"{brand.font!r} is not here: use {offered}")
    yield from _check_texts(brand, template.limits, fonts, template.font)


def notices(brand: Brand, palette: Palette) -> Iterator[Notice]:
    """Yield what was changed so that type stays readable and nothing is black."""
    result = theme(brand, palette)
    if brand.accent and colour.parse(brand.accent) != result.accent:
        yield Notice(
            "ACCENT_ADJUSTED",
            "brand.accent",
            f"{brand.accent} is too near to its type or black: {_text(result.accent)} is used",
        )
    for index, (asked, used) in enumerate(zip(brand.background, result.background, strict=False)):
        if colour.parse(asked) != used:
            yield Notice(
                "BACKGROUND_LIFTED",
                f"brand.background[{index}]",
                f"{asked} looks like a hole in the picture: {_text(used)} is used",
            )


def _background(brand: Brand, palette: Palette) -> tuple[Colour, Colour, Colour]:
    inner, middle, outer = (
        colour.lift(colour.parse(text)) for text in brand.background or palette.background
    )
    return inner, middle, outer


def _accent(brand: Brand, palette: Palette) -> Colour:
    return colour.lift(colour.parse(brand.accent or palette.accent))


def _ground_and_ink(ground: Colour, light: Colour, dark: Colour) -> tuple[Colour, Colour]:
    """Return the ground and the better ink on it, the ground moved away where neither is enough."""
    ink = light if colour.contrast(light, ground) >= READABLE else dark
    if colour.contrast(ink, ground) < READABLE:
        ink = max(light, dark, key=lambda each: colour.contrast(each, ground))
    return next(own for own in _moved(ground, ink) if colour.contrast(ink, own) >= READABLE), ink


def _card(
    card: Colour, below: tuple[Colour, ...], opacity: float, ink: Colour
) -> tuple[Colour, Colour]:
    """Return the translucent card's colour, and how it looks where the ink is hardest to read."""
    for own in _moved(card, ink):
        seen = [colour.mix(under, own, opacity) for under in below]
        worst = min(seen, key=lambda ground: colour.contrast(ink, ground))
        if colour.contrast(ink, worst) >= READABLE:
            break
    return own, worst


def _moved(ground: Colour, ink: Colour) -> Iterator[Colour]:
    """Yield the ground, further and further away from the ink."""
    away = BLACK if colour.luminance(ink) > colour.luminance(ground) else WHITE
    return (colour.mix(ground, away, step / 50) for step in range(51))


def _check_colours(brand: Brand) -> Iterator[Violation]:
    if len(brand.background) not in {0, 3}:
        yield Violation(
            "brand.background",
            "BACKGROUND_INVALID",
            "give three colours, from the light centre outwards, or none",
        )
    fields = {"brand.accent": brand.accent} if brand.accent else {}
    fields |= {f"brand.background[{i}]": text for i, text in enumerate(brand.background)}
    for field, text in fields.items():
        try:
            colour.parse(text)
        except ValueError:
            yield Violation(field, "COLOUR_INVALID", f'{text[:20]!r} is no colour: write "#1b2747"')


def _check_texts(brand: Brand, limits: Limits, fonts: Fonts, usual: str) -> Iterator[Violation]:
    family = brand.font if brand.font in fonts.names else usual
    typesetter = fonts.typesetter(family)
    if len(brand.ticker) > limits.ticker_items:
        yield Violation(
            "brand.ticker", "TICKER_TOO_MANY", f"give at most {limits.ticker_items} items"
        )
    fields = [
        ("brand.logo_text", brand.logo_text, limits.logo_text),
        ("brand.ticker_label", brand.ticker_label, limits.ticker_label),
        *((f"brand.ticker[{i}]", t, limits.ticker_item) for i, t in enumerate(brand.ticker)),
    ]
    for field, text, most in fields:
        if len(tidy(text)) > most:
            yield Violation(field, "BRAND_TEXT_TOO_LONG", f"give at most {most} characters")
        yield from complaints(field, text, typesetter)


def _text(rgb: Colour) -> str:
    return "#" + bytes(rgb).hex()
