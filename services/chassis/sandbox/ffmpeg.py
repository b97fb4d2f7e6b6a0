"""FFmpeg as a decoder: one demuxer, few codecs, one file, no network."""

from __future__ import annotations

from typing import Final

import imageio_ffmpeg

from services.chassis.sandbox.confined import Decoder

MOST_STREAMS: Final = 4
MOST_PIXELS: Final = 33_177_600
"""Width times height of a coded picture; 7680 x 4320."""

DEMUXERS: Final = {
    "mp4": ("mov,mp4,m4a,wav", "h264,aac,pcm_s16le", "mov"),
    "mp3": ("mp3", "mp3,mp3float", "mp3"),
    "flac": ("flac", "flac", "flac"),
}
"""Kind of file -> formats and codecs that may be opened, and the one demuxer that is."""


def ffmpeg_decoder(kind: str, output: list[str], wall_seconds: float, cpu_seconds: int) -> Decoder:
    """Return FFmpeg reading `input` of that kind and writing to standard output."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    formats, codecs, demuxer = DEMUXERS[kind]
    depth = ["-protocol_whitelist", "file", "-format_whitelist", formats]
    depth += ["-codec_whitelist", codecs, "-max_streams", str(MOST_STREAMS)]
    depth += ["-max_pixels", str(MOST_PIXELS), "-threads", "1", "-f", demuxer]
    quiet = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "error"]
    return Decoder(
        argv=[program, *quiet, *depth, "-i", "file:input", *output, "pipe:1"],
        readable=[program],
        wall_seconds=wall_seconds,
        limits={"AS": 1 << 30, "CPU": cpu_seconds, "FSIZE": 0, "NOFILE": 64},
    )
