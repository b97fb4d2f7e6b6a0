"""The contact sheet shows the frames whose times stand under them."""

import numpy as np
import pytest

from services.chassis.timeline import Bytes
from services.compositing.domain import contact_sheet as sheets
from services.compositing.domain.canvas import Planes
from services.compositing.domain.contact_sheet import Grid
from services.compositing.engines import stills
from services.compositing.engines.encoder import SegmentEncoder

WIDTH, HEIGHT, RATE = 192, 108, 25
LENGTHS = (61, 3, 80)


def shaded(frame: int) -> Bytes:
    """Return a picture whose brightness tells its frame from those around it."""
    return np.full((HEIGHT, WIDTH, 3), brightness(frame), np.uint8)


def brightness(frame: int) -> int:
    return 20 + frame * 37 % 200


@pytest.fixture(scope="module")
def segments() -> list[tuple[bytes, int]]:
    written, start = [], 0
    for length in LENGTHS:
        with SegmentEncoder(WIDTH, HEIGHT, RATE, length) as encoder:
            for frame in range(start, start + length):
                encoder.write(Planes.from_picture(shaded(frame)).data)
            written.append((encoder.finish(), length))
        start += length
    return written


def test_each_frame_is_exactly_the_one_asked_for(segments: list[tuple[bytes, int]]) -> None:
    grid = Grid(1, WIDTH, HEIGHT)
    for frame in (0, 1, 49, 50, 51, 60, 61, 63, 64, 100, 143):
        picture = stills.frame_of(segments, frame, RATE, grid)
        assert abs(float(picture.mean()) - brightness(frame)) < 3, frame


def test_a_sheet_has_a_picture_for_each_time(segments: list[tuple[bytes, int]]) -> None:
    sheet = stills.contact_sheet(segments, (WIDTH, HEIGHT), RATE)
    picked = sheets.pick(LENGTHS, RATE)
    grid = Grid.of(WIDTH, HEIGHT, len(picked))
    for index, frame in enumerate(picked):
        left, top = grid.corner(index)
        middle = sheet[top + grid.height // 2, left + grid.width // 2]
        assert abs(float(middle.mean()) - brightness(frame)) < 4
        under = sheet[top + grid.height : top + grid.height + sheets.CAPTION, left : left + 80]
        assert under.max() > 150, "no time under the picture"


@pytest.mark.parametrize("seconds", [1, 9, 29, 31, 61, 95])
def test_frames_are_spread_over_the_whole_video(seconds: int) -> None:
    lengths = [223] * (seconds * RATE // 223) + [seconds * RATE % 223 or 1]
    picked = sheets.pick(lengths, RATE)
    assert 12 <= len(picked) <= 20
    assert len(set(picked)) == len(picked)
    assert picked == sorted(picked)
    gaps = np.diff([0, *picked, sum(lengths)])
    assert gaps.max() <= sum(lengths) / len(picked) + 2 * RATE


def test_a_video_of_few_frames_shows_them_all() -> None:
    assert sheets.pick([3, 2], RATE) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (1080, 1080)])
@pytest.mark.parametrize("count", [12, 16, 20])
def test_rows_are_whole(size: tuple[int, int], count: int) -> None:
    grid = Grid.of(*size, count)
    assert count % grid.columns == 0
    assert grid.width * grid.columns < sheets.WIDEST


def test_times_read_like_times() -> None:
    assert sheets.clock(0, 25) == "0:00.00"
    assert sheets.clock(25 * 75 + 12, 25) == "1:15.48"
