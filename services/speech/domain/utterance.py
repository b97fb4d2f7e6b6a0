"""What a voice hands back for a text: raw sound and when it said what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Mark:
    """Something begins."""

    sample: int
    """At the utterance's own rate."""
    position: int
    """Character of the spoken text it belongs to; not used for phonemes."""
    ipa: str
    """A phoneme as the voice names it, stress and length marks included; empty for silence."""


@dataclass(frozen=True)
class Utterance:
    """One text, spoken."""

    samples: Samples
    rate: int
    """Samples per second."""
    words: tuple[Mark, ...]
    phonemes: tuple[Mark, ...]

    @property
    def end(self) -> int:
        """The sample after the last that belongs to a sound and not to the silence behind it."""
        last = len(self.samples)
        for mark in reversed(self.phonemes):
            if mark.ipa:
                return last
            last = mark.sample
        return 0

    @property
    def seconds(self) -> float:
        """How long it is without the silence behind it."""
        return self.end / self.rate
