"""Whatever is done to a file's bytes, the answer is pixels, samples, frames or a reason."""

import io
import random
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from PIL import Image

from services.chassis.errors import Invalid
from services.chassis.sandbox import decode_audio, decode_image, decode_video
from services.chassis.sandbox.audio_headers import SHAPES
from services.chassis.sandbox.image_headers import SIZES
from services.chassis.sandbox.iso_media import read_movie
from services.chassis.sandbox.magic import kind_of
from services.chassis.sandbox.refusal import Refused

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
NUMBERS = (b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\0\0\0\1", b"\x80\0\0\0")


@cache
def sample(kind: str) -> bytes:
    """Return a small good file."""
    buffer = io.BytesIO()
    if kind in {"png", "jpeg", "webp"}:
        pixels = np.random.default_rng(5).integers(0, 256, (40, 48, 3), np.uint8)
        Image.fromarray(pixels).save(buffer, kind)
        return buffer.getvalue()
    soundfile.write(buffer, np.sin(np.arange(9600) / 9), 48_000, format="WAV")
    if kind == "wav":
        return buffer.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"sample.{kind}")
        picture = [
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=64x48:rate=5:duration=4",
            "-preset",
            "ultrafast",
        ]
        source = picture if kind == "mp4" else ["-i", "-"]
        command = [FFMPEG, "-loglevel", "error", *source, path]
        subprocess.run(command, input=buffer.getvalue(), check=True)
        return path.read_bytes()


def mutant(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(min(len(changed), chance.choice((64, 400, 1 << 30))) or 1)
        change: Callable[[], object] = chance.choice(
            (
                lambda at=at: changed.__setitem__(slice(at, at + 1), chance.randbytes(1)),
                lambda at=at: changed.__setitem__(slice(at, at + 4), chance.choice(NUMBERS)),
                lambda at=at: changed.__delitem__(slice(at, at + chance.randrange(1, 40))),
                lambda at=at: changed.__setitem__(slice(at, at), bytes(chance.randrange(1, 40))),
                lambda at=at: changed.__delitem__(slice(at, None)),
            )
        )
        change()
    return bytes(changed)


def read_head(kind: str, data: bytes) -> None:
    if kind == "mp4":
        read_movie(data, "VIDEO")
    elif kind_of(data) == kind:
        (SIZES | SHAPES)[kind](data)


def read_all(kind: str, data: bytes) -> None:
    if kind in SIZES:
        decode_image(data, kind, "file")
    elif kind == "mp4":
        with decode_video(data, kind, "file") as clip:
            list(clip.frames)
    else:
        decode_audio(data, kind, "file")


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "wav", "flac", "mp3", "m4a", "mp4"])
def test_a_mutant_is_read_or_refused(kind: str) -> None:
    chance = random.Random(kind)
    for _ in range(300):
        data = mutant(sample(kind), chance)
        with suppress(Refused):
            read_head("mp4" if kind == "m4a" else kind, data)
    for _ in range(4):
        data = mutant(sample(kind), chance)
        with suppress(Invalid):
            read_all(kind, data)
