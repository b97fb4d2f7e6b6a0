"""Makes the programme's sound track: the promised loudness, measured on what a player decodes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import ffmpeg
import numpy as np

from services.chassis.timeline import SAMPLE_RATE, Floats
from services.compositing.domain.programme import (
    CEILING_DBTP,
    TARGET_LUFS,
    amplitude,
    decibels,
    master,
    peaks,
)
from services.compositing.engines.ffmpeg import REPRODUCIBLE, Unnamed, run

TOLERANCE_LU: Final = 0.2
HIGHEST_DBTP: Final = -1.0
SILENT_LUFS: Final = -60.0
"""Below it there is nothing to bring to a level."""
TRIES: Final = 6
SHORTEST_SECONDS: Final = 3.0
"""Shorter sound is measured repeated: a meter needs several windows of 0.4 s."""
TIMEOUT_SECONDS: Final = 300.0
AAC: Final = {
    "c:a": "aac",
    "b:a": "224k",
    "aac_coder": "fast",
    "flags:a": "+bitexact",
    # Only sum and difference coding keeps two equal channels equal to the last bit.
    "aac_ms": 1,
    "aac_pns": 0,
    "aac_is": 0,
}
STEREO: Final = "pan=stereo|c0=c0|c1=c0"
PCM: Final = {"format": "f32le", "ar": SAMPLE_RATE}


@dataclass(frozen=True)
class Level:
    """How loud a sound is."""

    loudness_lufs: float
    true_peak_dbtp: float


@dataclass(frozen=True)
class SoundTrack:
    """An encoded sound track and what a player will hear."""

    m4a: bytes
    level: Level


def make(sound: Floats) -> SoundTrack:
    """Return mono sound as a stereo AAC track at the programme's loudness.

    One static gain; where it drives peaks over the ceiling the limiter takes those down. The
    decoded track is measured; what it misses is mended from the PCM, never by encoding AAC again.
    """
    highest, loudness = peaks(sound), measure(_stereo(sound)).loudness_lufs
    if loudness < SILENT_LUFS:
        return _encode(sound)
    aim, gain, ceiling = TARGET_LUFS, TARGET_LUFS - loudness, CEILING_DBTP
    for _ in range(TRIES):
        gain, mastered = _settle(sound, highest, gain, (aim, ceiling))
        track = _encode(mastered)
        missing = TARGET_LUFS - track.level.loudness_lufs
        over = track.level.true_peak_dbtp - HIGHEST_DBTP
        if abs(missing) <= TOLERANCE_LU and over <= 0:
            break
        aim, gain = aim + missing, gain + missing
        ceiling -= max(over + 0.1, 0.0)
    return track


def measure(sound: Floats) -> Level:
    """Return the level of sound, (samples, 2), by ITU-R BS.1770-4 and EBU R 128."""
    repeats = int(np.ceil(SHORTEST_SECONDS * SAMPLE_RATE / max(len(sound), 1)))
    steps = SAMPLE_RATE // 10
    repeated = np.tile(sound, (max(repeats, 1), 1))
    padded = np.pad(repeated, ((0, -len(repeated) % steps), (0, 0)))
    meter = ffmpeg.input("-", ac=2, **PCM).filter("ebur128", peak="true", metadata=1)
    printed = meter.filter("ametadata", mode="print", file="-")
    said = run(
        printed.output("/dev/null", format="null").get_args(),
        np.ascontiguousarray(padded, np.float32).tobytes(),
        timeout_seconds=TIMEOUT_SECONDS,
    ).decode()
    return Level(_last(said, "I"), decibels(_last(said, "true_peak")))


def decode(m4a: bytes) -> Floats:
    """Return what a player makes of a track, (samples, 2) float32."""
    with Unnamed(m4a) as track:
        heard = ffmpeg.input(track.address).audio.output("-", ac=2, **PCM)
        data = run(heard.get_args(), timeout_seconds=TIMEOUT_SECONDS, files=[track])
    return np.frombuffer(data, np.float32).reshape(-1, 2)


def _settle(
    sound: Floats, highest: Floats, gain: float, level: tuple[float, float]
) -> tuple[float, Floats]:
    """Raise the gain by what the limiter takes from the loudness; return it and the sound.

    level: loudness to reach in LUFS, and ceiling in dBTP.
    """
    aim, ceiling = level
    for _ in range(TRIES):
        mastered = master(sound, highest, gain, ceiling)
        if not mastered.is_limited:
            break
        missing = aim - measure(_stereo(mastered.sound)).loudness_lufs
        if abs(missing) <= TOLERANCE_LU / 2:
            break
        gain += missing
    return gain, mastered.sound


def _stereo(mono: Floats) -> Floats:
    return np.repeat(mono[:, None], 2, axis=1)


def _encode(mono: Floats) -> SoundTrack:
    with Unnamed() as file:
        mono_input = ffmpeg.input("-", ac=1, **PCM)
        track = mono_input.output(file.address, af=STEREO, format="mp4", **AAC, **REPRODUCIBLE)
        run(
            track.get_args(),
            np.ascontiguousarray(mono, np.float32).tobytes(),
            timeout_seconds=TIMEOUT_SECONDS,
            files=[file],
        )
        m4a = file.read()
    heard = decode(m4a)[: len(mono)]
    return SoundTrack(m4a, measure(heard))


def _last(said: str, name: str) -> float:
    values = re.findall(rf"^lavfi\.r128\.{name}=(\S+)$", said, re.MULTILINE)
    return float(values[-1]) if values else amplitude(-120)
