"""Joins segments and the sound track to one MP4 without encoding a picture again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from services.compositing.engines.encoder import CLOCK_HERTZ
from services.compositing.engines.ffmpeg import Unnamed, run

REORDERED_FRAMES: Final = 2
"""How far x264's veryfast decodes ahead of what it shows."""
TIMEOUT_SECONDS: Final = 300.0


@dataclass(frozen=True)
class Programme:
    """What the videos of a commission have in common, whatever their format."""

    m4a: bytes
    """The sound track."""
    frame_rate: int
    title: str
    """Any text; it does not reach the command line."""
    language: str
    """ISO 639-2, three letters."""


def join(segments: Sequence[bytes], programme: Programme) -> bytes:
    """Return one MP4 of the segments in order under the programme's sound track."""
    with ExitStack() as opened:
        pictures = [opened.enter_context(Unnamed(segment)) for segment in segments]
        sound = opened.enter_context(Unnamed(programme.m4a))
        tags = opened.enter_context(Unnamed(_tags(programme).encode()))
        video = opened.enter_context(Unnamed())
        run(
            [*_inputs(sound, tags), *_streams(programme.frame_rate), *_container(), video.address],
            _playlist(pictures).encode(),
            timeout_seconds=TIMEOUT_SECONDS,
            files=[*pictures, sound, tags, video],
        )
        return video.read()


def _inputs(sound: Unnamed, tags: Unnamed) -> list[str]:
    only = ["-protocol_whitelist", "file,fd"]
    listed = ["-format_whitelist", "concat,mov", "-codec_whitelist", "h264"]
    pictures = [*only, *listed, "-f", "concat", "-safe", "0", "-i", "-"]
    return [*pictures, *only, "-i", sound.address, *only, "-f", "ffmetadata", "-i", tags.address]


def _streams(frame_rate: int) -> list[str]:
    # A segment shorter than the reordering starts decoding late; frame numbers put that right.
    ticks = CLOCK_HERTZ // frame_rate
    clock = f"setts=pts=PTS:dts=(N-{REORDERED_FRAMES})*{ticks}:duration={ticks}"
    return ["-map", "0:v", "-map", "1:a", "-c", "copy", "-bsf:v", clock]


def _container() -> list[str]:
    tags = ["-map_metadata", "2", "-map_metadata:s:v", "2:s:0", "-map_metadata:s:a", "2:s:1"]
    clock = ["-video_track_timescale", f"{CLOCK_HERTZ}", "-movflags", "+faststart"]
    return ["-fflags", "+bitexact", *tags, *clock, "-f", "mp4"]


def _playlist(files: Sequence[Unnamed]) -> str:
    return "ffconcat version 1.0\n" + "".join(f"file {file.address}\n" for file in files)


def _tags(programme: Programme) -> str:
    special = "=;#\\\n"
    plain = "".join("\\" + letter if letter in special else letter for letter in programme.title)
    stream = f"[STREAM]\nlanguage={programme.language}\n"
    return f";FFMETADATA1\ntitle={plain}\n{stream}{stream}"
