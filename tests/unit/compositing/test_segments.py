"""Only what compositing wrote is opened to be joined."""

from __future__ import annotations

import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.compositing.engines.encoder import SegmentEncoder
from services.compositing.engines.segments import check

SIZE, FRAMES = (640, 360), 10


@pytest.fixture(scope="module")
def segment() -> bytes:
    with SegmentEncoder(*SIZE, 25, FRAMES) as encoder:
        for _ in range(FRAMES):
            encoder.write(np.full((SIZE[1] * 3 // 2, SIZE[0]), 90, np.uint8))
        return encoder.finish()


def test_a_segment_of_ours_passes(segment: bytes) -> None:
    assert check(segment, SIZE, FRAMES, "x") is segment


def test_another_size_or_length_is_said(segment: bytes) -> None:
    with pytest.raises(Invalid, match="SEGMENT_INVALID"):
        check(segment, (360, 640), FRAMES, "x")
    with pytest.raises(Invalid, match="FRAME_COUNT_MISMATCH"):
        check(segment, SIZE, FRAMES + 1, "x")


FOREIGN = {
    "nothing": b"",
    "a playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n",
    "a list to join": b"ffconcat version 1.0\nfile file:/etc/passwd\n",
    "a picture": b"GIF89a" + b"\0" * 400,
    "a transport stream": (b"\x47" + b"\0" * 187) * 40,
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_a_file_of_a_callers_own_does_not_reach_a_decoder(data: bytes) -> None:
    with pytest.raises(Invalid, match="SEGMENT_INVALID"):
        check(data, SIZE, FRAMES, "x")


def test_a_segment_cut_short_or_of_another_codec_is_refused(segment: bytes) -> None:
    for data in (segment[: len(segment) // 2], segment.replace(b"avc1", b"hvc1")):
        with pytest.raises(Invalid, match="SEGMENT_INVALID"):
            check(data, SIZE, FRAMES, "x")
