"""Nods, brows and blinks that go with the words of a chunk, added to the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.timeline import SAMPLE_RATE, TRACKS, Floats, Phoneme, Timing
from services.motion.domain.gaze import steadied
from services.motion.domain.idle import BROWS, GAZE, LIDS, PITCH, ROLL, SHIFT_Y, YAW
from services.motion.domain.lids import OTHER_LID, blink
from services.motion.domain.waves import Reals, around, ease

APART_SECONDS: Final = 0.55
"""A head does not nod more often."""
SECONDS_PER_ACCENT: Final = 1.15
"""Of speech, on average: who stresses everything stresses nothing."""
BROW_SHARE: Final = 0.35
"""Of the accents, the strongest raise the brows too."""
BLINK_SHARE: Final = 0.25
"""Of the pauses longer than .3 s, in which speakers like to blink."""
QUIET_SECONDS: Final = 0.16
"""At each end of a chunk: accents fade to zero, so that chunks meet."""
WINDOW_SECONDS: Final = 0.02


@dataclass(frozen=True)
class Accent:
    """A stressed syllable that shows."""

    seconds: float
    """Middle of its vowel."""
    weight: float
    """0 to about 1.5; 1 is an ordinary stressed word."""


def accents(timing: Timing, samples: Reals, frame_count: int, frame_rate: int, seed: int) -> Floats:
    """Return what is added to the loop while a chunk is spoken (frame_count, 12).

    samples: the chunk's sound at 48 kHz. Zero in the first and last frame. Lids hold blinks of
    their own: of the loop's and these, the more closed rules.
    """
    rng = np.random.default_rng((3, seed))
    times = around(frame_count, frame_rate)
    tracks = np.zeros((frame_count, len(TRACKS)))
    found = chosen(stressed(timing, samples))
    brows = sorted((a.weight for a in found), reverse=True)[: round(BROW_SHARE * len(found))]
    for accent in found:
        _nod(tracks, times, accent, rng)
        if accent.weight in brows:
            _raise_brows(tracks, times, accent, rng)
    tracks *= _quiet_ends(times)[:, None]
    tracks[:, LIDS] = np.outer(_blinks(timing, times, rng), (1, OTHER_LID))
    tracks[:, GAZE] = steadied(tracks[:, PITCH], tracks[:, YAW])
    tracks[[0, -1]] = 0
    return tracks.round(5).astype(np.float32)


def stressed(timing: Timing, samples: Reals) -> list[Accent]:
    """Return the stressed syllables of a chunk, each with its weight.

    Weight grows with loudness, length, and towards the end of a phrase, where the news is.
    """
    nuclei = [p for p in timing.phonemes if p.stress >= 1 and p.ipa and p.end > p.start]
    if not nuclei:
        return []
    levels = np.array([_level(samples, p) for p in nuclei])
    loud = np.clip((levels - np.median(levels)) / 6, -1, 1)  # 6 dB is plainly louder
    lengths = np.array([(p.end - p.start) / SAMPLE_RATE for p in nuclei])
    long = np.clip((lengths - np.median(lengths)) / 0.06, -1, 1)
    last = np.array([_ends_phrase(timing, p) for p in nuclei])
    weights = 0.8 + 0.3 * loud + 0.25 * long + 0.3 * last
    middles = [(p.start + p.end) / 2 / SAMPLE_RATE for p in nuclei]
    return [Accent(*each) for each in zip(middles, weights.tolist(), strict=True)]


def chosen(candidates: list[Accent]) -> list[Accent]:
    """Return the weightiest accents, not too many and none close to another, in order of time."""
    if not candidates:
        return []
    span = candidates[-1].seconds - candidates[0].seconds + SECONDS_PER_ACCENT
    kept: list[Accent] = []
    for accent in sorted(candidates, key=lambda a: -a.weight):
        if len(kept) >= span / SECONDS_PER_ACCENT:
            break
        if all(abs(accent.seconds - other.seconds) >= APART_SECONDS for other in kept):
            kept.append(accent)
    return sorted(kept, key=lambda a: a.seconds)


def _nod(tracks: Reals, times: Reals, accent: Accent, rng: np.random.Generator) -> None:
    """Dip the head onto the vowel, a little lift before it, with a trace of turn and tilt."""
    passed = times - accent.seconds + 0.02
    depth = accent.weight * rng.uniform(1.0, 2.1)
    dip = _bump(passed, 0.20, 0.38) - 0.22 * _bump(passed + 0.30, 0.18, 0.18)
    tracks[:, PITCH] += depth * dip
    tracks[:, YAW] += rng.normal() * 0.5 * accent.weight * _bump(passed, 0.26, 0.5)
    tracks[:, ROLL] += rng.normal() * 0.4 * accent.weight * _bump(passed, 0.26, 0.5)
    tracks[:, SHIFT_Y] += 0.006 * accent.weight * _bump(passed, 0.18, 0.40)


def _raise_brows(tracks: Reals, times: Reals, accent: Accent, rng: np.random.Generator) -> None:
    lift = rng.uniform(0.016, 0.028) * min(accent.weight, 1.3)
    held = _bump(times - accent.seconds + 0.06, 0.16, 0.42)
    tracks[:, BROWS] += np.outer(lift * held, (1, rng.uniform(0.85, 1.0)))


def _bump(passed: Reals, rise: float, fall: float) -> Reals:
    """Return a smooth rise to 1 at 0 seconds and a fall after it."""
    return ease(np.where(passed < 0, 1 + passed / rise, 1 - passed / fall))


def _blinks(timing: Timing, times: Reals, rng: np.random.Generator) -> Reals:
    """Return lid closure (n,) of blinks in the pauses between phrases."""
    closed = np.zeros(len(times))
    end = timing.sample_count / SAMPLE_RATE
    for pause in timing.phonemes:
        start, seconds = pause.start / SAMPLE_RATE, (pause.end - pause.start) / SAMPLE_RATE
        moment = start + rng.uniform(-0.02, 0.08)
        wanted = rng.random() < BLINK_SHARE
        if not pause.ipa and seconds > 0.3 and wanted and 0.3 < moment < end - 0.5:
            closed = np.maximum(closed, blink(times - moment))
    return closed


def _quiet_ends(times: Reals) -> Reals:
    edge = times[-1] + times[0]
    return ease(np.minimum(times - times[0], edge - times[0] - times) / QUIET_SECONDS)


def _level(samples: Reals, phoneme: Phoneme) -> float:
    """Return the loudest 20 ms of a phoneme in dB."""
    window = int(WINDOW_SECONDS * SAMPLE_RATE)
    piece = samples[phoneme.start : max(phoneme.end, phoneme.start + window)]
    if len(piece) == 0:
        return -60.0
    starts = np.arange(0, max(1, len(piece) - window + 1), window)
    powers = [float(np.mean(np.square(piece[s : s + window], dtype=np.float64))) for s in starts]
    return 10 * float(np.log10(max(powers) + 1e-6))


def _ends_phrase(timing: Timing, phoneme: Phoneme) -> bool:
    """Return whether no other stressed vowel comes before the next pause."""
    for other in timing.phonemes:
        if other.start < phoneme.end:
            continue
        if not other.ipa:
            return True
        if other.stress >= 1:
            return False
    return True
