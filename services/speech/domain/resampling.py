"""Sound at another rate, filtered on the way: one multiplication of its spectrum, and no delay."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Response = Callable[[Doubles], Doubles]
"""What a filter does at each frequency in hertz, as a factor."""

EDGE_SECONDS: Final = 0.1
"""Silence put around the sound, so that filters do not wrap from its end to its beginning."""


def resample(sound: Doubles, rate: int, to_rate: int, response: Response) -> Doubles:
    """Return sound at another rate, (n * to_rate / rate rounded up,), filtered with linear phase.

    Sample i of the sound lies at i * to_rate / rate. The response has to end below half of both
    rates.
    """
    unit = rate // math.gcd(rate, to_rate)  # so many samples are a whole number at the new rate
    edge = -(-int(EDGE_SECONDS * rate) // unit) * unit
    length = easy_length(-(-(len(sound) + 2 * edge) // unit)) * unit
    padded = np.zeros(length)
    padded[edge : edge + len(sound)] = sound
    spectrum = np.fft.rfft(padded)
    spectrum *= response(np.arange(len(spectrum), dtype=np.float64) * (rate / length))
    out = length * to_rate // rate
    wide = np.fft.irfft(spectrum, out) * (out / length)
    start = edge * to_rate // rate
    return np.asarray(wide[start : start + -(-len(sound) * to_rate // rate)], np.float64)


def band(low_hertz: float, high_hertz: float) -> Response:
    """Return a response that lets a band pass: a gentle low cut and a steep top."""

    def response(hertz: Doubles) -> Doubles:
        low = 1 / (1 + (low_hertz / np.maximum(hertz, 1e-3)) ** 6)
        falling = np.clip((high_hertz - hertz) / (0.05 * high_hertz), 0, 1)
        return np.asarray(low * (0.5 - 0.5 * np.cos(np.pi * falling)), np.float64)

    return response


def easy_length(length: int) -> int:
    """Return the least number from `length` on whose prime factors are 2, 3 and 5: quick to FFT."""
    powers = [3**b * 5**c for b in range(3) for c in range(3)]
    return int(min(odd << max(0, -(-length // odd) - 1).bit_length() for odd in powers))
