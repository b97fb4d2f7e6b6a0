"""What the boxes of an MP4, M4A or MOV say, read without decoding. Source: ISO/IEC 14496-12."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from services.chassis.sandbox.refusal import Refused

MOST_BOXES: Final = 20_000
"""Far more than an honest file of the lengths that are taken has."""
LONGEST_TABLE: Final = 1 << 20
"""Entries; what is longer would take many times its own bytes in our memory."""
DEEPEST: Final = 8
"""Boxes within one another below a track; those that we read lie three deep."""
CONTAINERS: Final = frozenset({b"mdia", b"minf", b"stbl"})


@dataclass
class Track:
    """One stream of a movie, by its own word."""

    identity: int = 0
    handler: bytes = b""
    """What it is: b"vide", b"soun" and others."""
    codec: bytes = b""
    """Its sample format, for example b"avc1"."""
    coded: tuple[int, int] = (0, 0)
    """Width and height in pixels, as compressed."""
    shown: tuple[float, float] = (0, 0)
    """Width and height in pixels, as meant to be seen, before the turn."""
    on_its_side: bool = False
    """Whether it is to be turned by a quarter before it is shown."""
    channels: int = 0
    rate_hertz: int = 0
    time_scale: int = 0
    """Units of `duration` in a second."""
    duration: int = 0
    sample_count: int = 0
    """Pictures, or packets of sound."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.duration / max(self.time_scale, 1)


@dataclass
class Movie:
    """An MP4, M4A or MOV file, by its own word."""

    tracks: list[Track] = field(default_factory=list)
    fragmented: bool = False
    """Whether samples are listed beside the head; then no track knows its duration."""


def read_movie(data: bytes, medium: str) -> Movie:
    """Read a file's head. `medium` begins the reasons: "VIDEO" or "AUDIO".

    Raises Refused for TRUNCATED, where a box or a sample lies past the file's end, and CORRUPT.
    """
    try:
        return _Reader(medium, data).movie()
    except (struct.error, ValueError, IndexError):
        raise Refused(f"{medium}_CORRUPT") from None


class _Reader:
    def __init__(self, medium: str, data: bytes) -> None:
        self._truncated = f"{medium}_TRUNCATED"
        self._corrupt = f"{medium}_CORRUPT"
        self._data = memoryview(data)
        self._boxes_left = MOST_BOXES

    def movie(self) -> Movie:
        movie = Movie()
        fragments: dict[int, int] = {}
        heads = 0
        for kind, body in self._boxes(self._data, past_end=self._truncated):
            if kind == b"moov":
                heads += 1
                self._read_head(body, movie)
            if kind == b"moof":
                movie.fragmented = True
                self._count_fragment(body, fragments)
        if heads != 1:
            raise Refused(self._corrupt)
        for track in movie.tracks:
            track.sample_count += fragments.get(track.identity, 0)
        return movie

    def _boxes(self, body: memoryview, past_end: str) -> Iterator[tuple[bytes, memoryview]]:
        position = 0
        while position + 8 <= len(body):
            size, kind = struct.unpack_from(">I4s", body, position)
            head = 8
            if size == 1:
                size, head = struct.unpack_from(">Q", body, position + 8)[0], 16
            size = size or len(body) - position
            self._boxes_left -= 1
            if size < head or self._boxes_left < 0:
                raise Refused(self._corrupt)
            if position + size > len(body):
                raise Refused(past_end)
            yield kind, body[position + head : position + size]
            position += size

    def _read_head(self, head: memoryview, movie: Movie) -> None:
        for kind, body in self._boxes(head, self._corrupt):
            if kind == b"trak":
                movie.tracks.append(track := Track())
                self._read_track(body, track)
            movie.fragmented |= kind == b"mvex"

    def _read_track(self, container: memoryview, track: Track, depth: int = 0) -> None:
        if depth > DEEPEST:
            raise Refused(self._corrupt)
        for kind, body in self._boxes(container, self._corrupt):
            if kind in CONTAINERS:
                self._read_track(body, track, depth + 1)
            elif kind in {b"stco", b"co64"}:
                self._check_offsets(body, ">u4" if kind == b"stco" else ">u8")
            elif kind in READERS:
                READERS[kind](body, track)

    def _check_offsets(self, body: memoryview, number: str) -> None:
        offsets = np.frombuffer(body[8:], number, count=_table_length(body))
        if offsets.size and offsets.max() >= len(self._data):
            raise Refused(self._truncated)

    def _count_fragment(self, container: memoryview, counts: dict[int, int]) -> None:
        for kind, fragment in self._boxes(container, self._corrupt):
            identity = 0
            for part, body in self._boxes(fragment, self._corrupt) if kind == b"traf" else ():
                if part == b"tfhd":
                    identity = struct.unpack_from(">I", body, 4)[0]
                if part == b"trun":
                    count = struct.unpack_from(">I", body, 4)[0]
                    counts[identity] = counts.get(identity, 0) + count


def _track_head(body: memoryview, track: Track) -> None:
    identity, matrix = (20, 52) if body[0] else (12, 40)
    track.identity = struct.unpack_from(">I", body, identity)[0]
    across, turn = struct.unpack_from(">ii", body, matrix)
    track.on_its_side = across == 0 and turn != 0
    width, height = struct.unpack_from(">II", body, matrix + 36)
    track.shown = (width / 65536, height / 65536)


def _media_head(body: memoryview, track: Track) -> None:
    layout = (">IQ", 20) if body[0] else (">II", 12)
    track.time_scale, duration = struct.unpack_from(layout[0], body, layout[1])
    track.duration = max(track.duration, duration)


def _handler(body: memoryview, track: Track) -> None:
    # QuickTime has a second one further in, for where the data lie: the first counts.
    track.handler = track.handler or bytes(body[8:12])


def _sample_format(body: memoryview, track: Track) -> None:
    entry = body[8:]
    track.codec = bytes(entry[4:8])
    if track.handler == b"vide":
        track.coded = struct.unpack_from(">HH", entry, 32)
    if track.handler == b"soun":
        track.channels, _, _, track.rate_hertz, _ = struct.unpack_from(">HHIHH", entry, 24)


def _table_length(body: memoryview) -> int:
    length: int = struct.unpack_from(">I", body, 4)[0]
    if length > LONGEST_TABLE:
        raise ValueError("more entries than an honest table has")
    return length


def _sample_times(body: memoryview, track: Track) -> None:
    table = np.frombuffer(body[8:], ">u4", count=2 * _table_length(body))
    counts, units = table.reshape(-1, 2).astype(np.float64).T  # exact below 2 ** 53, never wraps
    track.sample_count = max(track.sample_count, int(counts.sum()))
    track.duration = max(track.duration, int((counts * units).sum()))


def _sample_sizes(body: memoryview, track: Track) -> None:
    track.sample_count = max(track.sample_count, struct.unpack_from(">I", body, 8)[0])


READERS: Final = {
    b"tkhd": _track_head,
    b"mdhd": _media_head,
    b"hdlr": _handler,
    b"stsd": _sample_format,
    b"stts": _sample_times,
    b"stsz": _sample_sizes,
}
