"""What the headers of a sound file say, read without decoding a sample.

Each function takes a whole file and returns its Shape. Raises Refused for AUDIO_TRUNCATED,
AUDIO_CORRUPT and AUDIO_CODEC_UNSUPPORTED.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.chassis.sandbox.iso_media import read_movie
from services.chassis.sandbox.refusal import Refused

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
WAV_BITS: Final = {PCM: {8, 16, 24, 32}, FLOAT: {32, 64}}
UNKNOWN_SIZE: Final = 0xFFFFFFFF

MOST_CHUNKS: Final = 20_000
MOST_FRAMES: Final = 100_000
"""Far more than the longest sound that is taken has: 40 minutes of the shortest frames."""

MPEG_RATES: Final = (44_100, 48_000, 32_000)
MPEG_1_KILOBITS: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MPEG_2_KILOBITS: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


@dataclass(frozen=True)
class Shape:
    """How a file's sound is laid out, by its own word."""

    channels: int
    rate_hertz: int
    sample_count: int
    """Of one channel."""


def wav_shape(data: bytes) -> Shape:
    """Read a WAV of whole numbers or floats. Source: Multimedia Programming Interface 1.0, RIFF."""
    if len(data) < 12 or data[:4] != b"RIFF":
        raise Refused("AUDIO_CORRUPT")
    if (size := int.from_bytes(data[4:8], "little")) == UNKNOWN_SIZE:
        raise Refused("AUDIO_CORRUPT")
    if size + 8 > len(data) + 1:
        raise Refused("AUDIO_TRUNCATED")
    chunks = {kind: body for kind, body in _riff_chunks(data) if kind in {b"fmt ", b"data"}}
    if len(form := chunks.get(b"fmt ", memoryview(b""))) < 16 or b"data" not in chunks:
        raise Refused("AUDIO_CORRUPT")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", form)
    if tag == EXTENSIBLE and len(form) >= 26:
        tag = int.from_bytes(form[24:26], "little")
    if bits not in WAV_BITS.get(tag, ()):
        raise Refused("AUDIO_CODEC_UNSUPPORTED")
    if block != channels * bits // 8:
        raise Refused("AUDIO_CORRUPT")
    return Shape(channels, rate, len(chunks[b"data"]) // max(block, 1))


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield name and content of each chunk; of chunks with one name, readers keep the last."""
    position, left = 12, MOST_CHUNKS
    while position + 8 <= len(data):
        if not left:
            raise Refused("AUDIO_CORRUPT")
        kind, length = struct.unpack_from("<4sI", data, position)
        if position + 8 + length > len(data):
            raise Refused("AUDIO_TRUNCATED")
        yield kind, memoryview(data)[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
        left -= 1


def flac_shape(data: bytes) -> Shape:
    """Read a FLAC by its STREAMINFO. Source: RFC 9639, 8.2."""
    if len(data) < 42 or data[4] & 0x7F or int.from_bytes(data[5:8], "big") != 34:
        raise Refused("AUDIO_CORRUPT")
    packed = int.from_bytes(data[18:26], "big")
    return Shape(
        channels=(packed >> 41 & 0x7) + 1,
        rate_hertz=packed >> 44,
        sample_count=packed & (1 << 36) - 1,
    )


def m4a_shape(data: bytes) -> Shape:
    """Read the first sound track of an M4A, which must be AAC."""
    movie = read_movie(data, "AUDIO")
    tracks = [track for track in movie.tracks if track.handler == b"soun"]
    if not tracks:
        raise Refused("AUDIO_CORRUPT")
    if tracks[0].codec != b"mp4a":
        raise Refused("AUDIO_CODEC_UNSUPPORTED")
    track = tracks[0]
    return Shape(track.channels, track.rate_hertz, round(track.seconds * track.rate_hertz))


@dataclass(frozen=True)
class _MpegFrame:
    size_bytes: int
    samples: int
    shape: tuple[int, int]
    """Channels and rate."""
    side_bytes: int


def mp3_shape(data: bytes) -> Shape:
    """Walk the frames of an MP3, the first `MOST_FRAMES` at most. Source: ISO/IEC 11172-3, 2.4.

    Tags before and after are passed over; a Xing header must tell the truth.
    """
    position = _after_id3(data)
    first = _mpeg_frame(data, position)
    counted = _xing_frames(data, position, first)
    frames = 0
    while frames < MOST_FRAMES and (frame := _next_frame(data, position)) is not None:
        if frame.shape != first.shape:
            raise Refused("AUDIO_CORRUPT")
        frames += 1
        position += frame.size_bytes
    if counted is not None and frames < MOST_FRAMES and abs(frames - 1 - counted) > 1:
        raise Refused("AUDIO_CORRUPT", "its Xing header counts wrong; export the sound again")
    channels, rate = first.shape
    return Shape(channels, rate, frames * first.samples)


def _after_id3(data: bytes) -> int:
    if not data.startswith(b"ID3"):
        return 0
    size = 0
    for seven_bits in data[6:10]:
        size = size << 7 | seven_bits & 0x7F
    return 10 + size


def _next_frame(data: bytes, position: int) -> _MpegFrame | None:
    """Return the next whole frame; None at the end, or where a tag or padding follows."""
    rest = data[position : position + 8]
    if len(rest) < 4 or rest.startswith((b"TAG", b"APETAGEX", b"LYRICS")) or not any(rest):
        return None
    frame = _mpeg_frame(data, position)
    return frame if position + frame.size_bytes <= len(data) else None


def _mpeg_frame(data: bytes, position: int) -> _MpegFrame:
    head = int.from_bytes(data[position : position + 4], "big")
    version, bitrate, rate = head >> 19 & 3, head >> 12 & 15, head >> 10 & 3
    layer_three = head >> 21 == 0x7FF and head >> 17 & 3 == 1
    if not layer_three or version == 1 or rate == 3 or bitrate in {0, 15}:
        raise Refused("AUDIO_CORRUPT")  # bit rate 0 is free format, which few players know
    newest = version == 3
    hertz = MPEG_RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    kilobits = (MPEG_1_KILOBITS if newest else MPEG_2_KILOBITS)[bitrate]
    size = (144_000 if newest else 72_000) * kilobits // hertz + (head >> 9 & 1)
    mono = head >> 6 & 3 == 3
    side = (17 if mono else 32) if newest else (9 if mono else 17)
    return _MpegFrame(size, 1152 if newest else 576, (1 if mono else 2, hertz), side)


def _xing_frames(data: bytes, position: int, frame: _MpegFrame) -> int | None:
    start = position + 4 + frame.side_bytes
    mark, flags, frames = (data[start + at : start + at + 4] for at in (0, 4, 8))
    counts = mark in {b"Xing", b"Info"} and int.from_bytes(flags, "big") & 1
    return int.from_bytes(frames, "big") if counts else None


SHAPES: Final[Mapping[str, Callable[[bytes], Shape]]] = {
    "wav": wav_shape,
    "flac": flac_shape,
    "mp3": mp3_shape,
    "mp4": m4a_shape,
}
