"""Which sentences make a chunk: content decides, so that an edit stays where it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

CHUNK_SECONDS: Final = 10.0
BUDGET_SECONDS: Final = 9.3
"""What is aimed at: a voice takes a little longer or shorter over a chunk than over its parts."""
BREATH_PAUSE, SENTENCE_PAUSE, PARAGRAPH_PAUSE = 160, 360, 650
"""Silence in milliseconds where a sentence is cut for breath, after one, and after a paragraph."""
CHUNKS_LIMIT: Final = 1000


@dataclass(frozen=True)
class Piece:
    """A sentence, or a part of a long one."""

    text: str
    seconds: float
    """How long its voice takes, without the pause behind it."""
    pause: int
    """Milliseconds of silence behind it: one of the three pauses."""

    @property
    def whole_seconds(self) -> float:
        """Its length with the pause."""
        return self.seconds + self.pause / 1000

    @cached_property
    def rank(self) -> tuple[int, bytes]:
        """How gladly it is cut behind: paragraph, sentence, breath; then its last words decide."""
        last = " ".join(self.text.rsplit(maxsplit=2)[-2:])
        return self.pause, hashlib.sha256(last.encode()).digest()


def group(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return the pieces as runs that last at most the budget.

    The whole is cut at the place that ranks highest, and its halves again, until every run fits.
    A place ranks by the words before it and by nothing else, so a sentence that grows or shrinks
    cuts or joins its own chunk, and one that ends in other words moves the cut behind it: chunks
    farther off stay as they are. (Joining short neighbours afterwards would save one chunk in
    eight, but then an edit reaches farther.)
    """
    waiting: list[Sequence[Piece]] = [pieces]
    runs: list[list[Piece]] = []
    while waiting:
        run = waiting.pop()
        if len(run) == 1 or sum(piece.whole_seconds for piece in run) <= BUDGET_SECONDS:
            runs.append(list(run))
        else:
            waiting += reversed(parted(run))
    return runs


def parted(pieces: Sequence[Piece]) -> list[Sequence[Piece]]:
    """Return two or more pieces as two runs, cut behind the piece that ranks highest."""
    middle = len(pieces) / 2  # among the same words said again and again
    cut = max(range(1, len(pieces)), key=lambda i: (pieces[i - 1].rank, -abs(i - middle)))
    return [pieces[:cut], pieces[cut:]]


def text_of(run: Sequence[Piece]) -> str:
    """Return the words of a chunk; an empty line parts paragraphs inside it."""
    joints = ["\n\n" if piece.pause == PARAGRAPH_PAUSE else " " for piece in run[:-1]]
    return "".join(p.text + joint for p, joint in zip(run, [*joints, ""], strict=True))
