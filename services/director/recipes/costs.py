"""How long steps are expected to take, in seconds of one core: for forecasts, never for results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rostrum.director.v1.director_pb2 import Commission
from rostrum.media.v1.media_pb2 import Format

IMPORT: Final = 0.3
PORTRAIT: Final = 2.5  # the landmark model is loaded for it
PLAN: Final = 0.5
CHECK_SCENE: Final = 0.3
RIG: Final = 1.7
RESTORE: Final = 1.0
LOOP: Final = 0.7
SPEAK: Final = 0.6
SYNC: Final = 0.1
ACCENTS: Final = 0.1
OPEN: Final = 1.0  # presenter and graphics are made ready to be drawn

PUPPET_FRAME: Final = 0.012
"""The presenter, drawn once for all formats."""
FULL_HD_FRAME: Final = 0.024
"""Template, captions and x264 at 1920 x 1080; other sizes by their share of its pixels."""
JOIN_SECOND: Final = 0.05
"""Sound, stills and container for a second of video."""

SPOKEN_CHARACTERS_PER_SECOND: Final = 15.0
CHUNK_CHARACTERS: Final = 130.0
"""What a chunk of at most 10 s usually holds."""

WIDTH_BY_HEIGHT: Final = {"16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1.0}


def size_of(picture: Format) -> tuple[float, float]:
    """Return the width and height of a format in pixels; its `height` is the short side."""
    shape = WIDTH_BY_HEIGHT.get(picture.aspect, 1.0)
    short = float(picture.height)
    return (short * shape, short) if shape >= 1 else (short, short / shape)


def composite(seconds: float, frame_rate: int, formats: Iterable[Format]) -> float:
    """Return what drawing a stretch of video costs."""
    sizes = [size_of(picture) for picture in formats]
    share = sum(width * height for width, height in sizes) / (1920 * 1080)
    return OPEN + seconds * frame_rate * (PUPPET_FRAME + FULL_HD_FRAME * share)


def join(seconds: float, formats: int) -> float:
    """Return what joining a video costs."""
    return OPEN + seconds * formats * JOIN_SECOND


def spoken_seconds(text: str) -> float:
    """Return about how long a text lasts when spoken."""
    return len(text) / SPOKEN_CHARACTERS_PER_SECOND


def chunk_count(script: str) -> int:
    """Return about how many chunks a script is cut into."""
    return max(1, round(len(script) / CHUNK_CHARACTERS))


def of_whole(commission: Commission) -> float:
    """Return about what a video costs of which nothing is known but its order."""
    order = commission.order
    seconds, chunks = spoken_seconds(order.script), chunk_count(order.script)
    drawn = composite(seconds, order.frame_rate, order.formats) + OPEN * (chunks - 1)
    prepared = PORTRAIT + PLAN + CHECK_SCENE + RIG + RESTORE + LOOP
    return prepared + drawn + chunks * (SPEAK + SYNC + ACCENTS) + join(seconds, len(order.formats))
