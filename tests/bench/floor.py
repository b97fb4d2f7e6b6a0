"""The floor: what x264 alone takes for the frames of a finished video, with the same settings."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from services.compositing.engines.encoder import SegmentEncoder

SEGMENT_SECONDS = 10
"""As long as the longest chunk; the raw pictures of one segment are held in memory."""


@dataclass(frozen=True)
class Floor:
    """What encoding alone costs, in one thread."""

    wall_seconds: float
    cpu_seconds: float
    frames: int


def measure_floor(video: Path, width: int, height: int, frame_rate: int) -> Floor:
    """Decode a video to raw pictures and encode them again, and measure the encoding only.

    What it takes to hand the pictures over to the encoder counts in: nobody can do without.
    """
    wall = cpu = frames = 0.0
    for planes in segments(video, width, height, SEGMENT_SECONDS * frame_rate):
        begun, before = time.monotonic(), used_seconds()
        with SegmentEncoder(width, height, frame_rate, len(planes)) as encoder:
            for picture in planes:
                encoder.write(picture)
            encoder.finish()
        wall += time.monotonic() - begun
        cpu += used_seconds() - before
        frames += len(planes)
    return Floor(wall, cpu, int(frames))


def segments(video: Path, width: int, height: int, most: int) -> Iterator[np.ndarray]:
    """Yield the pictures of a video as I420 planes, (frames, height * 3 / 2, width)."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    command = [program, "-v", "error", "-i", str(video), "-f", "rawvideo", "-pix_fmt", "yuv420p"]
    size = width * height * 3 // 2
    with subprocess.Popen([*command, "-"], stdout=subprocess.PIPE) as decoder:
        assert decoder.stdout is not None
        while data := decoder.stdout.read(size * most):
            yield np.frombuffer(data, np.uint8).reshape(-1, height * 3 // 2, width)


def used_seconds() -> float:
    """Return the CPU time of this process and of the children it has waited for."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)
