"""Burnt-in captions: one or two lines on dark boxes, the word being spoken in its own colour."""

from __future__ import annotations

from collections.abc import Sequence

from services.compositing.domain import colour, raster
from services.compositing.domain.box import Box
from services.compositing.domain.raster import Layer
from services.compositing.domain.sheet import Sheet
from services.compositing.domain.text import tidy
from services.compositing.domain.typesetting import Style


def width(sheet: Sheet, words: Sequence[str]) -> float:
    """Return the width of a line in pixels."""
    text = " ".join(map(tidy, words))
    return sheet.suited(text).typesetter.width(text, _style(sheet))


def draw(
    sheet: Sheet, lines: Sequence[Sequence[str]], spoken: tuple[int, int] | None, sunk: float
) -> Layer:
    """Draw lines of words, centred.

    spoken: line and word that is being said, or None. sunk: how far below their usual place they
    lie, in the template's pixels.
    """
    shown = [[tidy(word) for word in line] for line in lines]
    sheet = sheet.suited(*(word for line in shown for word in line))
    kind = sheet.aspect.caption
    height = round(kind.height * sheet.scale)
    top = round((kind.bottom + sunk) * sheet.scale) - height * len(shown)
    layers: list[Layer] = []
    for number, (words, box) in enumerate(
        zip(shown, _boxes(sheet, shown, top, height), strict=True)
    ):
        active = spoken[1] if spoken and spoken[0] == number else None
        layers += _line(sheet, words, active, box)
    return raster.flatten(layers, sheet.frame)


def _style(sheet: Sheet) -> Style:
    kind = sheet.aspect.caption
    return Style(kind.size * sheet.scale, kind.weight)


def _boxes(sheet: Sheet, lines: Sequence[Sequence[str]], top: int, height: int) -> list[Box]:
    """Return the box of each line; lines of nearly one width get one width."""
    inset = sheet.aspect.caption.inset * sheet.scale
    halves = [sheet.typesetter.width(" ".join(line), _style(sheet)) / 2 + inset for line in lines]
    if max(halves) - min(halves) < inset:
        halves = [max(halves)] * len(halves)
    middle = (sheet.frame.left + sheet.frame.right) / 2
    return [
        Box(round(middle - half), top + n * height, round(middle + half), top + (n + 1) * height)
        for n, half in enumerate(halves)
    ]


def _line(sheet: Sheet, words: Sequence[str], active: int | None, box: Box) -> list[Layer]:
    style, typesetter = _style(sheet), sheet.typesetter
    colours = sheet.template.palette.caption
    mask, left, top = raster.polygon(raster.rounded(box.left, box.top, box.right, box.bottom, 0))
    layers = [raster.wash(mask, left, top, colour.parse(colours.box), colours.opacity)]
    start = (box.left + box.right - typesetter.width(" ".join(words), style)) / 2
    baseline = (box.top + box.bottom + typesetter.cap_height(style)) / 2
    for index, word in enumerate(words):
        before = typesetter.width(" ".join([*words[:index], ""]), style) if index else 0.0
        ink = colours.spoken if index == active else colours.ink
        drawn = typesetter.draw(word, style, start + before, baseline)
        layers.append(raster.wash(*drawn, colour.parse(ink)))
    return layers
