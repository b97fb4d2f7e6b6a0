"""From the voice's raw sound to 48 kHz programme sound, with fixed settings and no delay.

Everything is linear phase or looks ahead, so that a time measured in the raw sound holds in the
finished sound once it is scaled to the new rate. Nothing is measured on the chunk: the same word
sounds the same in every chunk, and joining needs no more than one gain for the whole programme.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from services.chassis.timeline import SAMPLE_RATE, Floats
from services.speech.domain.resampling import Doubles, Response, band, easy_length, resample

Bells = Sequence[tuple[float, float, float]]

FADE_IN_SECONDS, FADE_OUT_SECONDS = 0.004, 0.05
LOW_CUT_HERTZ: Final = 75.0
TOP_HERTZ: Final = 11_000.0
"""The voice's rate ends at 11,025 Hz; what lies above would be its mirror image."""
EQUALISERS: Final = {
    "female": ((190.0, 0.7, 1.0), (1_500.0, 0.5, -2.0), (4_600.0, 0.5, -7.5), (8_000.0, 0.5, -4.0)),
    "male": ((200.0, 0.4, -2.5), (3_800.0, 0.35, 1.5), (7_000.0, 0.5, -2.5)),
}
"""Bells for each tone: centre in hertz, width in octaves (standard deviation), gain in decibels.
Chosen so that the voices' long-term spectra come near to that of natural speech."""
THRESHOLD_DECIBELS: Final = -24.0
RATIO: Final = 2.0
KNEE_DECIBELS: Final = 8.0
LEVEL_SECONDS: Final = 0.06
CEILING_DECIBELS: Final = -2.3
LOOK_AHEAD_SECONDS: Final = 0.004
OVERSAMPLING: Final = 4


def master(samples: npt.NDArray[np.int16], rate: int, tone: str, gain_decibels: float) -> Floats:
    """Return raw sound, (n,), as float sound at 48 kHz, (n * 48000 / rate rounded up,).

    A sample at index i of the raw sound lies at i * 48000 / rate. True peak stays below -2 dBTP.
    """
    sound = samples.astype(np.float64) / 32768
    wide = resample(sound, rate, SAMPLE_RATE, response(EQUALISERS[tone]))
    wide = compress(wide) * decibels(gain_decibels)
    return faded(limit(wide)).astype(np.float32)


def decibels(value: float | Doubles) -> Doubles:
    """Return the factor that a gain in decibels is."""
    return np.asarray(10.0 ** (np.asarray(value) / 20), np.float64)


def response(bells: Bells) -> Response:
    """Return the equaliser that some bells make, within the band that the voice has."""
    passes = band(LOW_CUT_HERTZ, TOP_HERTZ)

    def equaliser(hertz: Doubles) -> Doubles:
        octaves = np.log2(np.maximum(hertz, 1.0))
        gains = (
            gain * np.exp(-0.5 * ((octaves - np.log2(centre)) / width) ** 2)
            for centre, width, gain in bells
        )
        return np.asarray(decibels(np.sum(list(gains), axis=0)) * passes(hertz), np.float64)

    return equaliser


def compress(sound: Doubles) -> Doubles:
    """Return sound whose loud syllables are turned down a little; soft knee, no make-up gain."""
    level = 10 * np.log10(_smoothed(sound**2, round(LEVEL_SECONDS * SAMPLE_RATE)) + 1e-10)
    over = level - THRESHOLD_DECIBELS
    knee = np.clip(over + KNEE_DECIBELS / 2, 0, KNEE_DECIBELS) ** 2 / (2 * KNEE_DECIBELS)
    excess = np.where(over > KNEE_DECIBELS / 2, over, knee)
    return sound * decibels(-excess * (1 - 1 / RATIO))


def limit(sound: Doubles) -> Doubles:
    """Return sound whose true peak stays below the ceiling; it looks ahead, so nothing clips."""
    reach = round(LOOK_AHEAD_SECONDS * SAMPLE_RATE)
    need = np.minimum(1.0, decibels(CEILING_DECIBELS) / np.maximum(true_peaks(sound), 1e-9))
    return sound * _smoothed(_lowest(need, reach), reach)


def true_peaks(sound: Doubles) -> Doubles:
    """Return the highest magnitude between each sample's neighbours, (n,)."""
    size = easy_length(len(sound))
    fine = np.fft.irfft(np.fft.rfft(sound, size), size * OVERSAMPLING) * OVERSAMPLING
    peaks = np.abs(fine).reshape(size, OVERSAMPLING).max(axis=1)
    return np.asarray(np.maximum(peaks, np.roll(peaks, 1))[: len(sound)], np.float64)


def _lowest(values: Doubles, reach: int) -> Doubles:
    """Return the least value within `reach` samples before and after each."""
    lowest = np.pad(values, reach, mode="edge")
    span, width = 1, 2 * reach + 1
    while span < width:  # each round doubles the stretch that a value speaks for
        step = min(span, width - span)
        lowest = np.minimum(lowest[:-step], lowest[step:])
        span += step
    return lowest


def _smoothed(values: Doubles, width: int) -> Doubles:
    """Return the mean over a raised-cosine window of `width` samples around each value."""
    window = np.hanning(width + 2)[1:-1]
    half = len(window) // 2
    padded = np.pad(values, (half, len(window) - 1 - half), mode="edge")
    size = easy_length(len(padded) + len(window))
    mean = np.fft.irfft(np.fft.rfft(padded, size) * np.fft.rfft(window / window.sum(), size), size)
    return np.asarray(mean[len(window) - 1 : len(window) - 1 + len(values)], np.float64)


def faded(sound: Doubles) -> Doubles:
    """Return sound that begins and ends in silence."""
    shaped = sound.copy()
    for ends, seconds in ((shaped, FADE_IN_SECONDS), (shaped[::-1], FADE_OUT_SECONDS)):
        n = min(round(seconds * SAMPLE_RATE), len(sound) // 2)
        ends[:n] *= 0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / max(n, 1))
    return shaped
