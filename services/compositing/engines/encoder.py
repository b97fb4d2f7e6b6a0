"""Encodes planes of pictures to one MP4 segment that joins with its neighbours without a seam."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

import ffmpeg

from services.chassis.timeline import Bytes
from services.compositing.domain.contact_sheet import KEYFRAME_SECONDS
from services.compositing.engines.ffmpeg import REPRODUCIBLE, Ffmpeg, Unnamed

CLOCK_HERTZ: Final = 90_000
"""Ticks a second of the picture's time stamps; whole per frame at 24, 25 and 30."""
RATE_FACTOR: Final = 20
"""x264's crf: visually clean at news pictures; less costs bits that nobody sees."""
X264: Final = "cpu-independent=1:stitchable=1:open-gop=0:lookahead-threads=1"
REC709: Final = {
    "colorspace": "bt709",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "color_range": "tv",
}
CODEC: Final = {
    "c:v": "libx264",
    "preset": "veryfast",
    "profile:v": "high",
    "threads": 1,
    "crf": RATE_FACTOR,
    "x264-params": X264,
    "flags:v": "+bitexact+cgop",
    "pix_fmt": "yuv420p",
    # Chroma is the mean of four pixels, so it sits at their centre; the stream says so.
    "chroma_sample_location": "center",
    "fps_mode": "passthrough",
    "video_track_timescale": CLOCK_HERTZ,
}
SECONDS_PER_FRAME: Final = 2.0
"""Far more than the slowest machine needs; past it ffmpeg hangs."""


class SegmentEncoder:
    """Writes one segment: H.264 High, yuv420p, Rec.709 limited, constant rate, IDR first.

    One thread and cpu-independent x264: the same planes give the same bytes.
    """

    def __init__(self, width: int, height: int, frame_rate: int, frame_count: int) -> None:
        self._file = Unnamed()
        self._ffmpeg = Ffmpeg(
            _arguments((width, height), frame_rate, self._file.address),
            timeout_seconds=30 + SECONDS_PER_FRAME * frame_count,
            files=[self._file],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ffmpeg.__exit__(kind, error, trace)
        self._file.__exit__()

    def write(self, planes: Bytes) -> None:
        """Encode one picture: I420 planes, contiguous, (height * 3 / 2, width)."""
        self._ffmpeg.write(planes.data.cast("B"))

    def finish(self) -> bytes:
        """Return the segment."""
        self._ffmpeg.finish()
        return self._file.read()


def _arguments(size: tuple[int, int], frame_rate: int, address: str) -> list[str]:
    planes = {"format": "rawvideo", "pix_fmt": "yuv420p", "framerate": frame_rate}
    keys = {"g": KEYFRAME_SECONDS * frame_rate, "keyint_min": frame_rate}
    pictures = ffmpeg.input("-", video_size=size, **planes, **REC709)
    segment = pictures.output(address, format="mp4", **CODEC, **keys, **REC709, **REPRODUCIBLE)
    arguments: list[str] = segment.get_args()
    return arguments
