"""Where a recording says what: its sound warped in time onto a voice's speech of the same words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

RATE_HERTZ: Final = 16_000
WINDOW: Final = 400
"""Samples under one spectrum: 25 ms."""
FFT_LENGTH: Final = 512
BANDS: Final = 26
CEPSTRA: Final = 13
DETOUR: Final = 0.35
"""What a step that stays in one sound costs beside its distance; keeps the path near a diagonal."""
BAND_SHARE, BAND_SECONDS = 0.25, 3.0
"""How far the path may leave the straight line: of the longer sound, and at least."""
DIAGONAL, ALONG_A, ALONG_B = 0, 1, 2


@dataclass(frozen=True)
class Warp:
    """Times of one sound beside the times of another, both in seconds and never falling."""

    spoken: Doubles
    recorded: Doubles

    def at(self, seconds: float | Doubles) -> Doubles:
        """Return when the recording says what the voice says at `seconds`."""
        return np.asarray(np.interp(seconds, self.spoken, self.recorded), np.float64)


def align(spoken: Doubles, recorded: Doubles, hop_seconds: float) -> Warp:
    """Return the warp between two sounds of the same words, mono at 16 kHz."""
    hop = round(hop_seconds * RATE_HERTZ)
    path = cheapest_path(features(spoken, hop), features(recorded, hop), hop_seconds)
    times = (path + 0.5) * hop / RATE_HERTZ
    # one recorded moment for each spoken frame: the middle of those it was matched with
    frames, first = np.unique(path[:, 0], return_index=True)
    last = np.append(first[1:], len(path)) - 1
    recorded_at = (times[first, 1] + times[last, 1]) / 2
    ends = len(spoken) / RATE_HERTZ, len(recorded) / RATE_HERTZ
    return Warp(
        np.concatenate([[0.0], (frames + 0.5) * hop / RATE_HERTZ, [ends[0]]]),
        np.concatenate([[0.0], recorded_at, [ends[1]]]),
    )


def features(sound: Doubles, hop: int) -> Doubles:
    """Return cepstra and their slopes, (frames, 26), each column with mean 0 and deviation 1.

    Davis and Mermelstein 1980, mel-frequency cepstra; normalised, since voices and rooms differ.
    """
    padded = np.pad(sound, (WINDOW // 2, WINDOW))
    starts = np.arange(max(len(sound) // hop, 1)) * hop
    frames = padded[starts[:, None] + np.arange(WINDOW)] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, FFT_LENGTH)) ** 2
    bands = np.log(power @ _mel_bands().T + 1e-7)
    angles = np.pi * np.outer(np.arange(CEPSTRA), np.arange(BANDS) + 0.5) / BANDS
    cepstra = bands @ np.cos(angles).T
    slopes = np.gradient(cepstra, axis=0) if len(cepstra) > 1 else np.zeros_like(cepstra)
    both = np.hstack([cepstra, slopes])
    return np.asarray((both - both.mean(0)) / (both.std(0) + 1e-6), np.float64)


def _mel_bands() -> Doubles:
    def mel(hertz: float) -> float:
        return float(2595 * np.log10(1 + hertz / 700))

    edges = 700 * (10 ** (np.linspace(mel(80), mel(7600), BANDS + 2) / 2595) - 1)
    hertz = np.fft.rfftfreq(FFT_LENGTH, 1 / RATE_HERTZ)
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.clip(np.minimum(rising, falling), 0, 1), np.float64)


def cheapest_path(a: Doubles, b: Doubles, hop_seconds: float) -> Integers:
    """Return the cheapest monotone path of frames (a, b), (steps, 2), from start to end of both.

    Sakoe and Chiba 1978, dynamic time warping, with a band; whole anti-diagonals at a time.
    """
    n, m = len(a), len(b)
    reach = max(BAND_SHARE * max(n, m), BAND_SECONDS / hop_seconds)
    steps = np.zeros((n + m - 1, min(n, m)), np.uint8)
    before, previous = np.full(n + 2, np.inf), np.full(n + 2, np.inf)  # cost at row i stands at i+1
    for diagonal in range(n + m - 1):
        low, high = _rows(diagonal, n, m, reach)
        rows = np.arange(low, high)
        distance = np.sqrt(((a[rows] - b[diagonal - rows]) ** 2).mean(1))
        came = np.stack([
            before[rows] + distance,
            previous[rows] + distance * (1 + DETOUR),
            previous[rows + 1] + distance * (1 + DETOUR),
        ])  # fmt: skip
        step = came.argmin(0)
        current = np.full(n + 2, np.inf)
        current[rows + 1] = distance if diagonal == 0 else came[step, np.arange(len(rows))]
        steps[diagonal, rows - max(0, diagonal - m + 1)] = step
        before, previous = previous, current
    return _walked_back(steps, n, m)


def _rows(diagonal: int, n: int, m: int, reach: float) -> tuple[int, int]:
    """Return the rows of an anti-diagonal that lie in the band around the straight line."""
    middle = diagonal * n / (n + m)
    low = max(0, diagonal - m + 1, int(middle - reach))
    high = min(n, diagonal + 1, int(middle + reach) + 2)
    return low, max(high, low + 1)


def _walked_back(steps: npt.NDArray[np.uint8], n: int, m: int) -> Integers:
    i, j = n - 1, m - 1
    path = [(i, j)]
    while i or j:
        step = steps[i + j, i - max(0, i + j - m + 1)]
        if i and j and step == DIAGONAL:
            i, j = i - 1, j - 1
        elif j == 0 or (i and step == ALONG_A):
            i -= 1
        else:
            j -= 1
        path.append((i, j))
    return np.array(path[::-1], np.int64)
