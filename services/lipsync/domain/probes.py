"""Whether a mouth in a finished picture says what is heard: judged from its landmarks alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.chassis.timeline import SAMPLE_RATE, Timing
from services.lipsync.domain.mouth import JAW, LONG_PAUSE_SECONDS, mouth_track
from services.lipsync.domain.visemes import BILABIAL, LABIODENTAL, SILENCE, Segment, segments

Reals = npt.NDArray[np.floating[Any]]

RATE: Final = 100
"""Sound and picture are compared at so many steps a second."""
LARGEST_OFFSET_SECONDS: Final = 0.5
LIP_CORNERS: Final = (61, 291)
LIP_PAIRS: Final = ((82, 87), (13, 14), (312, 317))
"""Points of MediaPipe's face mesh on the inner edges of the lips, above one another."""
CLOSED_MARGIN: Final = 0.035
"""Mouth opening above the closed mouth's that still looks closed."""
OPEN_MARGIN: Final = 0.11
LOUDNESS_OF: Final = {
    SILENCE: 0.0,
    BILABIAL: 0.5,
    LABIODENTAL: 0.5,
    "TD": 0.4,
    "KG": 0.4,
    "TH": 0.5,
}
"""How loud sounds are by vowels, whose loudness is 1."""
LONG_VOWEL_SECONDS: Final = 0.08
"""Shorter ones hardly open, and not at all between lips that meet."""
OPEN_VOWELS: Final = ("AA", "AE", "AO", "EH", "OW")


@dataclass(frozen=True)
class Offset:
    """When the picture is, against the sound."""

    milliseconds: float
    """Positive: the picture is late."""
    confidence: float
    """Height of the best match over every other more than 180 ms away, 0 to 1."""


@dataclass(frozen=True)
class Share:
    """How many of some moments look as they should."""

    share: float
    """0 to 1; 1 where there are none."""
    count: int


def mouth_opening(landmarks: Reals) -> Reals:
    """Return how far the mouth is open in each frame (n,), in mouth widths.

    landmarks: (n, 478, 3) of MediaPipe's face mesh.
    """
    right, left = (landmarks[:, corner, :2] for corner in LIP_CORNERS)
    width = np.median(np.linalg.norm(left - right, axis=1))
    gaps = [np.linalg.norm(landmarks[:, u, :2] - landmarks[:, d, :2], axis=1) for u, d in LIP_PAIRS]
    opening: Reals = np.mean(gaps, 0) / width
    return opening


def offset_to_phonemes(opening: Reals, frame_rate: int, timing: Timing) -> Offset:
    """Return the offset against the jaw that the phonemes ask for.

    A mouth that leads its sound as it should reads about -25 ms.
    """
    count = timing.sample_count * RATE // SAMPLE_RATE
    jaw = mouth_track(segments(timing.phonemes), count, RATE, lead=0.0)[:, JAW]
    return offset(opening, frame_rate, jaw)


def offset_to_sound(opening: Reals, frame_rate: int, samples: Reals) -> Offset:
    """Return the offset against loudness; needs no phonemes, but mouths that only flap pass."""
    return offset(opening, frame_rate, loudness(samples))


def sound_offset(samples: Reals, timing: Timing) -> Offset:
    """Return the lag of the sound behind the phonemes it should say."""
    count = timing.sample_count * RATE // SAMPLE_RATE
    voiced = np.zeros(count)
    for segment in segments(timing.phonemes):
        first, last = round(segment.start * RATE), round(segment.end * RATE)
        voiced[first:last] = LOUDNESS_OF.get(segment.viseme, 1.0)
    return offset(loudness(samples), RATE, voiced)


def offset(opening: Reals, frame_rate: int, reference: Reals) -> Offset:
    """Return the lag of a mouth behind a reference at 100 steps a second.

    Source: normalised cross-correlation of both tracks between 40 and 300 ms, parabolic peak.
    """
    count = min(len(reference), len(opening) * RATE // frame_rate)
    frames = (np.arange(len(opening)) + 0.5) / frame_rate
    mouth = _banded(np.interp((np.arange(count) + 0.5) / RATE, frames, opening))
    voice = _banded(reference[:count])
    reach = int(LARGEST_OFFSET_SECONDS * RATE)
    lags = np.arange(-reach, reach + 1)
    match = np.array([_overlap(mouth, voice, int(lag)) for lag in lags])
    best = int(match.argmax())
    others = match[np.abs(lags - lags[best]) > 18]
    peak = lags[best] + _parabola(match, best)
    return Offset(float(peak) / RATE * 1000, float(match[best] - others.max()))


def bilabials(opening: Reals, frame_rate: int, timing: Timing) -> Share:
    """Return the share of p, b and m on which the lips meet."""
    spoken = [s for s in segments(timing.phonemes) if s.viseme == BILABIAL]
    lowest = [_within(opening, frame_rate, s, -0.06, 0.02).min() for s in spoken]
    closed = np.percentile(opening, 3) + CLOSED_MARGIN
    return Share(float(np.mean(np.array(lowest) < closed)) if lowest else 1.0, len(lowest))


def vowels(opening: Reals, frame_rate: int, timing: Timing) -> Share:
    """Return the share of long open vowels on which the mouth opens."""
    long = [s for s in segments(timing.phonemes) if s.viseme in OPEN_VOWELS]
    spoken = [s for s in long if s.end - s.start > LONG_VOWEL_SECONDS]
    widest = [_within(opening, frame_rate, s, -0.04, 0.04).max() for s in spoken]
    opened = np.percentile(opening, 3) + OPEN_MARGIN
    return Share(float(np.mean(np.array(widest) > opened)) if widest else 1.0, len(widest))


def restlessness(opening: Reals, frame_rate: int, timing: Timing) -> float:
    """Return how far the mouth opens in pauses longer than 250 ms, in mouth widths above closed.

    The 95th percentile of their frames, without the 120 ms at both ends; 0 without such a pause.
    """
    pauses = [
        _within(opening, frame_rate, s, 0.12, -0.12)
        for s in segments(timing.phonemes)
        if s.viseme == SILENCE and s.end - s.start > LONG_PAUSE_SECONDS + 0.08
    ]
    if not pauses:
        return 0.0
    return float(np.percentile(np.concatenate(pauses), 95) - np.percentile(opening, 3))


def loudness(samples: Reals) -> Reals:
    """Return how loud speech at 48 kHz is, 100 times a second: 0 to about 1 over 32 dB.

    Energy between 250 and 3800 Hz in windows of 25 ms.
    """
    hop, width = SAMPLE_RATE // RATE, SAMPLE_RATE // 40
    count = len(samples) // hop
    padded = np.pad(samples.astype(np.float32), (width // 2, width))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)[: count * hop : hop]
    power = np.abs(np.fft.rfft(windows * np.hanning(width).astype(np.float32), axis=1)) ** 2
    hertz = np.fft.rfftfreq(width, 1 / SAMPLE_RATE)
    decibels = 10 * np.log10(power[:, (hertz > 250) & (hertz < 3800)].sum(1) + 1e-7)
    loud: Reals = np.clip((decibels - np.percentile(decibels, 95) + 32) / 32, 0, 1.1)
    return loud


def _within(
    opening: Reals, frame_rate: int, segment: Segment, before: float, after: float
) -> Reals:
    """Return the openings of the frames of a segment, grown or shrunk; of one frame at least."""
    first = int(np.ceil((segment.start + before) * frame_rate - 0.5))
    last = int(np.floor((segment.end + after) * frame_rate - 0.5))
    first = int(np.clip(first, 0, len(opening) - 1))
    return opening[first : max(last, first) + 1]


def _banded(track: Reals) -> Reals:
    """Return a track at 100 steps a second between 40 and 300 ms, with deviation 1."""
    band = _gaussian(track, 4) - _gaussian(track, 30)
    banded: Reals = (band - band.mean()) / (band.std() + 1e-9)
    return banded


def _gaussian(track: Reals, deviation: int) -> Reals:
    reach = 4 * deviation
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    return np.convolve(np.pad(track, reach, mode="edge"), kernel / kernel.sum(), "valid")


def _overlap(late: Reals, early: Reals, lag: int) -> float:
    count = len(early)
    a, b = late[max(0, lag) : count + min(0, lag)], early[max(0, -lag) : count - max(0, lag)]
    return float(np.mean(a * b)) if len(a) else -1.0


def _parabola(match: Sequence[float] | Reals, best: int) -> float:
    """Return how far the top of the parabola through three points lies beside the middle one."""
    if not 0 < best < len(match) - 1:
        return 0.0
    left, middle, right = match[best - 1], match[best], match[best + 1]
    return float(0.5 * (left - right) / (left - 2 * middle + right + 1e-12))
