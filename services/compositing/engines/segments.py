"""Segments that come back to be joined: only what compositing itself wrote is opened."""

from __future__ import annotations

from typing import Final

from services.chassis.errors import Invalid
from services.chassis.sandbox.iso_media import Track, read_movie
from services.chassis.sandbox.magic import kind_of
from services.chassis.sandbox.refusal import Refused

AS_WRITTEN: Final = {"f": "mov", "protocol_whitelist": "file,fd", "codec_whitelist": "h264"}
"""How ffmpeg opens a segment, whatever it says of itself: no other file, no other decoder."""


def check(segment: bytes, size: tuple[int, int], frame_count: int, field: str) -> bytes:
    """Return a segment that has one track of H.264 in this size with so many frames.

    Raises Invalid for `field` where it is anything else: a file that a caller made himself must
    not reach a decoder.
    """
    track = _only_track(segment)
    if track is None or track.codec != b"avc1" or track.coded != size:
        remedy = f"expected an MP4 of H.264 in {size[0]} x {size[1]}, as Composite writes it"
        raise Invalid(field, "SEGMENT_INVALID", remedy)
    if track.sample_count != frame_count:
        remedy = f"{track.sample_count} frames where the chunk has {frame_count}"
        raise Invalid(field, "FRAME_COUNT_MISMATCH", remedy)
    return segment


def _only_track(segment: bytes) -> Track | None:
    try:
        movie = read_movie(segment, "VIDEO") if kind_of(segment) == "mp4" else None
    except Refused:
        return None
    if movie is None or movie.fragmented or len(movie.tracks) != 1:
        return None
    return movie.tracks[0]
