"""Captions: spoken words in cues of one or two lines, and when each is on screen."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

from services.chassis.timeline import SAMPLE_RATE, Timing, Word

Measure = Callable[[str], float]
"""Width of a line's text; 1 fills the line."""

LINE_CHARACTERS: Final = 42
"""Longest line that is read at a glance, as broadcasters have it."""
LONGEST_CUE_WORDS: Final = 24
LINGER_SECONDS: Final = 0.15
"""A cue stays that long after its last word."""
FLICKER_SECONDS: Final = 0.25
"""A gap shorter than this is not left between cues, nor before and after them."""
SHORTEST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 6.0
READING_CHARACTERS_PER_SECOND: Final = 20.0
SHORT_WORD: Final = 3
IMPOSSIBLE: Final = 1e9

SENTENCE_ENDS: Final = ".!?…。;·"
CLAUSE_ENDS: Final = ",;:—–"
JOINTS: Final = "/-_.@?&="
CLOSERS: Final = "\"'”’»)]"


@dataclass(frozen=True)
class Cue:
    """Words that are on screen together."""

    lines: tuple[tuple[Word, ...], ...]
    """One line or two."""
    start: int
    """First sample it is seen at."""
    end: int
    """Sample it is gone at."""

    @property
    def words(self) -> tuple[Word, ...]:
        """Return its words in order."""
        return tuple(word for line in self.lines for word in line)

    @property
    def texts(self) -> tuple[str, ...]:
        """Return its lines as text."""
        return tuple(_text(line) for line in self.lines)

    def active(self, sample: int) -> int:
        """Return the index of the word that is being spoken, or was last."""
        begun = [index for index, word in enumerate(self.words) if word.start <= sample]
        return begun[-1] if begun else 0

    def moved(self, samples: int) -> Cue:
        """Return the cue that much later."""
        lines = tuple(
            tuple(
                replace(word, start=word.start + samples, end=word.end + samples) for word in line
            )
            for line in self.lines
        )
        return Cue(lines, self.start + samples, self.end + samples)


def by_characters(text: str) -> float:
    """Measure a line by its characters; for captions that some other program sets in type."""
    return len(text) / LINE_CHARACTERS


def cues(timing: Timing, measure: Measure = by_characters) -> tuple[Cue, ...]:
    """Cut a chunk's words into cues whose lines are no wider than 1 by `measure`.

    Of all ways to cut, the one with the least to dislike: breaks inside phrases, short flashes,
    lines of unlike length, single words. A word wider than a line is cut itself.
    """
    measured = lru_cache(maxsize=4096)(measure)
    words = [piece for word in timing.words for piece in _pieces(word, measured)]
    grouped = [_laid_out(words[i:j], measured)[1] for i, j in _best_cuts(words, measured)]
    return tuple(_timed(grouped, timing.sample_count))


def at_frames(
    shown: Sequence[Cue], first_sample: int, samples_per_frame: int, frame_count: int
) -> Iterator[tuple[Cue, int] | None]:
    """Yield for each frame the cue on screen and its word being spoken, judged at mid-frame.

    first_sample: where the first frame begins on the cues' clock; negative before it.
    """
    for frame in range(frame_count):
        sample = first_sample + frame * samples_per_frame + samples_per_frame // 2
        cue = next((cue for cue in shown if cue.start <= sample < cue.end), None)
        yield None if cue is None else (cue, cue.active(sample))


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _pieces(word: Word, measure: Measure) -> Iterator[Word]:
    """Cut a word that is wider than a line; its time is shared out by letters."""
    rest, start = word.text, word.start
    while measure(rest) > 1 and len(rest) > 1:
        head = _head(rest, measure)
        end = start + (word.end - start) * len(head) // len(rest)
        parted = head[-1].isalpha() and rest[len(head)].isalpha()
        yield Word(head + "-" if parted else head, start, end)
        rest, start = rest[len(head) :], end
    yield Word(rest, start, word.end)


def _head(text: str, measure: Measure) -> str:
    """Return how much of a long word goes on one line: up to a joint of an address if there is one.

    A letter is never parted from its accents.
    """
    fits = next((n for n in range(len(text) - 1, 1, -1) if measure(text[:n] + "-") <= 1), 1)
    joint = max(text.rfind(mark, 0, fits) for mark in JOINTS) + 1
    length = joint if joint > fits // 2 else fits
    while length > 1 and unicodedata.combining(text[length]):
        length -= 1
    return text[:length]


def _best_cuts(words: Sequence[Word], measure: Measure) -> list[tuple[int, int]]:
    """Return the words' ranges, one a cue, with the least total cost."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for j in range(1, len(words) + 1):
        starts = range(max(0, j - LONGEST_CUE_WORDS), j)
        best.append(min((best[i][0] + _cue_cost(words, i, j, measure), i) for i in starts))
    ranges: list[tuple[int, int]] = []
    j = len(words)
    while j > 0:
        ranges.append((best[j][1], j))
        j = best[j][1]
    return ranges[::-1]


def _cue_cost(words: Sequence[Word], i: int, j: int, measure: Measure) -> float:
    cue = words[i:j]
    layout_cost, _ = _laid_out(cue, measure)
    until = words[j].start if j < len(words) else cue[-1].end
    seconds = max(until - cue[0].start, 1) / SAMPLE_RATE
    rush = len(_text(cue)) / seconds - READING_CHARACTERS_PER_SECOND
    sentences = sum(_ends_sentence(*pair) for pair in pairwise(cue))
    return (
        1.0
        + layout_cost
        + (3.0 * _break_cost(words, j) if j < len(words) else 0.0)
        + 4.0 * max(0.0, SHORTEST_SECONDS - seconds)
        + 2.0 * max(0.0, seconds - LONGEST_SECONDS)
        + 0.05 * max(0.0, rush)
        + 2.5 * sentences
        + (1.0 if len(cue) == 1 else 0.0)
    )


def _laid_out(cue: Sequence[Word], measure: Measure) -> tuple[float, tuple[tuple[Word, ...], ...]]:
    """Return the least cost of setting words on one line or two, and those lines."""
    if len(cue) == 1 or measure(_text(cue)) <= 1:
        return 0.0, (tuple(cue),)
    ways = []
    for k in range(1, len(cue)):
        above, below = measure(_text(cue[:k])), measure(_text(cue[k:]))
        too_wide = IMPOSSIBLE * (max(above, below) > 1)
        ways.append((too_wide + 1.5 * abs(above - below) + _break_cost(cue, k), k))
    cost, k = min(ways)
    return cost, (tuple(cue[:k]), tuple(cue[k:]))


def _break_cost(words: Sequence[Word], k: int) -> float:
    """Return how bad it is to part words k-1 and k: 0 between sentences, 2 inside a phrase."""
    before, after = words[k - 1], words[k]
    if _ends_sentence(before, after):
        return 0.0
    if _ends(before, CLAUSE_ENDS):
        return 0.2
    pause = (after.start - before.end) / SAMPLE_RATE
    # Short words are articles and prepositions in most languages: a phrase begins with one.
    clings = len(before.text) <= SHORT_WORD or before.text[-1].isdigit()
    opens = len(after.text) <= SHORT_WORD and after.text.isalpha() and not clings
    return (0.5 if pause > FLICKER_SECONDS else 1.0) + 1.0 * clings - 0.4 * opens


def _ends_sentence(word: Word, after: Word) -> bool:
    """Return whether a full stop is one: none stands in "10 a.m. to" and in "Dr. Brandt"."""
    if not _ends(word, SENTENCE_ENDS) or after.text[:1].islower():
        return False
    return len(word.text) > len("Dr.") or word.text[-1] != "."


def _ends(word: Word, marks: str) -> bool:
    return word.text.rstrip(CLOSERS)[-1:] in tuple(marks)


def _timed(grouped: Sequence[tuple[tuple[Word, ...], ...]], sample_count: int) -> Iterator[Cue]:
    """Say when each cue is seen; they never overlap, and no short gap flickers between them."""
    flicker = int(FLICKER_SECONDS * SAMPLE_RATE)
    starts = [lines[0][0].start for lines in grouped]
    if starts and starts[0] < flicker / 2:
        starts[0] = 0
    for index, lines in enumerate(grouped):
        limit = starts[index + 1] if index + 1 < len(grouped) else sample_count
        least = starts[index] + int(SHORTEST_SECONDS * SAMPLE_RATE)
        end = max(lines[-1][-1].end + int(LINGER_SECONDS * SAMPLE_RATE), least)
        yield Cue(lines, starts[index], limit if end > limit - flicker else end)
