"""Draws a chunk in every format at once: the presenter is posed once a frame, then painted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from services.chassis.rig import Rig
from services.chassis.timeline import Bytes, Timing, samples_per_frame
from services.compositing.domain import captions
from services.compositing.domain.captions import Measure
from services.compositing.domain.graphics import Graphics
from services.compositing.domain.performance import Performance, at_rest
from services.compositing.engines.encoder import SegmentEncoder
from services.compositing.engines.painter import Painter, Spoken
from services.compositing.engines.puppet import Puppet
from services.compositing.engines.puppet_view import View
from services.compositing.engines.ready import Present

Presenter = tuple[Rig, Present]


@dataclass(frozen=True)
class Chunk:
    """What a chunk shows besides its graphics."""

    performance: Performance
    timing: Timing
    start_frame: int
    """Where its first frame lies in the video."""
    lead_frames: int
    fade_frames: int
    """Over so many frames at its end graphics fade out; 0: the video goes on."""
    frame_rate: int


def draw(chunk: Chunk, presenter: Presenter, graphics: Sequence[Graphics]) -> list[bytes]:
    """Return the chunk's segments, one for each format's graphics."""
    with ExitStack() as opened:
        encoders = [opened.enter_context(_encoder(each, chunk)) for each in graphics]
        for pictures in paint(chunk, presenter, graphics):
            for encoder, planes in zip(encoders, pictures, strict=True):
                encoder.write(planes)
        return [encoder.finish() for encoder in encoders]


def paint(
    chunk: Chunk, presenter: Presenter, graphics: Sequence[Graphics]
) -> Iterator[list[Bytes]]:
    """Yield the I420 planes of each frame, one for each format; good until the next frame."""
    puppet, views = _open(presenter, graphics)
    painters = [Painter(each, view) for each, view in zip(graphics, views, strict=True)]
    spoken = [_spoken(chunk, each) for each in graphics]
    count = chunk.performance.frame_count
    for index in range(count):
        _pose(puppet, chunk.performance, index)
        left = count - 1 - index
        remaining = left if left < chunk.fade_frames else None
        yield [
            painter.paint(chunk.start_frame + index, remaining, words[index])
            for painter, words in zip(painters, spoken, strict=True)
        ]


def still(presenter: Presenter, graphics: Graphics) -> Bytes:
    """Return the settled frame with the presenter at rest and no caption, BGR."""
    puppet, (view,) = _open(presenter, [graphics])
    _pose(puppet, at_rest(), 0)
    return Painter(graphics, view).still(graphics.settled_frame)


def measure(graphics: Graphics) -> Measure:
    """Return what measures caption lines in a format: by its type, and never more than usual."""

    def width(text: str) -> float:
        inside = graphics.caption_width(text.split(" ")) / graphics.caption_max_width
        return max(inside, captions.by_characters(text))

    return width


def _open(presenter: Presenter, graphics: Sequence[Graphics]) -> tuple[Puppet, list[View]]:
    """Return the presenter and a view of it for each format."""
    rig, present = presenter
    places = [each.placement(rig.head, rig.canvas_pixels) for each in graphics]
    puppet = present(max(place.scale for place in places))
    pairs = zip(graphics, places, strict=True)
    return puppet, [View(puppet, place, each.background) for each, place in pairs]


def _pose(puppet: Puppet, performance: Performance, index: int) -> None:
    breath = float(performance.breath[index])
    puppet.pose(performance.motion[index], performance.mouth[index], breath)


def _encoder(graphics: Graphics, chunk: Chunk) -> SegmentEncoder:
    count = chunk.performance.frame_count
    return SegmentEncoder(graphics.width, graphics.height, chunk.frame_rate, count)


def _spoken(chunk: Chunk, graphics: Graphics) -> list[Spoken | None]:
    """Return the caption of every frame of the chunk."""
    step = samples_per_frame(chunk.frame_rate)
    shown = captions.cues(chunk.timing, measure(graphics))
    first = -chunk.lead_frames * step
    return list(captions.at_frames(shown, first, step, chunk.performance.frame_count))
