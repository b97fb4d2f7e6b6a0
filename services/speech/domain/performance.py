"""A chunk's text, spoken sentence by sentence, with our own pauses between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.errors import Invalid
from services.speech.domain.chunks import PARAGRAPH_PAUSE, SENTENCE_PAUSE
from services.speech.domain.normalise import normalise
from services.speech.domain.sentences import sentences
from services.speech.domain.spoken import Part, SpokenText, lay_out
from services.speech.domain.timing import Said
from services.speech.domain.utterance import Samples, Utterance

Speak = Callable[[Sequence[str]], list[Utterance]]
"""How a voice says texts."""

RELEASE_SECONDS: Final = 0.15
"""Kept behind a sentence's last phoneme, where its sound dies away."""


@dataclass(frozen=True)
class Performance:
    """What a voice made of a chunk."""

    samples: Samples
    """Raw sound, a little longer than `end`."""
    rate: int
    end: int
    """The sample after the last that belongs to a sound."""
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Reading:
    """How a text is read: its language, the channel's pronunciations, the voice."""

    language: str
    dictionary: Mapping[str, str]
    speak: Speak

    def parts(self, text: str) -> list[Part]:
        """Return what is said for each stretch of a sentence."""
        return normalise(text, self.language, self.dictionary)

    def spoken(self, text: str) -> SpokenText:
        """Return what is said for a sentence."""
        return lay_out(text, self.parts(text))

    def perform(self, text: str) -> Performance:
        """Speak a chunk. Raises Invalid where nothing in it can be said."""
        found = sentences(text, self.language)
        spoken = [self.spoken(sentence.text) for sentence in found]
        if not any(one.words for one in spoken):
            raise Invalid("script", "LANGUAGE_UNSUPPORTED", "there are no words in it to say")
        utterances = self.speak([one.text for one in spoken])
        pauses = [PARAGRAPH_PAUSE if one.ends_paragraph else SENTENCE_PAUSE for one in found]
        return _joined(spoken, utterances, pauses)


def _joined(
    texts: Sequence[SpokenText], utterances: Sequence[Utterance], pauses: Sequence[int]
) -> Performance:
    rate = utterances[0].rate
    said: list[Said] = []
    at = end = 0
    for spoken, utterance, pause in zip(texts, utterances, pauses, strict=True):
        said.append(Said(spoken, utterance, at))
        end = at + utterance.end
        at = end + pause * rate // 1000
    release = round(RELEASE_SECONDS * rate)
    samples = np.zeros(end + release, np.int16)
    for one in said:
        sound = one.utterance.samples[: one.utterance.end + release]
        samples[one.start : one.start + len(sound)] = sound
    return Performance(samples, rate, end, tuple(said))
