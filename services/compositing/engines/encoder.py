"""Encodes planes of pictures to one MP4 segment that joins with its neighbours without a seam."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from services.chassis.timeline import Bytes
from services.compositing.domain.contact_sheet import KEYFRAME_SECONDS
from services.compositing.engines.ffmpeg import REPRODUCIBLE, Ffmpeg, Unnamed

CLOCK_HERTZ: Final = 90_000
"""Ticks a second of the picture's time stamps; whole per frame at 24, 25 and 30."""
RATE_FACTOR: Final = 20
"""x264's crf: visually clean at news pictures; less costs bits that nobody sees."""
X264: Final = "cpu-independent=1:stitchable=1:open-gop=0:lookahead-threads=1"
REC709: Final = (
    *("-colorspace", "bt709", "-color_primaries", "bt709"),
    *("-color_trc", "bt709", "-color_range", "tv"),
)
SECONDS_PER_FRAME: Final = 2.0
"""Far more than the slowest machine needs; past it ffmpeg hangs."""


class SegmentEncoder:
    """Writes one segment: H.264 High, yuv420p, Rec.709 limited, constant rate, IDR first.

    One thread and cpu-independent x264: the same planes give the same bytes.
    """

    def __init__(self, width: int, height: int, frame_rate: int, frame_count: int) -> None:
        self._file = Unnamed()
        self._ffmpeg = Ffmpeg(
            [*_source(width, height, frame_rate), *_codec(frame_rate), self._file.address],
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


def _source(width: int, height: int, frame_rate: int) -> list[str]:
    pictures = ["-f", "rawvideo", "-pix_fmt", "yuv420p", *REC709]
    return [*pictures, "-video_size", f"{width}x{height}", "-framerate", f"{frame_rate}", "-i", "-"]


def _codec(frame_rate: int) -> list[str]:
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-threads", "1"]
    keys = ["-g", f"{KEYFRAME_SECONDS * frame_rate}", "-keyint_min", f"{frame_rate}"]
    # Chroma is the mean of four pixels, so it sits at their centre; the stream says so.
    colour = ["-pix_fmt", "yuv420p", *REC709, "-chroma_sample_location", "center"]
    quality = ["-crf", f"{RATE_FACTOR}", "-x264-params", X264, "-flags:v", "+bitexact+cgop"]
    clock = ["-fps_mode", "passthrough", "-video_track_timescale", f"{CLOCK_HERTZ}"]
    return [*x264, *quality, *keys, *colour, *clock, *REPRODUCIBLE, "-f", "mp4"]
