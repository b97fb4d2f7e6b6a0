"""From timed visemes to the numbers of a mouth, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Final

import numpy as np

from services.chassis.errors import Invalid
from services.chassis.timeline import MOUTH, Floats
from services.lipsync.domain.visemes import (
    BILABIAL,
    LABIODENTAL,
    SILENCE,
    VISEMES,
    VOWELS,
    Segment,
)

STEPS_PER_FRAME: Final = 8
"""Shapes are blended at 192 to 240 Hz: a closure of 40 ms must not fall between two frames."""
LEAD_SECONDS: Final = 0.030
"""Mouths move ahead of their sound, and viewers forgive an early picture more than a late one."""
LONG_PAUSE_SECONDS: Final = 0.250
LARGEST_JAW: Final = 0.40
JAW, WIDTH, ROUND, UPPER, TUCK, TONGUE, PRESS = range(len(MOUTH))
WITH_JAW: Final = [JAW, UPPER, TUCK, TONGUE, PRESS]
WITH_LIPS: Final = [WIDTH, ROUND]


def mouth_track(
    spoken: Sequence[Segment], frame_count: int, frame_rate: int, lead: float = LEAD_SECONDS
) -> Floats:
    """Blend visemes into one mouth shape per frame.

    spoken: without a gap from second 0 to the end; silence is a viseme too. lead: seconds by which
    the mouth goes ahead of the sound.
    Returns (frame_count, 7) in half mouth widths (MOUTH); exactly zero in the first and last
    frame and in the middle of pauses longer than 250 ms.
    Raises Invalid for no viseme at all.
    Source: Cohen and Massaro 1993, dominance functions, here with exponent 1.25; lips that must
    meet are then held by an envelope of their own.
    """
    if not spoken:
        raise Invalid("visemes", "VISEMES_EMPTY", "send SIL for silence")
    early = [Segment(s.viseme, s.start - lead, s.end - lead, s.stress) for s in spoken]
    steps = np.arange(frame_count * STEPS_PER_FRAME, dtype=np.float32)
    times: Floats = (steps + np.float32(0.5)) / np.float32(frame_rate * STEPS_PER_FRAME)
    shapes = _smooth(_blend(early, times))
    _tuck(shapes, early, times)
    met = _closure(early, times, 1 / frame_rate)
    shapes[:, [JAW, UPPER]] *= 1 - met[:, None]
    shapes[:, PRESS] = met
    shapes *= _awake(early, times, frame_count / frame_rate, 1 / frame_rate)[:, None]
    frames: Floats = shapes.reshape(frame_count, STEPS_PER_FRAME, len(MOUTH)).mean(1)
    touching = met.reshape(frame_count, STEPS_PER_FRAME).max(1) > 0.98
    frames[np.ix_(touching, [JAW, UPPER])] = 0
    frames[:, JAW] = frames[:, JAW].clip(0, LARGEST_JAW)
    return frames.round(5)


def _blend(spoken: Sequence[Segment], times: Floats) -> Floats:
    """Return (T, 7): at each time the mean of all shapes, weighted by their dominance."""
    shape = np.array([astuple(VISEMES[s.viseme])[:7] for s in spoken], np.float32)
    shape[:, JAW] *= np.array([_articulation(s) for s in spoken], np.float32)
    start, end = np.array([(s.start, s.end) for s in spoken], np.float32).T
    centre, half = (start + end) / 2, np.maximum(0.02, (end - start) / 2)
    away = np.maximum(0, np.abs(times[:, None] - centre) - 0.55 * half)  # (T, V)
    blended = np.empty((len(times), len(MOUTH)), np.float32)
    for columns, pull, fall in ((WITH_JAW, 0, _jaw_fall), (WITH_LIPS, 1, _lip_fall)):
        pulls = np.array(
            [(VISEMES[s.viseme].jaw_pull, VISEMES[s.viseme].lip_pull)[pull] for s in spoken],
            np.float32,
        )
        falls = np.array([fall(s) for s in spoken], np.float32)
        reach = falls * away
        dominance = pulls * np.exp(-reach * np.sqrt(np.sqrt(reach)))  # exp(-reach ** 1.25)
        dominance /= dominance.sum(1, keepdims=True) + 1e-6
        blended[:, columns] = np.einsum("tv,vk->tk", dominance, shape[:, columns])
    return blended


def _articulation(segment: Segment) -> float:
    """Return how much of its jaw a sound reaches: short and unstressed vowels undershoot.

    Source: Lindblom 1963, vowel reduction; constants chosen by eye for read news.
    """
    if segment.viseme not in VOWELS:
        return 1.0
    brevity = min(1.0, 0.76 + 0.24 * (segment.end - segment.start) / 0.10)
    return brevity * (0.86 + 0.24 * segment.stress)


def _jaw_fall(segment: Segment) -> float:
    if segment.viseme == SILENCE:
        return _lip_fall(segment)
    return 26.0 if VISEMES[segment.viseme].swift else 15.0


def _lip_fall(segment: Segment) -> float:
    if segment.viseme == SILENCE and segment.end - segment.start < LONG_PAUSE_SECONDS:
        return 16.0
    return 11.0


def _smooth(shapes: Floats) -> Floats:
    """Return shapes after a Gaussian of .38 frames: no muscle jumps."""
    reach = np.arange(-12, 13, dtype=np.float32)
    kernel = np.exp(-0.5 * (reach / (0.38 * STEPS_PER_FRAME)) ** 2)
    padded = np.pad(shapes, ((12, 12), (0, 0)), mode="edge")
    columns = [np.convolve(column, kernel / kernel.sum(), "valid") for column in padded.T]
    return np.stack(columns, 1).astype(np.float32)


def _tuck(shapes: Floats, spoken: Sequence[Segment], times: Floats) -> None:
    """Hold the lower lip at the upper teeth while f and v sound, however open the neighbours."""
    held = [s for s in spoken if s.viseme == LABIODENTAL]
    weight = 0.92 * _envelope(held, times, shortest=0.05, margin=0.02, ramp=0.06)[:, None]
    columns = [JAW, UPPER, TUCK]
    target = np.array(astuple(VISEMES[LABIODENTAL])[:7], np.float32)[columns]
    shapes[:, columns] += weight * (target - shapes[:, columns])


def _closure(spoken: Sequence[Segment], times: Floats, frame: float) -> Floats:
    """Return (T,): 1 while the lips meet for p, b, m; however short, one frame at least."""
    held = [s for s in spoken if s.viseme == BILABIAL]
    return _envelope(held, times, shortest=0.6 * frame, margin=0.02, ramp=0.045)


def _envelope(
    held: Sequence[Segment], times: Floats, shortest: float, margin: float, ramp: float
) -> Floats:
    """Return (T,): 1 through each segment, with smooth ramps of `ramp` seconds around it."""
    envelope = np.zeros(len(times), np.float32)
    for segment in held:
        centre = (segment.start + segment.end) / 2
        half = max(segment.end - segment.start - margin, shortest) / 2
        linear = np.clip(1 - (np.abs(times - centre) - half) / ramp, 0, 1)
        envelope = np.maximum(envelope, _ease(linear))
    return envelope


def _awake(spoken: Sequence[Segment], times: Floats, seconds: float, frame: float) -> Floats:
    """Return (T,): 0 in the rests of a chunk, and eased to 1 over 100 ms around them."""
    awake = np.ones(len(times), np.float32)
    for start, end in _rests(spoken, seconds, frame):
        outside = np.maximum(start - times, times - end)
        awake = np.minimum(awake, _ease(np.clip(outside / 0.10, 0, 1)))
    return awake


def _rests(spoken: Sequence[Segment], seconds: float, frame: float) -> list[tuple[float, float]]:
    """Return when the mouth rests: inside long pauses, and at both ends so that chunks meet."""
    rests = [(-1.0, frame), (seconds - frame, seconds + 1.0)]
    for segment in spoken:
        if segment.viseme != SILENCE:
            continue
        first, last = segment is spoken[0], segment is spoken[-1]
        start = -1.0 if first else segment.start + 0.11
        end = seconds + 1.0 if last else segment.end - 0.07
        if end > start and (first or last or segment.end - segment.start > LONG_PAUSE_SECONDS):
            rests.append((start, end))
    return rests


def _ease(linear: Floats) -> Floats:
    """Return the smooth step of values from 0 to 1."""
    eased: Floats = (linear * linear * (3 - 2 * linear)).astype(np.float32)
    return eased
