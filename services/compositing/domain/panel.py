"""Panels: blocks drawn on their surfaces, and the accent bar, as actors that come in."""

from __future__ import annotations

from collections.abc import Iterator

from services.compositing.domain import entrance, raster
from services.compositing.domain.entrance import Actor, Group
from services.compositing.domain.layout import Laid
from services.compositing.domain.marks import Mark, Slab
from services.compositing.domain.raster import Layer
from services.compositing.domain.sheet import Sheet


def bar(sheet: Sheet) -> Group:
    """Draw the accent bar along the top."""
    width = sheet.frame.right / sheet.scale
    slab = Slab(0, 0, width, sheet.aspect.bar, lambda theme: theme.accent)
    return Group([Actor(_drawn(sheet, slab), "drop", entrance.cue(sheet.template.motion.bar))])


def block(sheet: Sheet, laid: Laid) -> Group:
    """Draw a block: its surface, and its pieces above."""
    motion = sheet.template.motion
    is_name = laid.block.parts == ("lower_third",)
    opening = entrance.cue(motion.lower_third if is_name else motion.surface)
    surface = _drawn(sheet, *_surface(sheet, laid))
    row_count = sum(piece.entrance == "rows" for piece in laid.pieces)
    actors = [Actor(surface, "wipe", opening)]
    for piece in laid.pieces:
        cue = entrance.piece_cue(motion, piece.entrance, piece.index, row_count)
        travel = motion.travel * sheet.scale
        actors.append(Actor(_drawn(sheet, *piece.marks), "slide", cue, travel))
    return Group([actor for actor in actors if not actor.layer.box.is_empty])


def _surface(sheet: Sheet, laid: Laid) -> Iterator[Slab]:
    opacities = {
        "card": sheet.template.palette.card_opacity,
        "strip": sheet.template.palette.strip_opacity,
    }
    if laid.block.surface not in opacities:
        return
    left, top, right, bottom = laid.box
    opacity = opacities[laid.block.surface]
    yield Slab(left, top, right - left, bottom - top, lambda theme: theme.card, opacity)
    if laid.block.rule:
        yield Slab(left, top, laid.block.rule, bottom - top, lambda theme: theme.accent)


def _drawn(sheet: Sheet, *marks: Mark) -> Layer:
    layers = [layer for mark in marks for layer in mark.layers(sheet.theme, sheet.scale)]
    return raster.flatten(layers, sheet.frame)
