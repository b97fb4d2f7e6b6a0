"""A narration that somebody recorded: made fit to use, cut where its sentences end, and timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from services.chassis.errors import Invalid
from services.chassis.timeline import SAMPLE_RATE, Floats, Phoneme, Timing, Word
from services.speech.domain.alignment import RATE_HERTZ, Warp, align
from services.speech.domain.breaths import halves
from services.speech.domain.chunks import (
    BREATH_PAUSE,
    CHUNK_SECONDS,
    PARAGRAPH_PAUSE,
    SENTENCE_PAUSE,
    Piece,
    group,
    text_of,
)
from services.speech.domain.loudness import loudness
from services.speech.domain.mastering import decibels, faded, limit
from services.speech.domain.performance import Performance, Reading
from services.speech.domain.phonemes import gapless
from services.speech.domain.resampling import Doubles, band, resample
from services.speech.domain.sentences import sentences
from services.speech.domain.timing import time_chunk

TARGET_LUFS: Final = -16.0
LOW_CUT_HERTZ: Final = 60.0
TOP_HERTZ: Final = 20_000.0
MARGIN_SECONDS: Final = 0.25
"""Silence put around the voice's speech, as a cut recording has it."""
COARSE, FINE = 0.03, 0.01
"""Seconds between two frames that are aligned: of a whole narration, of a chunk."""
BEFORE_SECONDS, AFTER_SECONDS = 0.2, 0.6
"""The most silence a chunk keeps around what is said."""
LIKELY_PACE: Final = (0.4, 2.5)
"""How long a recording may be beside the voice's speech of the script."""


@dataclass(frozen=True)
class Stretch:
    """A chunk of a narration."""

    text: str
    start: int
    """First sample at 48 kHz."""
    sample_count: int


@dataclass(frozen=True)
class Told:
    """A piece of script and where the narration says it, in seconds."""

    piece: Piece
    start: float
    """The middle of the silence before it."""
    end: float
    spoken_from: float
    spoken_until: float


def fit_for_use(samples: Floats, rate: int) -> Floats:
    """Return a recording, (samples, channels), as mono at 48 kHz and about -16 LUFS."""
    mono = samples.astype(np.float64).mean(axis=1)
    top = min(TOP_HERTZ, 0.49 * rate)
    sound = resample(mono, rate, SAMPLE_RATE, band(LOW_CUT_HERTZ, top))
    level = loudness(sound)
    gain = decibels(TARGET_LUFS - level) if np.isfinite(level) else np.ones(())
    return np.asarray(limit(sound * gain), np.float32)


def cut(script: str, sound: Floats, reading: Reading) -> list[Stretch]:
    """Return the chunks of a whole narration, cut in its pauses.

    Raises Invalid where the narration is not the script's, or has no place to cut.
    """
    performance = reading.perform(script)
    _check_pace(performance, len(sound) / SAMPLE_RATE)
    warp = _warp(performance, sound, COARSE)
    told = _told(script, performance, warp, _levels(sound), reading)
    runs = _runs(told)
    return [_stretch(run, len(sound)) for run in runs]


def time_stretch(text: str, sound: Floats, sample_count: int, reading: Reading) -> Timing:
    """Return when a chunk's recording says each word and phoneme, `sample_count` samples long."""
    performance = reading.perform(text)
    warp = _warp(performance, sound, FINE)
    spoken = time_chunk(performance.said, performance.end * SAMPLE_RATE // performance.rate)

    def at(sample: int) -> int:
        return min(round(float(warp.at(sample / SAMPLE_RATE)) * SAMPLE_RATE), sample_count)

    words = tuple(Word(one.text, at(one.start), at(one.end)) for one in spoken.words)
    phonemes = [Phoneme(p.ipa, at(p.start), at(p.end), p.stress) for p in spoken.phonemes if p.ipa]
    return Timing(sample_count, words, gapless(phonemes, sample_count))


def edged(sound: Floats, sample_count: int) -> Floats:
    """Return a stretch of recording that begins and ends in silence, padded to its length."""
    padded = np.zeros(sample_count, np.float32)
    padded[: len(sound)] = faded(sound.astype(np.float64))
    return padded


def _check_pace(performance: Performance, seconds: float) -> None:
    expected = performance.end / performance.rate
    if not LIKELY_PACE[0] <= seconds / expected <= LIKELY_PACE[1]:
        remedy = f"it lasts {seconds:.0f} s, the script takes about {expected:.0f} s to say"
        raise Invalid("recording", "RECORDING_SCRIPT_MISMATCH", remedy)


def _warp(performance: Performance, sound: Floats, hop_seconds: float) -> Warp:
    """Return the warp from seconds of the voice's speech to seconds of the recording."""
    passes = band(LOW_CUT_HERTZ, RATE_HERTZ * 0.48)
    spoken = performance.samples.astype(np.float64) / 32768
    margin = np.zeros(round(MARGIN_SECONDS * RATE_HERTZ))
    reference = np.r_[margin, resample(spoken, performance.rate, RATE_HERTZ, passes), margin]
    recorded = resample(sound.astype(np.float64), SAMPLE_RATE, RATE_HERTZ, passes)
    warp = align(reference, recorded, hop_seconds)
    return Warp(warp.spoken - MARGIN_SECONDS, warp.recorded)


def _told(
    script: str, performance: Performance, warp: Warp, levels: Doubles, reading: Reading
) -> list[Told]:
    """Return sentences, and parts of long ones, with where the narration says them."""
    timing = time_chunk(performance.said, 1 << 40)
    words = [(float(warp.at(w.start / SAMPLE_RATE)), float(warp.at(w.end / SAMPLE_RATE)))
             for w in timing.words]  # fmt: skip
    counts = [len(said.text.words) for said in performance.said]
    pieces: list[tuple[Piece, int, int]] = []
    first = 0
    for sentence, count in zip(sentences(script, reading.language), counts, strict=True):
        pause = PARAGRAPH_PAUSE if sentence.ends_paragraph else SENTENCE_PAUSE
        pieces += _short_enough(
            Piece(sentence.text, 0.0, pause), first, first + count, words, reading
        )
        first += count
    quiet = [_quietest(levels, words[a - 1][1], words[a][0]) for _, a, _ in pieces[1:]]
    edges = [0.0, *quiet, len(levels) * FINE]
    return [
        Told(_lasting(piece, end - start), start, end, words[a][0], words[b - 1][1])
        for (piece, a, b), (start, end) in zip(pieces, pairwise(edges), strict=True)
    ]


def _lasting(piece: Piece, seconds: float) -> Piece:
    return Piece(piece.text, seconds - piece.pause / 1000, piece.pause)


def _short_enough(
    piece: Piece, first: int, last: int, words: list[tuple[float, float]], reading: Reading
) -> list[tuple[Piece, int, int]]:
    """Cut a sentence, words `first` to `last`, until every part is said within a chunk's time."""
    if words[last - 1][1] - words[first][0] <= CHUNK_SECONDS - BEFORE_SECONDS - AFTER_SECONDS:
        return [(piece, first, last)]
    before, after = halves(piece.text, reading.parts(piece.text), reading.language)
    middle = min(first + len(reading.spoken(before).words), last - 1)
    head, tail = Piece(before, 0.0, BREATH_PAUSE), Piece(after, 0.0, piece.pause)
    return [
        *_short_enough(head, first, middle, words, reading),
        *_short_enough(tail, middle, last, words, reading),
    ]


def _runs(told: Sequence[Told]) -> list[list[Told]]:
    runs, at = [], 0
    for run in group([one.piece for one in told]):
        runs.append(list(told[at : at + len(run)]))
        at += len(run)
    return runs


def _stretch(run: Sequence[Told], sample_count: int) -> Stretch:
    """Return a run as samples, long silence around it left out."""
    start = max(run[0].start, run[0].spoken_from - BEFORE_SECONDS, 0.0)
    end = min(run[-1].end, run[-1].spoken_until + AFTER_SECONDS, start + CHUNK_SECONDS)
    first = round(start * SAMPLE_RATE)
    count = min(round(end * SAMPLE_RATE), sample_count) - first
    return Stretch(text_of([one.piece for one in run]), first, count)


def _levels(sound: Floats) -> Doubles:
    """Return the power of every 10 ms, smoothed over 50."""
    hop = round(FINE * SAMPLE_RATE)
    power = (sound[: len(sound) // hop * hop].astype(np.float64).reshape(-1, hop) ** 2).mean(1)
    return np.asarray(np.convolve(power, np.ones(5) / 5, mode="same"), np.float64)


def _quietest(levels: Doubles, after: float, before: float) -> float:
    """Return the middle of the quiet between two words, which the alignment places roughly."""
    start = max(int((min(after, before) - 0.1) / FINE), 0)
    end = min(int((max(after, before) + 0.1) / FINE) + 1, len(levels))
    window = levels[start:end]
    quiet = np.flatnonzero(window <= max(window.min() * 4, 1e-8))
    return float((start + quiet[len(quiet) // 2] + 0.5) * FINE)
