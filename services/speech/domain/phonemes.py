"""A voice's phoneme events as single timed sounds without a gap."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from services.chassis.timeline import Phoneme
from services.speech.domain.utterance import Utterance

PRIMARY, SECONDARY, LONG = "ˈ", "ˌ", "ː"
LONG_SHARE: Final = 1.5
GLOTTAL_STOP, GLOTTAL_SECONDS = "ʔ", 0.06
AFFRICATES: Final = {"tʃ": (0.4, 0.6), "dʒ": (0.4, 0.6), "ts": (0.4, 0.6), "dz": (0.4, 0.6)}
"""Shares of the stop and of the friction after it."""


def sounds(ipa: str) -> list[tuple[str, float]]:
    """Split one event such as "ˈoʊ" or "tʃ" into single phonemes with their shares of its time.

    A length mark lengthens the phoneme before it; other marks (nasal, syllabic, palatal) do not
    change how the mouth looks and are dropped. Shares add up to 1; no phoneme at all: silence.
    """
    split: list[tuple[str, float]] = []
    for letter in ipa:
        if letter == LONG and split:
            split[-1] = (split[-1][0], split[-1][1] * LONG_SHARE)
        elif unicodedata.category(letter) in {"Ll", "Lo"}:
            split.append((letter, 1.0))
    letters = "".join(letter for letter, _ in split)
    if letters in AFFRICATES:
        return list(zip(letters, AFFRICATES[letters], strict=True))
    total = sum(share for _, share in split)
    return [(letter, share / total) for letter, share in split]


def stress(ipa: str) -> float:
    """Return 1 for primary stress, .5 for secondary, 0 for none."""
    return 1.0 if PRIMARY in ipa else 0.5 if SECONDARY in ipa else 0.0


def timed(utterance: Utterance) -> Iterator[tuple[str, float, float, float]]:
    """Yield phoneme, start, end and stress of an utterance's sounds; times in raw samples.

    A very short silence between sounds is a glottal stop: the mouth does not close for it.
    """
    marks = utterance.phonemes
    ends = [mark.sample for mark in marks[1:]] + [len(utterance.samples)]
    shortest = GLOTTAL_SECONDS * utterance.rate
    for mark, end in zip(marks, ends, strict=True):
        at = float(mark.sample)
        if not mark.ipa and 0 < at < utterance.end and end - at < shortest:
            yield GLOTTAL_STOP, at, float(end), 0.0
        for letter, share in sounds(mark.ipa):
            until = at + (end - mark.sample) * share
            yield letter, at, until, stress(mark.ipa)
            at = until


def gapless(spoken: list[Phoneme], sample_count: int) -> tuple[Phoneme, ...]:
    """Return the phonemes with silence wherever there was none, from 0 to `sample_count`."""
    filled: list[Phoneme] = []
    at = 0
    for phoneme in spoken:
        if phoneme.start > at:
            filled.append(Phoneme("", at, phoneme.start, 0.0))
        if phoneme.end > phoneme.start:
            filled.append(phoneme)
            at = phoneme.end
    if sample_count > at:
        filled.append(Phoneme("", at, sample_count, 0.0))
    return tuple(filled)
