"""Clips from outside: refused by their boxes, or decoded frame by frame in a sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.chassis.sandbox.confined import Confined
from services.chassis.sandbox.ffmpeg import MOST_PIXELS, MOST_STREAMS, ffmpeg_decoder
from services.chassis.sandbox.iso_media import Movie, Track, read_movie
from services.chassis.sandbox.magic import kind_of
from services.chassis.sandbox.refusal import Refused, complaining_about
from services.chassis.timeline import Bytes

EXTENSIONS: Final = frozenset({"mp4", "mov", "m4v"})
CODECS: Final = frozenset({b"avc1", b"avc3"})
FOREIGN: Final = frozenset({"avi", "mkv", "flv", "mpegts", "realmedia", "asf", "mpeg", "ogg"})
"""Kinds that are video, or may be, but are not taken."""

REMEDIES: Final = {
    "VIDEO_EMPTY": "the file has no bytes; export the clip again",
    "VIDEO_UNRECOGNISED": "this is no video; use MP4 with H.264",
    "VIDEO_TYPE_MISMATCH": "the content is not what the file name's ending says; rename the file",
    "VIDEO_CONTAINER_UNSUPPORTED": "save the clip as MP4 or MOV with H.264",
    "VIDEO_CODEC_UNSUPPORTED": "save the clip as MP4 with H.264",
    "VIDEO_TRUNCATED": "the file ends too early; copy or export it again",
    "VIDEO_CORRUPT": "the file is damaged; export the clip again",
    "VIDEO_NO_STREAM": "there is no picture in the file; export the clip with its video track",
    "VIDEO_STREAMS_TOO_MANY": f"export the clip with at most {MOST_STREAMS} tracks, best just one",
}


@dataclass(frozen=True)
class VideoLimits:
    """How long and large a clip may be, and how its frames are wanted."""

    file_bytes: int = 256 << 20
    least_seconds: float = 3
    most_seconds: float = 30
    pixels: int = MOST_PIXELS
    """Width times height as compressed."""
    frames: int = 10_000
    """As compressed."""
    side_pixels: int = 1280
    """Frames are scaled down so that no side is longer."""
    frame_rate: int = 25
    """Frames are dropped or doubled to this constant rate."""


ANY_VIDEO: Final = VideoLimits()


@dataclass(frozen=True)
class Clip:
    """A clip being decoded."""

    width: int
    height: int
    frame_rate: int
    frames: Iterator[Bytes]
    """Each (height, width, 3) RGB. Raises Invalid at its end where the file was damaged."""


@contextmanager
def decode_video(
    data: bytes, extension: str, field: str, limits: VideoLimits = ANY_VIDEO
) -> Iterator[Clip]:
    """Decode an MP4, MOV or M4V with H.264 while the context lasts: upright, at a constant rate.

    `extension` is the file name's ending in lower case, without the dot. Raises Invalid for
    `field`, with one of the reasons of `REMEDIES`, VIDEO_TOO_LARGE, VIDEO_TOO_LONG,
    VIDEO_TOO_SHORT or VIDEO_TOO_MANY_FRAMES; some of them only when the frames are read.
    """
    with complaining_about(field, REMEDIES):
        if len(data) > limits.file_bytes:
            remedy = f"more than {limits.file_bytes >> 20} MiB; save the clip smaller"
            raise Refused("VIDEO_TOO_LARGE", remedy)
        _check_kind(data, extension)
        movie = read_movie(data, "VIDEO")
        width, height = _scaled(_check_movie(movie, limits), limits.side_pixels)
        decoder = ffmpeg_decoder("mp4", _output(width, height, limits), 120, 60)
        with Confined(decoder, data) as confined:
            frames = _frames(confined, width, height, limits)
            yield Clip(width, height, limits.frame_rate, frames)


def _check_kind(data: bytes, extension: str) -> None:
    if not data:
        raise Refused("VIDEO_EMPTY")
    kind = kind_of(data)
    if kind in FOREIGN:
        raise Refused("VIDEO_CONTAINER_UNSUPPORTED")
    if kind != "mp4":
        raise Refused("VIDEO_UNRECOGNISED")
    if extension not in EXTENSIONS:
        raise Refused("VIDEO_TYPE_MISMATCH")


def _check_movie(movie: Movie, limits: VideoLimits) -> Track:
    pictures = [track for track in movie.tracks if track.handler == b"vide"]
    if len(movie.tracks) > MOST_STREAMS:
        raise Refused("VIDEO_STREAMS_TOO_MANY")
    if not pictures:
        raise Refused("VIDEO_NO_STREAM")
    track = pictures[0]
    if track.codec not in CODECS:
        raise Refused("VIDEO_CODEC_UNSUPPORTED")
    _check_picture(track, limits)
    if track.sample_count > limits.frames:
        remedy = f"{track.sample_count} frames; at most {limits.frames} are taken"
        raise Refused("VIDEO_TOO_MANY_FRAMES", remedy)
    if not movie.fragmented:
        _check_length(0 if track.sample_count < 2 else track.seconds, limits)
    return track


def _check_picture(track: Track, limits: VideoLimits) -> None:
    width, height = track.coded
    if min(width, height, *track.shown) < 1:
        raise Refused("VIDEO_CORRUPT")
    if max(width * height, track.shown[0] * track.shown[1]) > limits.pixels:
        remedy = f"{width} x {height} is more than {limits.pixels / 1e6:.0f} million pixels"
        raise Refused("VIDEO_TOO_LARGE", f"{remedy}; scale the clip down")


def _check_length(seconds: float, limits: VideoLimits) -> None:
    span = f"clips of {limits.least_seconds:g} to {limits.most_seconds:g} s are taken"
    if seconds < limits.least_seconds:
        raise Refused("VIDEO_TOO_SHORT", f"{seconds:.2f} s; {span}")
    if seconds > limits.most_seconds:
        raise Refused("VIDEO_TOO_LONG", f"{seconds:.1f} s; {span}: cut the best part out")


def _scaled(track: Track, side_pixels: int) -> tuple[int, int]:
    """Return width and height to decode to, as shown and turned, both at least 16."""
    width, height = reversed(track.shown) if track.on_its_side else track.shown
    scale = min(1, side_pixels / max(width, height))
    return max(round(width * scale), 16), max(round(height * scale), 16)


def _output(width: int, height: int, limits: VideoLimits) -> list[str]:
    rate, most = limits.frame_rate, _most_frames(limits)
    pictures = f"fps={rate},scale={width}:{height}:flags=area,setsar=1,format=rgb24"
    return [
        "-map",
        "0:v:0",
        "-vf",
        pictures,
        "-frames:v",
        str(most + 1),
        "-xerror",
        "-f",
        "rawvideo",
    ]


def _most_frames(limits: VideoLimits) -> int:
    return round(limits.most_seconds * limits.frame_rate) + 2


def _frames(confined: Confined, width: int, height: int, limits: VideoLimits) -> Iterator[Bytes]:
    size = width * height * 3
    count = 0
    while len(frame := confined.read(size)) == size:
        count += 1
        if count > _most_frames(limits):
            _check_length(count / limits.frame_rate, limits)
        yield np.frombuffer(frame, np.uint8).reshape(height, width, 3)
    ending = confined.finish()
    if "exceeds specified max pixel count" in ending.complaint:
        raise Refused("VIDEO_TOO_LARGE", "a frame is larger than the file's head says")
    if ending.exit_code or not count:
        raise Refused("VIDEO_CORRUPT")
    _check_length((count + 1) / limits.frame_rate, limits)
