"""The floor: what x264 alone takes for the very frames of a video, with the same settings."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from google.protobuf.json_format import ParseDict
from rostrum.compositing.v1.compositing_pb2 import CompositeRequest

from services.chassis.store import Store
from services.compositing import engines, stage
from services.compositing.engines import drawing
from services.compositing.engines.encoder import SegmentEncoder


@dataclass
class Floor:
    """What a video's frames cost in one thread, apart from everything round them."""

    encoding_wall_seconds: float = 0.0
    encoding_cpu_seconds: float = 0.0
    """x264, and handing it the pictures: nobody can do without."""
    drawing_cpu_seconds: float = 0.0
    frames: int = 0


def measure_floor(record: Path, home: Path) -> Floor:
    """Draw a finished video's chunks once more from its record, and encode what was drawn.

    The pictures of one chunk are held in memory, so that the two do not mix: at most 10 s.
    """
    cv2.setNumThreads(1)
    floor, store, offered = Floor(), Store.in_folder(home / "store"), engines.load()
    for request in requests(record):
        chunk, presenter, graphics = stage.prepare(request, store, offered)
        before = used_seconds()
        pictures = [planes.copy() for (planes,) in drawing.paint(chunk, presenter, graphics)]
        floor.drawing_cpu_seconds += used_seconds() - before
        width, height, frame_rate = graphics[0].width, graphics[0].height, chunk.frame_rate
        encode(pictures, (width, height), frame_rate, floor)
    return floor


def requests(record: Path) -> Iterator[CompositeRequest]:
    """Yield what a commission asked compositing for, chunk by chunk."""
    for task in json.loads(record.read_text())["tasks"]:
        if task["request_type"] == CompositeRequest.DESCRIPTOR.full_name:
            yield ParseDict(task["request"], CompositeRequest())


def encode(
    pictures: list[np.ndarray], size: tuple[int, int], frame_rate: int, floor: Floor
) -> None:
    """Encode pictures as compositing does, and add what it took."""
    begun, before = time.monotonic(), used_seconds()
    with SegmentEncoder(*size, frame_rate, len(pictures)) as encoder:
        for picture in pictures:
            encoder.write(picture)
        encoder.finish()
    floor.encoding_wall_seconds += time.monotonic() - begun
    floor.encoding_cpu_seconds += used_seconds() - before
    floor.frames += len(pictures)


def used_seconds() -> float:
    """Return the CPU time of this process and of the children it has waited for."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)
