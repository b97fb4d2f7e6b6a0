"""When each written word and each phoneme of a chunk is spoken."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from services.chassis.timeline import SAMPLE_RATE, Phoneme, Timing, Word
from services.speech.domain.phonemes import gapless, timed
from services.speech.domain.spoken import Span, SpokenText
from services.speech.domain.utterance import Utterance

Stretch = tuple[float, float]
"""Start and end in raw samples."""


@dataclass(frozen=True)
class Said:
    """A sentence, spoken, and where it lies in its chunk."""

    text: SpokenText
    utterance: Utterance
    start: int
    """In raw samples."""


def time_chunk(said: Sequence[Said], sample_count: int) -> Timing:
    """Return the times of all words and phonemes in samples at 48 kHz."""
    words: list[Word] = []
    phonemes: list[Phoneme] = []
    for one in said:
        scale = Fraction(SAMPLE_RATE, one.utterance.rate)
        for text, (start, end) in zip(one.text.words, word_stretches(one), strict=True):
            words.append(Word(text, _at(one, start, scale), _at(one, end, scale)))
        for ipa, start, end, stress in timed(one.utterance):
            phonemes.append(Phoneme(ipa, _at(one, start, scale), _at(one, end, scale), stress))
    return Timing(sample_count, tuple(words), gapless(phonemes, sample_count))


def _at(one: Said, raw: float, scale: Fraction) -> int:
    return round((one.start + Fraction(raw)) * scale)


def word_stretches(said: Said) -> list[Stretch]:
    """Return the stretch of sound of each written word, in raw samples of the utterance."""
    spans = said.text.spans
    stretches: list[list[Stretch]] = [[] for _ in said.text.words]
    for span, stretch in zip(spans, _span_stretches(spans, said.utterance), strict=True):
        lengths = [len(said.text.words[i]) for i in range(span.first, span.last + 1)]
        for word, part in zip(
            range(span.first, span.last + 1), _shared(stretch, lengths), strict=True
        ):
            stretches[word].append(part)
    return [(parts[0][0], parts[-1][1]) for parts in stretches]


def _span_stretches(spans: Sequence[Span], utterance: Utterance) -> list[Stretch]:
    """Return the sound of each span: from its first word mark to its last sound.

    The voice marks most words, but runs some together ("of the"): spans without a mark share the
    time of the marked one before them by their length.
    """
    firsts = _first_marks(spans, utterance)
    stretches: list[Stretch] = []
    marked = [i for i, first in enumerate(firsts) if first is not None] or [0]
    marked[0] = 0
    for start, stop in zip(marked, [*marked[1:], len(spans)], strict=True):
        begin = firsts[start]
        until = firsts[stop] if stop < len(spans) else None
        sound = _sounding(utterance, begin or 0.0, until)
        stretches += _shared(sound, [s.end - s.start for s in spans[start:stop]])
    return stretches


def _first_marks(spans: Sequence[Span], utterance: Utterance) -> list[float | None]:
    starts = [span.start for span in spans]
    firsts: list[float | None] = [None] * len(spans)
    latest = -1.0
    for mark in utterance.words:
        span = bisect_right(starts, mark.position) - 1
        if span >= 0 and firsts[span] is None and mark.sample > latest:
            firsts[span] = latest = float(mark.sample)
    return firsts


def _sounding(utterance: Utterance, start: float, until: float | None) -> Stretch:
    """Return where sounds begin and end between two word marks, without silence at the ends."""
    stop = float(utterance.end) if until is None else until
    heard = [
        (max(a, start), min(b, stop)) for _, a, b, _ in timed(utterance) if b > start and a < stop
    ]
    return (heard[0][0], heard[-1][1]) if heard else (min(start, stop), stop)


def _shared(stretch: Stretch, lengths: Sequence[int]) -> list[Stretch]:
    start, end = stretch
    total = sum(lengths)
    edges = [start + (end - start) * sum(lengths[:i]) / total for i in range(len(lengths) + 1)]
    return list(pairwise(edges))
