"""Clips from outside are answered by name, or come out as frames at a constant rate."""

import functools
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from services.chassis.errors import Invalid, Transient
from services.chassis.sandbox import VideoLimits, decode_video
from services.chassis.sandbox.confined import Decoder
from services.chassis.sandbox.ffmpeg import ffmpeg_decoder

NOISE = np.random.default_rng(3).integers(0, 256, 4096, np.uint8).tobytes()
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
MP4 = (*H264, "-f", "mp4")


@functools.cache
def clip(
    *arguments: str,
    size: str = "64x48",
    seconds: float = 4,
    rate: int = 10,
    source: str = "testsrc",
) -> bytes:
    """Return a test picture as ffmpeg saves it."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-f", "lavfi"]
    command += ["-i", f"{source}=size={size}:rate={rate}:duration={seconds}"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip")
        subprocess.run([*command, *arguments, path], check=True)
        return path.read_bytes()


def box(kind: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full_box(kind: bytes, layout: str, *values: int | bytes) -> bytes:
    return box(kind, bytes(4), struct.pack(layout, *values))


def track(
    handler: bytes = b"vide",
    codec: bytes = b"avc1",
    size: tuple[int, int] = (16, 16),
    frames: int = 75,
) -> bytes:
    width, height = size
    matrix = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    sides = struct.pack(">II", width << 16, height << 16)
    head = box(b"tkhd", bytes(12), struct.pack(">I", 1), bytes(24), matrix, sides)
    entry = box(codec, bytes(24), struct.pack(">HH", width, height), bytes(50))
    table = box(
        b"stbl",
        box(b"stsd", bytes(4), struct.pack(">I", 1), entry),
        full_box(b"stts", ">III", 1, frames, 1),
        full_box(b"stsz", ">II", 0, frames),
    )
    media = box(
        b"mdia",
        full_box(b"mdhd", ">IIII", 0, 0, 25, frames),
        full_box(b"hdlr", ">I4s12x", 0, handler),
        box(b"minf", table),
    )
    return box(b"trak", head, media)


def movie(*tracks: bytes) -> bytes:
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moov", *tracks) + box(b"mdat", bytes(64))


def nested(kind: bytes, depth: int) -> bytes:
    """Return a clip whose track holds a box in a box in a box."""
    boxes = b"".join(struct.pack(">I4s", 8 * (depth - at), kind) for at in range(depth))
    return movie(box(b"trak", boxes))


def without(kind: bytes, data: bytes) -> bytes:
    """Rename a box so that nobody knows it."""
    return data.replace(kind, b"free")


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
DASH = b'<?xml version="1.0"?><MPD><BaseURL>http://169.254.169.254/</BaseURL></MPD>'
TRANSPORT = clip(*H264, "-f", "mpegts")
SOUND_ONLY = movie(track(b"soun", b"mp4a"))

REFUSED = [
    ("F01 empty", b"", "mp4", "VIDEO_EMPTY"),
    ("F02 random bytes", b"\x01" + NOISE, "mp4", "VIDEO_UNRECOGNISED"),
    ("F05 playlist", PLAYLIST, "mp4", "VIDEO_UNRECOGNISED"),
    ("F07 DASH", DASH, "mp4", "VIDEO_UNRECOGNISED"),
    ("F03 no moov", without(b"moov", clip(*MP4)), "mp4", "VIDEO_CORRUPT"),
    ("F04 truncated mdat", clip(*MP4, "-movflags", "faststart")[:-2000], "mp4", "VIDEO_TRUNCATED"),
    ("F04 cut before the head", clip(*MP4)[:3000], "mp4", "VIDEO_TRUNCATED"),
    (
        "F10 AVI MagicYUV",
        clip("-c:v", "magicyuv", "-f", "avi"),
        "avi",
        "VIDEO_CONTAINER_UNSUPPORTED",
    ),
    ("F10 AVI as MP4", clip("-c:v", "magicyuv", "-f", "avi"), "mp4", "VIDEO_CONTAINER_UNSUPPORTED"),
    ("F11 MKV", clip(*H264, "-f", "matroska"), "mkv", "VIDEO_CONTAINER_UNSUPPORTED"),
    ("F11 FLV", clip(*H264, "-f", "flv"), "flv", "VIDEO_CONTAINER_UNSUPPORTED"),
    ("F11 TS", TRANSPORT, "ts", "VIDEO_CONTAINER_UNSUPPORTED"),
    ("F11 RM", b".RMF\0\0\0\x12" + NOISE, "rm", "VIDEO_CONTAINER_UNSUPPORTED"),
    (
        "F12 VP9",
        clip("-c:v", "libvpx-vp9", "-cpu-used", "8", "-f", "mp4"),
        "mp4",
        "VIDEO_CODEC_UNSUPPORTED",
    ),
    ("F12 AV1", movie(track(codec=b"av01")), "mp4", "VIDEO_CODEC_UNSUPPORTED"),
    ("F12 ProRes", clip("-c:v", "prores", "-f", "mov"), "mov", "VIDEO_CODEC_UNSUPPORTED"),
    ("F14 8192 x 8192", movie(track(size=(8192, 8192), frames=80)), "mp4", "VIDEO_TOO_LARGE"),
    ("F15 600,000 frames", movie(track(frames=600_000)), "mp4", "VIDEO_TOO_MANY_FRAMES"),
    ("F17 one frame", clip(*MP4, "-frames:v", "1"), "mp4", "VIDEO_TOO_SHORT"),
    ("two seconds", clip(*MP4, seconds=2), "mp4", "VIDEO_TOO_SHORT"),
    ("half a minute and more", clip(*MP4, seconds=31), "mp4", "VIDEO_TOO_LONG"),
    ("F19 only sound", SOUND_ONLY, "mp4", "VIDEO_NO_STREAM"),
    ("F20 100 streams", movie(*[track()] * 100), "mp4", "VIDEO_STREAMS_TOO_MANY"),
    ("a million boxes", box(b"ftyp") + box(b"free") * 100_000, "mp4", "VIDEO_CORRUPT"),
    ("a thousand boxes in one another", nested(b"mdia", 1_000), "mp4", "VIDEO_CORRUPT"),
    ("a head in name only", box(b"moov", box(b"trak", b"x" * 9)), "mp4", "VIDEO_CORRUPT"),
    ("H.264 in name only", movie(track()), "mp4", "VIDEO_CORRUPT"),
    ("MP4 named otherwise", clip(*MP4), "gif", "VIDEO_TYPE_MISMATCH"),
]


USUAL = VideoLimits()


def frames_of(data: bytes, extension: str = "mp4", limits: VideoLimits = USUAL) -> np.ndarray:
    with decode_video(data, extension, "clip", limits) as decoded:
        return np.stack(list(decoded.frames))


@pytest.mark.parametrize(
    ("data", "extension", "reason"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_a_clip_that_cannot_be_used_is_refused_by_name(
    data: bytes, extension: str, reason: str
) -> None:
    start = time.monotonic()
    with pytest.raises(Invalid) as refusal:
        frames_of(data, extension)
    assert time.monotonic() - start < 10, "answered, not ended by the time-out"
    (violation,) = refusal.value.violations
    assert (violation.field, violation.reason) == ("clip", reason)
    assert len(violation.remedy) > 20, "the person who sent it must learn what to do"


def test_a_clip_that_is_cut_short_by_the_time_out_may_be_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hasty(kind: str, output: list[str], _: float, cpu_seconds: int) -> Decoder:
        return ffmpeg_decoder(kind, output, 0.01, cpu_seconds)

    monkeypatch.setattr("services.chassis.sandbox.video.ffmpeg_decoder", hasty)
    with pytest.raises(Transient, match=r"^DECODER_SLOW: "):
        frames_of(clip(*MP4))


def test_a_playlist_in_disguise_opens_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(clip(*MP4))
    reference = box(b"rdrf", bytes(4), b"url ", struct.pack(">I", 40), str(secret).encode())
    moov = box(b"moov", box(b"rmra", box(b"rmda", reference)))
    with pytest.raises(Invalid) as refusal:
        frames_of(box(b"ftyp", b"qt  ", bytes(4)) + moov, "mov")
    assert refusal.value.violations[0].reason == "VIDEO_NO_STREAM"


def test_a_frame_larger_than_the_head_says_is_refused_by_the_decoder() -> None:
    data = clip(*MP4, "-frames:v", "1", size="8192x8192", source="color")
    small = data.replace(struct.pack(">HH", 8192, 8192), struct.pack(">HH", 64, 64))
    small = small.replace(
        struct.pack(">II", 8192 << 16, 8192 << 16), struct.pack(">II", 64 << 16, 64 << 16)
    )
    assert small != data
    with pytest.raises(Invalid) as refusal:
        frames_of(small, limits=VideoLimits(least_seconds=0))
    assert refusal.value.violations[0].reason == "VIDEO_TOO_LARGE"


@pytest.mark.parametrize("extension", ["mp4", "mov", "m4v"])
def test_frames_come_at_a_constant_rate_whatever_the_clip_had(extension: str) -> None:
    shown = frames_of(clip(*H264, "-f", "mov" if extension == "mov" else "mp4"), extension)
    assert shown.shape == (100, 48, 64, 3)
    assert np.ptp(shown[0].astype(int)) > 200, "the test picture is colourful"


def test_f18_variable_rate_and_times_that_run_backwards_are_normalised() -> None:
    uneven = clip(*MP4, "-vf", "select='mod(n,7)*lt(n,30)+gte(n,30)'", "-fps_mode", "vfr", rate=25)
    assert abs(len(frames_of(uneven)) - 100) <= 2
    position = uneven.index(b"stts") + 12
    backwards = bytearray(uneven)
    struct.pack_into(">I", backwards, position + 4, 0)  # the first pictures at one moment
    assert len(frames_of(bytes(backwards))) > 70


def test_a_clip_held_upright_is_decoded_upright() -> None:
    data = clip(*MP4)
    straight = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    turned = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30)
    head = data.index(b"tkhd")
    assert straight in data[head:]
    side = data[:head] + data[head:].replace(straight, turned, 1)
    assert frames_of(side).shape[1:] == (64, 48, 3)
    assert np.abs(frames_of(side)[0].astype(int) - np.rot90(frames_of(data)[0], -1)).mean() < 3


def test_large_frames_come_scaled_down() -> None:
    shown = frames_of(clip(*MP4), limits=VideoLimits(side_pixels=32))
    assert shown.shape[1:] == (24, 32, 3)


def test_a_fragmented_clip_is_taken_and_counted() -> None:
    fragmented = clip(*MP4, "-movflags", "frag_keyframe+empty_moov")
    assert len(frames_of(fragmented)) == 100
    with pytest.raises(Invalid) as refusal:
        frames_of(clip(*MP4, "-movflags", "frag_keyframe+empty_moov", seconds=31))
    assert refusal.value.violations[0].reason == "VIDEO_TOO_LONG"


def test_a_damaged_picture_is_refused_and_not_patched_up() -> None:
    data = bytearray(clip(*MP4))
    start = data.index(b"mdat") + 200
    data[start : start + 4000] = np.random.default_rng(4).integers(0, 256, 4000, np.uint8).tobytes()
    with pytest.raises(Invalid) as refusal:
        frames_of(bytes(data))
    assert refusal.value.violations[0].reason == "VIDEO_CORRUPT"


def test_reading_may_stop_early() -> None:
    with decode_video(clip(*MP4), "mp4", "clip") as decoded:
        assert next(decoded.frames).shape == (48, 64, 3)
