"""A head that is made to cost us time or memory is refused before it does; nothing confines us."""

import struct
import time
from collections.abc import Callable

import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.chassis.sandbox import decode_audio, decode_image, decode_video
from tests.unit.chassis.test_sandbox_audio import tone, wav
from tests.unit.chassis.test_sandbox_image import png_chunk
from tests.unit.chassis.test_sandbox_video import box, movie

LARGE = 32 << 20
SECONDS = 2


def crowded_wav() -> bytes:
    """Return a good WAV that begins with empty chunks, each of a name of its own."""
    good = wav(tone())
    chunks = np.arange(0x61000000, 0x61000000 + LARGE // 8, dtype="<u8").tobytes()
    return (
        b"RIFF" + struct.pack("<I", 4 + len(chunks) + len(good) - 12) + b"WAVE" + chunks + good[12:]
    )


def many_frames() -> bytes:
    """Return an MP3 of the shortest frames: 8 kbit/s at 24 kHz."""
    return (b"\xff\xf3\x14\xc0" + bytes(20)) * (LARGE // 24)


def sample_times(count: int) -> bytes:
    return box(b"stts", bytes(4), struct.pack(">I", count), struct.pack(">II", 1, 1) * count)


def crowded_clip() -> bytes:
    return movie(box(b"trak", sample_times(LARGE // 8)))


def many_tables() -> bytes:
    return movie(box(b"trak", *([sample_times(1 << 18)] * 100)))


def endless_padding() -> bytes:
    return b"\xff\xd8" + b"\xff" * (LARGE - 2)


def crowded_png() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"teXt", b"") * (LARGE // 12)


def crowded_gif() -> bytes:
    return b"GIF89a" + bytes(7) + b"\x21\xfe" + b"\x01 " * (LARGE // 2 - 8)


def show(data: bytes, extension: str, field: str) -> None:
    with decode_video(data, extension, field) as clip:
        list(clip.frames)


BOMBS = [
    (decode_audio, crowded_wav, "wav", "AUDIO_CORRUPT"),
    (decode_audio, many_frames, "mp3", "AUDIO_TOO_LONG"),
    (show, crowded_clip, "mp4", "VIDEO_CORRUPT"),
    (show, many_tables, "mp4", "VIDEO_NO_STREAM"),
    (decode_image, endless_padding, "jpg", "IMAGE_CORRUPT"),
    (decode_image, crowded_png, "png", "IMAGE_CORRUPT"),
    (decode_image, crowded_gif, "gif", "IMAGE_TYPE_UNSUPPORTED"),
]


@pytest.mark.parametrize(
    ("decode", "bomb", "extension", "reason"), BOMBS, ids=[row[1].__name__ for row in BOMBS]
)
def test_a_bomb_in_a_head_is_refused_in_little_time(
    decode: Callable[[bytes, str, str], object],
    bomb: Callable[[], bytes],
    extension: str,
    reason: str,
) -> None:
    data = bomb()
    start = time.process_time()
    with pytest.raises(Invalid) as refusal:
        decode(data, extension, "file")
    assert time.process_time() - start < SECONDS
    assert refusal.value.violations[0].reason == reason
