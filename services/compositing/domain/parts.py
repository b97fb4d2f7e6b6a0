"""Parts of a block: overline, title, rows, points, chips, lower third, each laid out on its own.

Heights run from the top of the capitals to the last baseline, so that gaps look as measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from services.compositing.domain import fitting
from services.compositing.domain.content import Content, Notice, Row, capitals
from services.compositing.domain.fitting import Fitted, fit
from services.compositing.domain.marks import (
    Diamond,
    IconMark,
    Ink,
    Mark,
    Piece,
    Slab,
    Words,
    reach,
)
from services.compositing.domain.raster import Point
from services.compositing.domain.setting import Setting, Stack
from services.compositing.domain.typesetting import Style, Typesetter

Marks = tuple[Mark, ...]


def overline(content: Content, setting: Setting) -> Stack | None:
    """Lay out the line above the title: letterspaced capitals."""
    if not content.overline:
        return None
    kind = setting.type.overline
    text = capitals(content.overline, content.language)
    tries = [
        (Style(size, kind.weight, kind.spacing), 1) for size in fitting.sizes(kind.size, kind.least)
    ]
    fitted = fit(setting.typesetter, text, tries, setting.width)
    capital = setting.typesetter.cap_height(fitted.style)
    words = _words(setting, fitted.lines[0], fitted.style, (0, capital), "tint")
    notices = _shortened(fitted, "data.overline")
    return Stack(capital, (Piece((words,), "headline"),), notices, kind.after)


def title(content: Content, setting: Setting) -> Stack:
    """Lay out the title: two balanced lines, then smaller, then more lines, then cut short."""
    kind = setting.type.title
    tall = kind.tall
    largest = kind.hero if setting.is_alone else max(kind.least, kind.size * setting.reading)
    largest_tall = max(tall.least, tall.size * setting.reading)
    tries = [(s, 2) for s in fitting.sizes(largest, kind.least)]
    tries += [(s, tall.lines) for s in fitting.sizes(largest_tall, tall.least)]
    styles = [(Style(size, kind.weight, kind.spacing), most) for size, most in tries]
    fitted = fit(setting.typesetter, content.title, styles, setting.width)
    baselines = _baselines(setting.typesetter, fitted, kind.pitch)
    marks = tuple(
        _words(setting, line, fitted.style, (0, y), "ink")
        for line, y in zip(fitted.lines, baselines, strict=True)
    )
    notices = _shortened(fitted, "data.title")
    return Stack(baselines[-1], (Piece(marks, "headline"),), notices, kind.after)


def rows(content: Content, setting: Setting) -> Stack | None:
    """Lay out the facts, each with its icon; where the template says so they share lines."""
    if not content.rows[: setting.items]:
        return None
    kind = setting.type.row
    indent = (
        (kind.icon + kind.gap) * setting.reading if any(row.icon for row in content.rows) else 0.0
    )
    fitted = _fit_rows(content.rows, setting, setting.width - indent)
    capital = setting.typesetter.cap_height(fitted[0].style)
    stack, x, y = Stack(0), 0.0, 0.0
    for index, (row, text) in enumerate(zip(content.rows, fitted, strict=True)):
        if index >= setting.items:
            break
        width = indent + max(_width(setting, line, text.style) for line in text.lines)
        if index and kind.flow and x + kind.flow + width <= setting.width and len(text.lines) == 1:
            x += kind.flow * setting.reading
        elif index:
            x, y = 0.0, stack.height + kind.apart * setting.density
        marks = [*_row_icon(row, setting, x, y + capital / 2)]
        pitch = kind.pitch * text.style.size
        marks += [
            _words(setting, line, text.style, (x + indent, y + capital + n * pitch), "soft")
            for n, line in enumerate(text.lines)
        ]
        height = y + capital + (len(text.lines) - 1) * pitch
        notices = (*stack.notices, *_shortened(text, f"data.rows[{index}].text"))
        piece = Piece(tuple(marks), "rows", index)
        stack = Stack(height, (*stack.pieces, piece), notices)
        x += width
    return _counted(stack, "rows", len(content.rows), setting)


def points(content: Content, setting: Setting) -> Stack | None:
    """Lay out a summary: one diamond and up to a few lines a point."""
    shown = content.points[: setting.items]
    if not shown:
        return None
    kind = setting.type.point
    style = Style(kind.size * setting.reading, kind.weight)
    indent = (kind.bullet + kind.gap) * setting.reading
    capital, pitch = setting.typesetter.cap_height(style), kind.pitch * style.size
    stack, y = Stack(0), 0.0
    for index, point in enumerate(shown):
        fitted = fit(
            setting.typesetter,
            point,
            [(style, min(kind.lines, setting.lines))],
            setting.width - indent,
        )
        diamond = Diamond(0, y + capital / 2, kind.bullet * setting.reading, _ink("tint"))
        lines = [
            _words(setting, line, style, (indent, y + capital + n * pitch), "soft")
            for n, line in enumerate(fitted.lines)
        ]
        height = y + capital + (len(lines) - 1) * pitch
        piece = Piece((diamond, *lines), "rows", index)
        notices = (*stack.notices, *_shortened(fitted, f"data.points[{index}]"))
        stack = Stack(height, (*stack.pieces, piece), notices)
        y = height + kind.apart * setting.density
    return _counted(stack, "points", len(content.points), setting)


def chips(content: Content, setting: Setting) -> Stack | None:
    """Lay out the chips in lines; what finds no room is counted in a last chip."""
    if not content.chips or not setting.chips:
        return None
    kind = setting.type.chip
    d = setting.density
    style = Style(kind.size * d, kind.weight)
    rest = len(content.chips) - setting.chips
    texts = [*content.chips[: setting.chips], *([f"+{rest}"] if rest > 0 else [])]
    room = setting.width - 2 * kind.inset * d
    stack, x, y = Stack(kind.height * d), 0.0, 0.0
    for index, text in enumerate(texts):
        short = fitting.shorten(setting.typesetter, text, style, room)
        width = _width(setting, short, style) + 2 * kind.inset * d
        if x and x + width > setting.width:
            x, y = 0.0, y + (kind.height + kind.gap[1]) * d
        piece = Piece(_chip(setting, short, style, (x, y), width), "chips", index)
        notices = _cut_notice(short == text, f"data.chips[{index}]")
        stack = Stack(y + kind.height * d, (*stack.pieces, piece), (*stack.notices, *notices))
        x += width + kind.gap[0] * d
    if rest > 0:
        hidden = Notice("ITEMS_HIDDEN", "data.chips", f"there is no room for {rest} of them")
        stack = replace(stack, notices=(*stack.notices, hidden))
    return stack


def lower_third(content: Content, setting: Setting) -> Stack | None:
    """Lay out the presenter's name, and the role below it or beside it."""
    who = content.lower_third
    if who is None:
        return None
    kind = setting.type.name
    name = _one_line(setting, who.name, Style(kind.size, kind.weight))
    role = _one_line(setting, who.role, Style(kind.role, 500))
    capital = setting.typesetter.cap_height(name.style)
    beside = _extent(setting, name) + kind.apart
    is_inline = kind.inline and beside + _extent(setting, role) <= setting.width
    start = (beside, capital) if is_inline else (0.0, capital + kind.apart + kind.role)
    marks = [_words(setting, name.lines[0], name.style, (0, capital), "ink")]
    if who.role:
        marks.append(_words(setting, role.lines[0], role.style, start, "mute"))
    notices = (
        *_shortened(name, "data.lower_third.name"),
        *_shortened(role, "data.lower_third.role"),
    )
    width = max(reach(mark)[2] for mark in marks)
    piece = Piece(tuple(marks), "lower_third")
    return Stack(marks[-1].baseline, (piece,), notices, setting.type.row.apart + 16, width)


def rule(setting: Setting) -> Stack:
    """Lay out the hairline between facts and chips."""
    opacity = setting.palette.hairline_opacity
    slab = Slab(0, 0, setting.width, 2, _ink("ink"), opacity)
    return Stack(2, (Piece((slab,), "rows", 5),), (), setting.type.chip.before * setting.density)


def _counted(stack: Stack, name: str, count: int, setting: Setting) -> Stack:
    """Return rows or points with the gap below them, and with a word about those not shown."""
    stack = replace(stack, gap=setting.type.chip.before * setting.density)
    if count <= setting.items:
        return stack
    hidden = f"there is no room for {count - setting.items} of them"
    return replace(stack, notices=(*stack.notices, Notice("ITEMS_HIDDEN", f"data.{name}", hidden)))


def _fit_rows(facts: Sequence[Row], setting: Setting, width: float) -> list[Fitted]:
    """Fit all rows in one size: the largest that needs one line each, else wrapped."""
    kind = setting.type.row
    part = setting.reading
    for size in fitting.sizes(kind.size * part, kind.least * part):
        style = Style(size, kind.weight)
        if all(setting.typesetter.width(row.text, style) <= width for row in facts):
            return [Fitted((row.text,), style, is_whole=True) for row in facts]
    style = Style(kind.least * part, kind.weight)
    tries = [(style, min(kind.lines, setting.lines))]
    return [fit(setting.typesetter, row.text, tries, width) for row in facts]


def _row_icon(row: Row, setting: Setting, x: float, middle: float) -> Iterator[Mark]:
    if row.icon:
        size = setting.type.row.icon * setting.reading
        icon = setting.icons[row.icon]
        yield IconMark(icon, x, middle - size / 2, size, _ink("tint"))


def _chip(setting: Setting, text: str, style: Style, corner: Point, width: float) -> Marks:
    kind, palette, d = setting.type.chip, setting.palette, setting.density
    (x, y), height = corner, kind.height * d
    radius, edge = kind.radius * d, palette.hairline_opacity
    slab = Slab(x, y, width, height, _ink("ink"), palette.chip_opacity, radius, 2, edge)
    baseline = y + height / 2 + setting.typesetter.cap_height(style) / 2
    return slab, _words(setting, text, style, (x + kind.inset * d, baseline), "ink")


def _words(setting: Setting, text: str, style: Style, start: Point, ink: str) -> Words:
    return Words(text, style, start[0], start[1], setting.typesetter, _ink(ink))


def _ink(name: str) -> Ink:
    return attrgetter(name)


def _width(setting: Setting, text: str, style: Style) -> float:
    ink = setting.typesetter.ink(text, style)
    return ink.right - ink.left


def _extent(setting: Setting, fitted: Fitted) -> float:
    return max(_width(setting, line, fitted.style) for line in fitted.lines)


def _one_line(setting: Setting, text: str, style: Style) -> Fitted:
    tries = [(style.sized(size), 1) for size in fitting.sizes(style.size, style.size * 0.8)]
    return fit(setting.typesetter, text, tries, setting.width)


def _baselines(typesetter: Typesetter, fitted: Fitted, pitch: float) -> list[float]:
    """Return the baseline of each line, the usual pitch apart or as accents and tails need it."""
    baselines = [typesetter.cap_height(fitted.style)]
    for above, below in zip(fitted.lines, fitted.lines[1:], strict=False):
        tails = typesetter.ink(above, fitted.style).bottom
        accents = -typesetter.ink(below, fitted.style).top
        air = 0.06 * fitted.style.size
        baselines.append(baselines[-1] + max(pitch * fitted.style.size, tails + accents + air))
    return baselines


def _shortened(fitted: Fitted, where: str) -> tuple[Notice, ...]:
    return _cut_notice(fitted.is_whole, where)


def _cut_notice(is_whole: bool, where: str) -> tuple[Notice, ...]:
    if is_whole:
        return ()
    return (Notice("TEXT_SHORTENED", where, "it does not fit and ends in an ellipsis: shorten it"),)
