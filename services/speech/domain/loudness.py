"""How loud sound is to a listener."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.chassis.timeline import SAMPLE_RATE
from services.speech.domain.resampling import Doubles, easy_length

SHELF: Final = ((1.53512485958697, -2.69169618940638, 1.19839281085285),
                (1.0, -1.69065929318241, 0.73248077421585))  # fmt: skip
HIGH_PASS: Final = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
BLOCK_SECONDS, OVERLAP = 0.4, 4
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0


def loudness(sound: Doubles) -> float:
    """Return the integrated loudness of mono sound at 48 kHz in LUFS; -inf where all is gated.

    Source: ITU-R BS.1770-4. The weighting is applied without its phase, which no power depends on.
    """
    size = easy_length(len(sound) + SAMPLE_RATE // 10)
    spectrum = np.fft.rfft(sound, size)
    weighted = np.fft.irfft(spectrum * _weighting(len(spectrum)), size)[: len(sound)]
    hop = round(BLOCK_SECONDS / OVERLAP * SAMPLE_RATE)
    count = len(sound) // hop
    parts = (weighted[: count * hop].reshape(count, hop) ** 2).mean(1)
    power = (
        np.convolve(parts, np.ones(OVERLAP) / OVERLAP, mode="valid") if count >= OVERLAP else parts
    )
    loud = power[_level(power) > ABSOLUTE_GATE]
    if not loud.size:
        return float("-inf")
    loud = loud[_level(loud) > _level(loud.mean()) + RELATIVE_GATE]
    return float(_level(loud.mean()))


def _level(power: Doubles | float) -> Doubles:
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(power, 1e-12)), np.float64)


def _weighting(count: int) -> Doubles:
    unit = np.exp(-1j * np.pi * np.arange(count) / (count - 1))
    gain = np.ones(count)
    for above, below in (SHELF, HIGH_PASS):
        gain *= np.abs(np.polyval(above[::-1], unit) / np.polyval(below[::-1], unit))
    return gain
