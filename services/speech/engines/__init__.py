"""Engines of speech: programs and networks that say a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.chassis.engines import Engines
from services.speech.domain.utterance import Utterance
from services.speech.domain.voice import Voice
from services.speech.engines.espeak import Espeak


class Engine(Protocol):
    """Speaks. The same texts in the same order give the same sound, whatever was said before."""

    @property
    def name(self) -> str:
        """As requests and metrics say it, for example "espeak"."""
        ...

    @property
    def fingerprint(self) -> str:
        """Name, version and the libraries that shape the sound: part of every task's key."""
        ...

    def voices(self) -> tuple[Voice, ...]:
        """Return the voices there are; the first of a language is its default."""
        ...

    def speak(self, texts: Sequence[str], voice: Voice) -> list[Utterance]:
        """Say each text, in order.

        The texts are words only: numbers, abbreviations and the like are written out already.
        Raises Transient where the program or server does not answer.
        """
        ...


def load() -> Engines[Engine]:
    """Return the engines that work here."""
    return Engines([Espeak.installed()])
