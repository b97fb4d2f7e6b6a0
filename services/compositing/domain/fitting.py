"""Fitting: text broken into balanced lines, made smaller, and cut short, in that order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from services.compositing.domain.typesetting import SOFT_HYPHEN, Style, Typesetter

ELLIPSIS: Final = "…"
VOWELS: Final = frozenset("aeiouyäöüáéíóúýàèìòùâêîôûåæøœãõąęěůαεηιουωаеиоуыэюяёіїєů")
STEP: Final = 2.0
"""Sizes are tried this many pixels apart."""
WIDOW: Final = 0.3
"""A last line narrower than this share of the widest is an orphan."""


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
    for pieces in (_words(text), _parts(text), _syllables(text)):
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
    its own). No line is left with a short last word where another break avoids it.
    """
    measured = lru_cache(maxsize=None)(
        lambda i, j: measure(_line(pieces[i:j], is_end=j == len(pieces)))
    )
    for count in range(1, most + 1):
        if breaks := _best_breaks(len(pieces), count, width, measured, pieces):
            edges = (0, *breaks)
            return tuple(
                _line(pieces[i:j], is_end=j == len(pieces))
                for i, j in zip(edges, breaks, strict=False)
            )
    return None


def _best_breaks(
    count: int,
    lines: int,
    width: float,
    measured: Callable[[int, int], float],
    pieces: Sequence[str],
) -> tuple[int, ...] | None:
    """Return where each of `lines` lines ends, at the least cost; None where none fits."""
    if count < lines:
        return None
    even = measured(0, count) / lines
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {(0, 0): (0.0, ())}
    for line in range(1, lines + 1):
        for end in range(line, count + 1):
            ways = [
                (best[line - 1, start][0] + cost, (*best[line - 1, start][1], end))
                for start in range(line - 1, end)
                if (line - 1, start) in best
                and (
                    cost := _cost(measured(start, end), width, even, pieces[end - 1], end == count)
                )
                is not None
            ]
            if ways:
                best[line, end] = min(ways)
    found = best.get((lines, count))
    return found[1] if found else None


def _cost(line: float, width: float, even: float, last: str, is_end: bool) -> float | None:
    """Return how bad a line is: uneven, an orphan, or broken inside a phrase; None: too wide."""
    if line > width:
        return None
    uneven = ((line - even) / max(even, 1)) ** 2
    orphan = 1.0 if is_end and line < WIDOW * even else 0.0
    after_mark = last.rstrip().endswith((",", ":", ";", "–", "—", ".", "·", "|"))
    inside_word = not is_end and not last.endswith(" ")
    return uneven + orphan + (2.0 if inside_word else 0.0) - (0.06 if after_mark else 0.0)


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
    """Cut long words also before a consonant that a vowel follows, leaving four letters a side.

    The rule of thumb most European languages share; a soft hyphen in the text beats it.
    """
    return [piece for part in _parts(text) for piece in _cut_word(part)]


def _cut_word(word: str) -> Iterator[str]:
    bare = word.rstrip()
    if len(bare) < 10:
        yield word
        return
    start = 0
    for index in range(4, len(bare) - 3):
        is_onset = bare[index].lower() not in VOWELS and bare[index + 1].lower() in VOWELS
        if is_onset and bare[index - 1 : index + 1].isalpha() and index - start >= 3:
            yield word[start:index]
            start = index
    yield word[start:]


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
        end = start + 1
        while (
            end < len(pieces) and typesetter.width(_line(pieces[start : end + 1]), style) <= width
        ):
            end += 1
        lines.append(_line(pieces[start:end], is_end=end == len(pieces)))
        start = end
    rest = "".join(pieces[start:]).replace(SOFT_HYPHEN, "")
    return (*lines, shorten(typesetter, rest, style, width))


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
