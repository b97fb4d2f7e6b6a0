"""Sound from outside: refused by its headers, or decoded to samples in a sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.errors import Violation
from services.chassis.sandbox.audio_headers import SHAPES, Shape
from services.chassis.sandbox.confined import Decoder, python_decoder, run
from services.chassis.sandbox.ffmpeg import ffmpeg_decoder
from services.chassis.sandbox.magic import kind_of
from services.chassis.sandbox.refusal import Refused, complaining_about
from services.chassis.timeline import SAMPLE_RATE, Floats

EXTENSIONS: Final = {
    "wav": "wav", "wave": "wav", "flac": "flac", "mp3": "mp3", "m4a": "mp4", "mp4": "mp4"
}  # fmt: skip
RATES_HERTZ: Final = range(8_000, 192_001)
MOST_CHANNELS: Final = 2
SILENCE: Final = 10 ** (-70 / 20)
"""What stays under -70 dBFS all through is silence: less than the noise of any microphone."""
CLIPPED: Final = 0.999
CLIPPED_SHARE: Final = 0.001

REMEDIES: Final = {
    "AUDIO_EMPTY": "the file has no bytes; export the sound again",
    "AUDIO_UNRECOGNISED": "this is no sound; use WAV, FLAC, MP3 or M4A",
    "AUDIO_TYPE_MISMATCH": "the content is not what the file name's ending says; rename the file",
    "AUDIO_TYPE_UNSUPPORTED": "save the sound as WAV, FLAC, MP3 or M4A",
    "AUDIO_TRUNCATED": "the file ends too early; copy or export it again",
    "AUDIO_CORRUPT": "the file is damaged; export the sound again, best as WAV",
    "AUDIO_CODEC_UNSUPPORTED": "save the sound as WAV (PCM or float), FLAC, MP3 or M4A with AAC",
    "AUDIO_RATE_UNSUPPORTED": "save the sound with 8,000 to 192,000 samples a second, best 48,000",
    "AUDIO_CHANNELS_UNSUPPORTED": "save the sound in mono or stereo",
    "AUDIO_NOT_FINITE": "some samples are no numbers; export the sound again as 16-bit WAV",
    "AUDIO_SILENT": "there is nothing to hear; check that the right track was exported",
}


@dataclass(frozen=True)
class AudioLimits:
    """How long and large a sound may be."""

    file_bytes: int = 256 << 20
    least_seconds: float = 0.1
    most_seconds: float = 180


ANY_AUDIO: Final = AudioLimits()


def decode_audio(
    data: bytes, extension: str, field: str, limits: AudioLimits = ANY_AUDIO
) -> tuple[Floats, int]:
    """Return samples, (samples, channels) float32 in about -1 to 1, and their rate in hertz.

    One or two channels. WAV keeps its own rate; what ffmpeg decodes (FLAC, MP3, M4A) comes at
    48 kHz. `extension` is the file name's ending in lower case, without the dot. Raises Invalid for
    `field`, with one of the reasons of `REMEDIES`, AUDIO_TOO_LARGE, AUDIO_TOO_LONG or
    AUDIO_TOO_SHORT.
    """
    with complaining_about(field, REMEDIES):
        if len(data) > limits.file_bytes:
            most = f"more than {limits.file_bytes >> 20} MiB"
            raise Refused("AUDIO_TOO_LARGE", f"{most}; cut the sound, or save it as FLAC")
        kind = _usable_kind(data, extension)
        shape = SHAPES[kind](data)
        _check_shape(shape, limits)
        samples, rate = _decode(kind, data, shape, limits)
        _check_samples(samples, rate, limits)
        return samples, rate


def audio_warnings(samples: Floats, field: str) -> tuple[Violation, ...]:
    """Return what could be better about decoded samples: AUDIO_CLIPPED."""
    share = float((np.abs(samples) >= CLIPPED).mean())
    if share < CLIPPED_SHARE:
        return ()
    remedy = f"{share:.1%} of the samples are clipped, which crackles; record with a lower level"
    return (Violation(field, "AUDIO_CLIPPED", remedy),)


def _usable_kind(data: bytes, extension: str) -> str:
    if not data:
        raise Refused("AUDIO_EMPTY")
    kind = kind_of(data)
    if not kind:
        raise Refused("AUDIO_UNRECOGNISED")
    if kind not in SHAPES:
        raise Refused("AUDIO_TYPE_UNSUPPORTED")
    if EXTENSIONS.get(extension) != kind:
        raise Refused("AUDIO_TYPE_MISMATCH")
    return kind


def _check_shape(shape: Shape, limits: AudioLimits) -> None:
    if shape.rate_hertz not in RATES_HERTZ:
        raise Refused("AUDIO_RATE_UNSUPPORTED")
    if not 1 <= shape.channels <= MOST_CHANNELS:
        raise Refused("AUDIO_CHANNELS_UNSUPPORTED")
    _check_length(shape.sample_count / shape.rate_hertz, limits)


def _check_length(seconds: float, limits: AudioLimits) -> None:
    if seconds > limits.most_seconds:
        remedy = f"{seconds:.1f} s; cut it to {limits.most_seconds:.0f} s"
        raise Refused("AUDIO_TOO_LONG", remedy)
    if seconds < limits.least_seconds:
        remedy = f"{seconds:.3f} s; at least {limits.least_seconds:g} s are needed"
        raise Refused("AUDIO_TOO_SHORT", remedy)


def _decode(kind: str, data: bytes, shape: Shape, limits: AudioLimits) -> tuple[Floats, int]:
    rate = shape.rate_hertz if kind == "wav" else SAMPLE_RATE
    most = round((limits.most_seconds + 1) * rate) * shape.channels * 4
    output, ending = run(_decoder(kind, shape, limits), data, most)
    if ending.exit_code:
        raise Refused("AUDIO_CORRUPT")
    whole = len(output) // (4 * shape.channels) * shape.channels
    samples = np.frombuffer(output, "<f4", count=whole).reshape(-1, shape.channels)
    return samples.astype(np.float32, copy=False), rate


def _decoder(kind: str, shape: Shape, limits: AudioLimits) -> Decoder:
    if kind == "wav":
        return python_decoder("read_wav.py")
    seconds = str(limits.most_seconds + 1)
    output = ["-map", "0:a:0", "-t", seconds, "-ar", str(SAMPLE_RATE), "-ac", str(shape.channels)]
    output += ["-xerror", "-f", "f32le"]
    return ffmpeg_decoder(kind, output, wall_seconds=15, cpu_seconds=10)


def _check_samples(samples: Floats, rate: int, limits: AudioLimits) -> None:
    if not np.isfinite(samples).all():
        raise Refused("AUDIO_NOT_FINITE")
    _check_length(len(samples) / rate, limits)  # a header may have told less than the truth
    if np.abs(samples).max() < SILENCE:
        raise Refused("AUDIO_SILENT")
