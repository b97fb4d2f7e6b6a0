"""Mel spectra as Wav2Lip and SyncNet hear speech."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.chassis.errors import Invalid
from services.chassis.timeline import SAMPLE_RATE, Floats

Reals = npt.NDArray[np.floating[Any]]

HEARD_HERTZ: Final = 16_000
"""Samples per second that the networks were trained on."""
COLUMNS_PER_SECOND: Final = 80
BANDS: Final = 80
WINDOW: Final = 800
HOP: Final = 200
LOWEST_HERTZ: Final = 55.0
HIGHEST_HERTZ: Final = 7600.0
EMPHASIS: Final = 0.97
FLOOR: Final = 1e-5
"""Of the amplitude: -100 dB."""
REFERENCE_DECIBELS: Final = 20.0
RANGE_DECIBELS: Final = 100.0
LARGEST: Final = 4.0
LINEAR_BELOW_HERTZ: Final = 1000.0
HERTZ_PER_MEL: Final = 200 / 3
MELS_PER_E: Final = 27 / np.log(6.4)


def resampled(samples: Reals) -> Floats:
    """Return speech at 16 kHz (ceil(n / 3),) of speech at 48 kHz (n,): the same spectrum, cut off.

    Above 7.6 kHz the networks hear nothing, so the cut needs no slope.
    """
    ratio = SAMPLE_RATE // HEARD_HERTZ
    padded = np.pad(np.asarray(samples, np.float64), (0, -len(samples) % ratio))
    count = len(padded) // ratio
    spectrum = np.fft.rfft(padded)[: count // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, count) / ratio, np.float32)


def spectrogram(samples: Reals) -> Floats:
    """Return the mel spectrum (80, 1 + n // 200) of speech (n,) at 16 kHz, -4 to 4.

    samples from -1 to 1; column k is centred on sample 200 k, and both ends are continued by
    reflection. Raises Invalid for speech shorter than half a window, and for NaN.
    Source: Wav2Lip's published front end: emphasis of .97, Hann window of 800, amplitude on 80
    Slaney bands from 55 to 7600 Hz, 20 dB reference, 100 dB onto -4 to 4.
    """
    if len(samples) <= WINDOW // 2:
        raise Invalid("speech", "SPEECH_LENGTH_INVALID", f"send more than {WINDOW // 2} samples")
    if not np.isfinite(samples).all():
        raise Invalid("speech", "SPEECH_NOT_FINITE", "samples are numbers from -1 to 1")
    amplitude = _amplitudes(_emphasised(np.asarray(samples, np.float64)))
    decibels = 20 * np.log10(np.maximum(FLOOR, bands() @ amplitude)) - REFERENCE_DECIBELS
    levels = 2 * LARGEST * (decibels + RANGE_DECIBELS) / RANGE_DECIBELS - LARGEST
    return np.asarray(levels.clip(-LARGEST, LARGEST), np.float32)


@cache
def bands() -> Reals:
    """Return the mel bands (80, 401) over the bins of a spectrum of 800 samples at 16 kHz.

    Source: Slaney 1998, Auditory Toolbox: triangles of equal area between 82 points on his scale.
    """
    low, high = _mel(np.array([LOWEST_HERTZ, HIGHEST_HERTZ]))
    edges = _hertz(np.linspace(low, high, BANDS + 2))[:, None]
    bins = np.fft.rfftfreq(WINDOW, 1 / HEARD_HERTZ)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles: Reals = np.minimum(rising, falling).clip(0) * 2 / (edges[2:] - edges[:-2])
    triangles.setflags(write=False)
    return triangles


def _emphasised(samples: Reals) -> Reals:
    return np.concatenate([samples[:1], samples[1:] - EMPHASIS * samples[:-1]])


def _amplitudes(samples: Reals) -> Reals:
    """Return the amplitude (401, columns) under a periodic Hann window, centred on each hop."""
    padded = np.pad(samples, WINDOW // 2, mode="reflect")
    stretches = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    amplitudes: Reals = np.abs(np.fft.rfft(stretches * hann, axis=1)).T
    return amplitudes


def _mel(hertz: Reals) -> Reals:
    knee = LINEAR_BELOW_HERTZ / HERTZ_PER_MEL
    above = knee + MELS_PER_E * np.log(np.maximum(hertz, 1) / LINEAR_BELOW_HERTZ)
    return np.where(hertz < LINEAR_BELOW_HERTZ, hertz / HERTZ_PER_MEL, above)


def _hertz(mel: Reals) -> Reals:
    knee = LINEAR_BELOW_HERTZ / HERTZ_PER_MEL
    above = LINEAR_BELOW_HERTZ * np.exp((mel - knee) / MELS_PER_E)
    return np.where(mel < knee, mel * HERTZ_PER_MEL, above)
