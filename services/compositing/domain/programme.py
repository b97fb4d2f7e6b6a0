"""The programme's sound: parts put end to end, one gain, and no peak above the ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from services.chassis.timeline import SAMPLE_RATE, Floats

TARGET_LUFS: Final = -16.0
CEILING_DBTP: Final = -1.5
"""Half a decibel below what is promised: AAC moves peaks a little."""
OVERSAMPLING: Final = 4
"""ITU-R BS.1770-4 asks for a true peak to be sought at four times 48 kHz."""
TAPS: Final = 12
"""Samples on either side that an interpolated one is made from."""
LOOK_AHEAD_SECONDS: Final = 0.005


@dataclass(frozen=True)
class Part:
    """One chunk's sound between its silences."""

    sound: Floats
    lead_samples: int
    tail_samples: int


def assemble(parts: Sequence[Part]) -> Floats:
    """Return mono sound: every part after its lead and before its tail of silence."""
    pieces: list[Floats] = []
    for part in parts:
        pieces.append(np.zeros(part.lead_samples, np.float32))
        pieces.append(part.sound)
        pieces.append(np.zeros(part.tail_samples, np.float32))
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def decibels(ratio: float) -> float:
    """Return a ratio of amplitudes in dB, at least -120."""
    return float(20 * np.log10(max(ratio, 1e-6)))


def amplitude(level_decibels: float) -> float:
    """Return the ratio of amplitudes of a level in dB."""
    return float(10 ** (level_decibels / 20))


def peaks(sound: Floats) -> Floats:
    """Return the highest true peak from each sample of mono sound to the next, (samples,)."""
    highest = np.abs(sound)
    for phase in range(1, OVERSAMPLING):
        taps = _interpolator(phase / OVERSAMPLING)[None]
        between = cv2.filter2D(sound[None], -1, taps, borderType=cv2.BORDER_CONSTANT)
        np.maximum(highest, np.abs(between[0]), out=highest)
    return highest


@dataclass(frozen=True)
class Mastered:
    """Sound at its level."""

    sound: Floats
    is_limited: bool
    """True where the gain alone would have driven peaks over the ceiling."""


def master(sound: Floats, highest: Floats, gain_decibels: float, ceiling_dbtp: float) -> Mastered:
    """Apply one static gain, and hold what would pass the ceiling back without a click.

    highest: `peaks` of the sound. The limiter looks both ways: the gain each peak needs is spread
    over its neighbourhood by a minimum, then rounded off by a mean over the same width, which never
    rises above that minimum.
    """
    gain, ceiling = np.float32(amplitude(gain_decibels)), np.float32(amplitude(ceiling_dbtp))
    if highest.max(initial=0.0) * gain <= ceiling:
        return Mastered(sound * gain, is_limited=False)
    needed = np.minimum(gain, ceiling / np.maximum(highest, np.float32(1e-9)))
    reach = int(LOOK_AHEAD_SECONDS * SAMPLE_RATE)
    spread = cv2.erode(needed[None], np.ones((1, 2 * reach + 3), np.uint8))
    smooth = cv2.GaussianBlur(
        spread, (2 * reach + 1, 1), reach / 2.5, borderType=cv2.BORDER_REPLICATE
    )
    return Mastered(sound * smooth[0], is_limited=True)


def _interpolator(fraction: float) -> Floats:
    """Return taps, for correlation, of a windowed sinc that read a sound `fraction` later."""
    offsets = np.arange(-TAPS, TAPS + 1) - fraction
    window = np.cos(np.pi * offsets / (2 * TAPS + 2)) ** 2
    taps: Floats = (np.sinc(offsets) * window).astype(np.float32)
    return taps
