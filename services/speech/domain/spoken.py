"""Written text beside the words a voice is to say for it, so that times find their way back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Part:
    """A stretch of written text and what is said for it."""

    start: int
    """First character of the written text."""
    end: int
    spoken: str
    """Empty where nothing is said."""


@dataclass(frozen=True)
class Span:
    """A stretch of spoken text and the written words it says."""

    start: int
    """First character of the spoken text."""
    end: int
    first: int
    """Index of the first written word."""
    last: int
    """Index of the last written word, `first` where there is but one."""


@dataclass(frozen=True)
class SpokenText:
    """One sentence: what to say, and how it maps to the words as written."""

    text: str
    words: tuple[str, ...]
    spans: tuple[Span, ...]
    """In order, for every part that is said."""


def lay_out(written: str, parts: Iterable[Part]) -> SpokenText:
    """Return the spoken text that the parts of a written text make up.

    Parts are in order and lie on the words of the text. A word for which nothing is said, such
    as a dash, is shown together with the word before it.
    """
    said = [part for part in parts if part.spoken]
    words = _shown(written, said)
    spans: list[Span] = []
    spoken = ""
    for part in said:
        first, last = _covering(words, part)
        start = len(spoken) + bool(spoken)
        spoken = f"{spoken} {part.spoken}" if spoken else part.spoken
        spans.append(Span(start, len(spoken), first, last))
    return SpokenText(spoken, tuple(written[a:b] for a, b in words), tuple(spans))


def _shown(written: str, said: list[Part]) -> list[tuple[int, int]]:
    """Return where each word lies; words that are not said are joined to a neighbour."""
    words: list[tuple[int, int]] = []
    silent_from: int | None = None
    for start, end in (match.span() for match in WORD.finditer(written)):
        if any(part.start < end and start < part.end for part in said):
            words.append((start if silent_from is None else silent_from, end))
            silent_from = None
        elif words:
            words[-1] = (words[-1][0], end)
        elif silent_from is None:
            silent_from = start
    return words


def _covering(words: list[tuple[int, int]], part: Part) -> tuple[int, int]:
    touched = [i for i, (start, end) in enumerate(words) if part.start < end and start < part.end]
    return touched[0], touched[-1]
