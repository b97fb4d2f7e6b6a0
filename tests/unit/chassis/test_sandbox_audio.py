"""Sound from outside is answered by name, or comes out as samples."""

import functools
import io
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from services.chassis.errors import Invalid
from services.chassis.sandbox import AudioLimits, audio_warnings, decode_audio

RATE = 48_000


def tone(seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype("<f4")


def wav(samples: np.ndarray, subtype: str = "PCM_16", kind: str = "WAV") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, subtype=subtype, format=kind)
    return buffer.getvalue()


@functools.cache
def converted(*arguments: str) -> bytes:
    """Return two seconds of tone as ffmpeg saves them."""
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-i", "-"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sound")
        subprocess.run([*ffmpeg, *arguments, path], input=wav(tone(2)), check=True)
        return path.read_bytes()


def patched(data: bytes, offset: int, layout: str, *values: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(layout, changed, offset, *values)
    return bytes(changed)


def with_rate(hertz: int) -> bytes:
    return patched(wav(tone()), 24, "<II", hertz, min(hertz * 2, 0xFFFFFFFF))


def with_channels(count: int) -> bytes:
    return patched(patched(wav(tone()), 22, "<H", count), 32, "<H", count * 2)


def hour() -> bytes:
    """Return the head of an hour of 8-bit sound, and the hour, which packs well."""
    size = 8_000 * 3_600
    form = struct.pack("<HHIIHH", 1, 1, 8_000, 8_000, 1, 8)
    head = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", len(head) + size) + head + b"\x80" * size


def with_nan() -> bytes:
    samples = tone()
    samples[100], samples[200] = np.nan, np.inf
    return wav(samples, "FLOAT")


def free_format_mp3() -> bytes:
    return b"\xff\xfb\x00\x00" + bytes(413) + b"\xff\xfb\x00\x00" + bytes(413)


def broken_xing() -> bytes:
    data = bytearray(converted("-f", "mp3"))
    position = data.index(b"Info") if b"Info" in data else data.index(b"Xing")
    struct.pack_into(">I", data, position + 8, 0x7FFFFFFF)
    return bytes(data)


NOISE = np.random.default_rng(2).integers(0, 256, 4096, np.uint8).tobytes()

REFUSED = [
    ("E01 empty", b"", "wav", "AUDIO_EMPTY"),
    ("random bytes", b"\x01" + NOISE, "wav", "AUDIO_UNRECOGNISED"),
    ("E03 endless RIFF", patched(wav(tone()), 4, "<I", 0xFFFFFFFF), "wav", "AUDIO_CORRUPT"),
    ("E04 rate 0", with_rate(0), "wav", "AUDIO_RATE_UNSUPPORTED"),
    ("E04 rate 1", with_rate(1), "wav", "AUDIO_RATE_UNSUPPORTED"),
    ("E04 rate 10 MHz", with_rate(10_000_000), "wav", "AUDIO_RATE_UNSUPPORTED"),
    ("E05 255 channels", with_channels(255), "wav", "AUDIO_CHANNELS_UNSUPPORTED"),
    ("no channel", with_channels(0), "wav", "AUDIO_CHANNELS_UNSUPPORTED"),
    ("E06 not a number", with_nan(), "wav", "AUDIO_NOT_FINITE"),
    ("E07 silence", wav(np.zeros(RATE)), "wav", "AUDIO_SILENT"),
    ("E09 an hour", hour(), "wav", "AUDIO_TOO_LONG"),
    ("E10 20 ms", wav(tone(0.02)), "wav", "AUDIO_TOO_SHORT"),
    ("no sample", wav(tone(0)), "wav", "AUDIO_TOO_SHORT"),
    ("E11 free-format MP3", free_format_mp3(), "mp3", "AUDIO_CORRUPT"),
    ("E11 broken Xing", broken_xing(), "mp3", "AUDIO_CORRUPT"),
    (
        "E15 opus in MP4",
        converted("-f", "mp4", "-c:a", "libopus"),
        "m4a",
        "AUDIO_CODEC_UNSUPPORTED",
    ),
    ("ALAC in M4A", converted("-f", "mp4", "-c:a", "alac"), "m4a", "AUDIO_CODEC_UNSUPPORTED"),
    ("MP3 in MP4", converted("-f", "mp4", "-c:a", "libmp3lame"), "m4a", "AUDIO_CORRUPT"),
    ("telephone WAV", wav(tone(), "ULAW"), "wav", "AUDIO_CODEC_UNSUPPORTED"),
    ("truncated WAV", wav(tone())[:-999], "wav", "AUDIO_TRUNCATED"),
    ("truncated FLAC", wav(tone(), kind="FLAC")[:30], "flac", "AUDIO_CORRUPT"),
    ("lying FLAC", b"fLaC" + NOISE, "flac", "AUDIO_CORRUPT"),
    ("MP3 of noise", b"ID3\x04\0\0\0\0\0\0" + NOISE, "mp3", "AUDIO_CORRUPT"),
    ("Ogg", converted("-f", "ogg"), "ogg", "AUDIO_TYPE_UNSUPPORTED"),
    ("WAV in name only", wav(tone(), kind="FLAC"), "wav", "AUDIO_TYPE_MISMATCH"),
]


@pytest.mark.parametrize(
    ("data", "extension", "reason"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_a_sound_that_cannot_be_used_is_refused_by_name(
    data: bytes, extension: str, reason: str
) -> None:
    start = time.monotonic()
    with pytest.raises(Invalid) as refusal:
        decode_audio(data, extension, "audio")
    assert time.monotonic() - start < 10, "answered, not ended by the time-out"
    (violation,) = refusal.value.violations
    assert (violation.field, violation.reason) == ("audio", reason)
    assert len(violation.remedy) > 20, "the person who sent it must learn what to do"


def test_e08_clipped_sound_is_taken_with_a_warning() -> None:
    clipped = np.clip(tone(level=9), -1, 1)
    samples, _ = decode_audio(wav(clipped), "wav", "audio")
    assert [warning.reason for warning in audio_warnings(samples, "audio")] == ["AUDIO_CLIPPED"]
    assert audio_warnings(tone()[:, None], "audio") == ()


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_a_wav_comes_out_as_it_was(subtype: str) -> None:
    stereo = np.stack([tone(), -tone()], axis=1)
    samples, rate = decode_audio(wav(stereo, subtype), "wav", "audio")
    assert (samples.shape, samples.dtype, rate) == ((RATE, 2), np.float32, RATE)
    assert np.abs(samples - stereo).max() < 1e-4


@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (converted("-f", "flac"), "flac"),
        (converted("-f", "mp3"), "mp3"),
        (converted("-f", "mp3", "-ar", "22050", "-b:a", "32k"), "mp3"),
        (converted("-f", "mp3", "-q:a", "2", "-ac", "2"), "mp3"),
        (converted("-f", "ipod"), "m4a"),
    ],
    ids=["FLAC", "MP3", "MP3 of half the rate", "MP3 of varying bit rate", "M4A"],
)
def test_what_ffmpeg_decodes_comes_out_at_48_kilohertz(data: bytes, extension: str) -> None:
    samples, rate = decode_audio(data, extension, "audio")
    assert rate == RATE
    assert abs(len(samples) / rate - 2) < 0.1
    assert 0.3 < np.abs(samples).max() < 0.7


def test_a_sound_of_too_many_bytes_is_refused_unread() -> None:
    with pytest.raises(Invalid) as refusal:
        decode_audio(b"RIFF" + bytes(100), "wav", "audio", AudioLimits(file_bytes=99))
    assert refusal.value.violations[0].reason == "AUDIO_TOO_LARGE"
