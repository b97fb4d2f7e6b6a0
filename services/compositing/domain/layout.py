"""Layout: a block's parts stacked in its box, drawn together or cut until they fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.compositing.domain import parts
from services.compositing.domain.content import Content, Notice
from services.compositing.domain.marks import Piece
from services.compositing.domain.measures import Block, Sides
from services.compositing.domain.setting import Setting, Stack
from services.compositing.domain.template import Template
from services.compositing.domain.typesetting import Typesetter

DETAILS = ("rows", "points", "chips")


@dataclass(frozen=True)
class Laid:
    """A block laid out; the template's pixels."""

    block: Block
    box: Sides
    """What its surface covers: left, top, right, bottom."""
    pieces: tuple[Piece, ...]
    notices: tuple[Notice, ...]


def lay_out(
    content: Content, template: Template, shape: str, typesetter: Typesetter
) -> tuple[Laid, ...]:
    """Return every block of a picture of that shape that has something to show."""
    aspect = template.aspect(shape)
    setting = Setting(typesetter, aspect.type, template.palette, template.icons, width=0)
    return tuple(
        laid for block in aspect.blocks if (laid := _lay_block(block, content, setting)) is not None
    )


def _lay_block(block: Block, content: Content, setting: Setting) -> Laid | None:
    left, top, right, bottom = block.box
    room = bottom - top - block.inset[1] - block.inset[3]
    width = right - left - block.rule - block.inset[0] - block.inset[2]
    is_alone = not any(getattr(content, part) for part in DETAILS if part in block.parts)
    setting = replace(setting, width=width, is_alone=is_alone and "rows" in block.parts)
    stack = Stack(0)
    for tried in _tries(setting, content):
        stack = _stack(block, content, tried)
        if stack.height <= room:
            break
    if not stack.pieces:
        return None
    box = _placed(block, stack)
    inward_x, inward_y = box[0] + block.rule + block.inset[0], box[1] + block.inset[1]
    pieces = tuple(piece.moved(inward_x, inward_y) for piece in stack.pieces)
    return Laid(block, box, pieces, stack.notices)


def _tries(setting: Setting, content: Content) -> Iterator[Setting]:
    """Yield ever tighter settings: closer together, fewer chips, shorter texts, fewer of them."""
    for density in setting.type.densities:
        yield replace(setting, density=density)
    tightest = replace(setting, density=setting.type.densities[-1])
    for shown in range(len(content.chips) - 1, 0, -1):
        yield replace(tightest, chips=shown)
    tightest = replace(tightest, chips=min(1, len(content.chips)))
    for lines in (3, 2, 1):
        yield replace(tightest, lines=lines)
    tightest = replace(tightest, chips=0, lines=1)
    for shown in range(max(len(content.rows), len(content.points)), 0, -1):
        yield replace(tightest, items=shown)


def _stack(block: Block, content: Content, setting: Setting) -> Stack:
    """Return the block's parts one below another, a hairline above chips that follow others."""
    stack = Stack(0)
    for part in block.parts:
        own: Stack | None = getattr(parts, part)(content, setting)
        if own is None:
            continue
        if part == "chips" and stack.pieces and "title" in block.parts:
            stack = _below(stack, parts.rule(setting))
        stack = _below(stack, own)
    return stack


def _below(above: Stack, own: Stack) -> Stack:
    start = above.height + above.gap if above.pieces else 0.0
    return Stack(
        start + own.height,
        (*above.pieces, *(piece.moved(0, start) for piece in own.pieces)),
        (*above.notices, *own.notices),
        own.gap,
        max(above.width, own.width),
    )


def _placed(block: Block, stack: Stack) -> Sides:
    """Return the box of the surface: the block's, as high as its content, where it is aligned."""
    left, top, right, bottom = block.box
    height = stack.height + block.inset[1] + block.inset[3]
    if block.surface == "strip":
        right = min(right, left + block.rule + block.inset[0] + stack.width + block.inset[2])
    if block.align == "top":
        return left, top, right, top + height
    if block.align == "bottom":
        return left, bottom - height, right, bottom
    if block.align == "low":
        start = min(max(top, bottom - height), top + block.slack)
        return left, start, right, bottom
    start = top + max(0.0, (bottom - top - height) / 2)
    return left, start, right, start + height
