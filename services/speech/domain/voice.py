"""Who speaks: a voice's settings, and how a request turns them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.chassis.errors import Invalid, Violation

SLOWEST, FASTEST = 120, 220  # words a minute


@dataclass(frozen=True)
class Voice:
    """One voice of an engine, with what was measured of it."""

    name: str
    """As orders say it."""
    language: str
    """BCP 47 tag of what it speaks."""
    program: str
    """As the engine calls it."""
    words_per_minute: float
    """Measured on news copy, pauses included."""
    rate: float
    """The engine's own speed setting that gives `words_per_minute`."""
    pitch: int
    """0 to 100; 50 is the engine's own."""
    pitch_range: int
    """0 to 100; 50 is the engine's own."""
    tone: str
    """Which equaliser of mastering suits it: "female" or "male"."""
    gain_decibels: float
    """Brings a programme of this voice to -16 LUFS; measured once, never per chunk."""
    syllables_per_second: float
    """Measured on news copy at `words_per_minute`, pauses included."""

    def at(self, words_per_minute: int, pitch: int) -> Voice:
        """Return the voice at another speed and pitch; 0 keeps its own.

        Raises Invalid for a speed or pitch out of range.
        """
        wrong = list(_out_of_range(words_per_minute, pitch))
        if wrong:
            raise Invalid.every(wrong)
        ratio = words_per_minute / self.words_per_minute if words_per_minute else 1.0
        return replace(
            self,
            words_per_minute=self.words_per_minute * ratio,
            rate=self.rate * ratio,
            pitch=pitch or self.pitch,
            syllables_per_second=self.syllables_per_second * ratio,
        )


def _out_of_range(words_per_minute: int, pitch: int) -> list[Violation]:
    wrong = []
    if words_per_minute and not SLOWEST <= words_per_minute <= FASTEST:
        remedy = f"{words_per_minute} is not {SLOWEST} to {FASTEST} words a minute"
        wrong.append(Violation("voice.words_per_minute", "VALUE_OUT_OF_RANGE", remedy))
    if pitch > 100:
        wrong.append(Violation("voice.pitch", "VALUE_OUT_OF_RANGE", f"{pitch} is not 1 to 100"))
    return wrong
