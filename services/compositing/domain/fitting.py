"""Fitting: text broken into balanced lines, made smaller, and cut short, in that order."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import inf
from typing import Final

from services.compositing.domain.typesetting import SOFT_HYPHEN, Style, Typesetter

ELLIPSIS: Final = "…"
VOWELS: Final = frozenset("aeiouyäöüáéíóúýàèìòùâêîôûåæøœãõąęěůαεηιουωаеиоуыэюяёіїєů")
SOUNDS: Final = ("sch", "ch", "ck", "ph", "sh", "th", "qu", "cz", "sz", "rz", "dz", "gn", "ng")
"""Letters that belong to one consonant."""
STEP: Final = 2.0
"""Sizes are tried this many pixels apart."""


@dataclass(frozen=True)
class Fitted:
    """Text that fits."""

    lines: tuple[str, ...]
    style: Style
    is_whole: bool
    """False where an ellipsis stands for the rest."""


def sizes(largest: float, smallest: float) -> Iterator[float]:
    """Yield sizes to try, falling."""
    size = largest
    while size > smallest:
        yield size
        size -= STEP
    yield smallest


def fit(
    typesetter: Typesetter,
    text: str,
    tries: Sequence[tuple[Style, int]],
    width: float,
) -> Fitted:
    """Return the text in the first style and line count of `tries` that hold it.

    Words are broken only where no try holds them whole, and at hyphens first; where nothing helps
    the last try is cut short with an ellipsis. Width in pixels.
    """
    ways = (_words(text), _parts(text), _syllables(text))
    for pieces in (way for index, way in enumerate(ways) if way not in ways[:index]):
        for style, most in tries:
            lines = balance(pieces, width, most, partial(typesetter.width, style=style))
            if lines is not None:
                return Fitted(lines, style, is_whole=True)
    style, most = tries[-1]
    return Fitted(_cut(typesetter, text, style, most, width), style, is_whole=False)


def balance(
    pieces: Sequence[str], width: float, most: int, measure: Callable[[str], float]
) -> tuple[str, ...] | None:
    """Return the fewest lines that hold the pieces, as even as can be; None where `most` do not.

    A piece that ends in a space may end a line there, one that does not gets a hyphen (or keeps
    its own).
    """
    measured = cache(lambda i, j: measure(_line(pieces[i:j], is_end=j == len(pieces))))
    count = _least_lines(len(pieces), width, most, measured)
    if count is None:
        return None
    # Hardly ever is a line best left half empty: look there only when there is no other way.
    leasts = (measured(0, len(pieces)) / count / 2, 0.0)
    found = (_best_breaks(count, (least, width), measured, pieces) for least in leasts)
    breaks = next(each for each in found if each)
    edges = zip((0, *breaks), breaks, strict=False)
    return tuple(_line(pieces[i:j], is_end=j == len(pieces)) for i, j in edges)


def _least_lines(
    count: int, width: float, most: int, measured: Callable[[int, int], float]
) -> int | None:
    """Return how many lines it takes when each is filled; None for more than `most`."""
    start = 0
    for line in range(1, most + 1):
        ends = range(start + 1, count + 1)
        start += bisect_right(ends, width, key=partial(measured, start))
        if start == count:
            return line
    return None


def _best_breaks(
    lines: int,
    widths: tuple[float, float],
    measured: Callable[[int, int], float],
    pieces: Sequence[str],
) -> tuple[int, ...] | None:
    """Return where each of `lines` lines ends, at the least cost; None where none fits.

    widths: the least of a line but the last, and the most of any.
    """
    count = len(pieces)
    even = measured(0, count) / lines
    best: list[dict[int, tuple[float, tuple[int, ...]]]] = [{0: (0.0, ())}]
    for line in range(1, lines + 1):
        ends: dict[int, tuple[float, tuple[int, ...]]] = {}
        for start, (before, breaks) in best[-1].items():
            for end in _ends(start, lines - line, count, widths[0], measured):
                cost = _cost(measured(start, end), widths[1], even, pieces[end - 1], end == count)
                if cost is None:
                    break
                ends[end] = min(ends.get(end, (inf, ())), (before + cost, (*breaks, end)))
        best.append(ends)
    return best[-1][count][1] if count in best[-1] else None


def _ends(
    start: int, more: int, count: int, least: float, measured: Callable[[int, int], float]
) -> range:
    """Return where a line may end: at the end of all, or with a piece left for each line more."""
    if more == 0:
        return range(count, count + 1)
    ends = range(start + 1, count - more + 1)
    return ends[bisect_left(ends, least, key=partial(measured, start)) :]


def _cost(line: float, width: float, even: float, last: str, is_end: bool) -> float | None:
    """Return how bad a line is: uneven, or ending inside a word or phrase; None: too wide."""
    if line > width:
        return None
    uneven = ((line - even) / max(even, 1)) ** 2
    after_mark = last.rstrip().endswith((",", ":", ";", "–", "—", ".", "·", "|"))
    inside_word = not is_end and not last.endswith(" ")
    return uneven + (2.0 if inside_word else 0.0) - (0.06 if after_mark else 0.0)


def _words(text: str) -> list[str]:
    """Cut at spaces; each piece keeps its space."""
    return re.findall(r"\S+ ?|\S+$", text.replace(SOFT_HYPHEN, ""), re.ASCII) or [""]


def _parts(text: str) -> list[str]:
    """Cut at spaces, and inside long words after hyphens and slashes, and at soft hyphens."""
    return [
        part
        for word in re.findall(r"[^ ]+ ?", text)
        for part in (re.findall(r".+?(?:[-–/](?=\w{3})|\u00ad|$)", word) or [word])
        if part
    ] or [""]


def _syllables(text: str) -> list[str]:
    """Cut words also before a consonant that a vowel follows, leaving four letters a side.

    The rule of thumb most European languages share; a soft hyphen in the text beats it.
    """
    return [piece for part in _parts(text) for piece in _cut_word(part)]


def _cut_word(word: str) -> Iterator[str]:
    bare = word.rstrip()
    start = 0
    for index in range(4, len(bare) - 3):
        onset = _onset(bare, index)
        if onset - start >= 4 and bare[onset - 1].isalpha():
            yield word[start:onset]
            start = onset
    yield word[start:]


def _onset(word: str, index: int) -> int:
    """Return where the syllable begins whose vowel follows this consonant; 0 where none does."""
    if not word[index].isalpha() or word[index].lower() in VOWELS:
        return 0
    if word[index + 1].lower() not in VOWELS:
        return 0
    sound = next((s for s in SOUNDS if word[: index + 1].lower().endswith(s)), word[index])
    return index + 1 - len(sound)


def _line(pieces: Sequence[str], *, is_end: bool = False) -> str:
    line = "".join(pieces)
    is_word_end = is_end or line.endswith((" ", "-", "–", "/"))
    return line.rstrip().replace(SOFT_HYPHEN, "") + ("" if is_word_end else "-")


def _cut(
    typesetter: Typesetter, text: str, style: Style, most: int, width: float
) -> tuple[str, ...]:
    """Fill lines one after another and end the last with an ellipsis."""
    pieces = _syllables(text)
    lines: list[str] = []
    start = 0
    while len(lines) < most - 1 and start < len(pieces):
        ends = range(start + 1, len(pieces) + 1)
        fitting = bisect_right(
            ends, width, key=lambda end: _width(typesetter, pieces[start:end], style)
        )
        if fitting == 0:
            break
        lines.append(_line(pieces[start : start + fitting], is_end=start + fitting == len(pieces)))
        start += fitting
    rest = "".join(pieces[start:]).replace(SOFT_HYPHEN, "")
    return (*lines, shorten(typesetter, rest, style, width))


def _width(typesetter: Typesetter, pieces: Sequence[str], style: Style) -> float:
    return typesetter.width(_line(pieces), style)


def shorten(typesetter: Typesetter, text: str, style: Style, width: float) -> str:
    """Return the text, or as much of it as an ellipsis leaves room for."""
    if typesetter.width(text, style) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        kept = text[:middle].rstrip(" ,;:–-·") + ELLIPSIS
        low, high = (middle, high) if typesetter.width(kept, style) <= width else (low, middle - 1)
    return text[:low].rstrip(" ,;:–-·") + ELLIPSIS
