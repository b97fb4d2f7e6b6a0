import io
import time

import pytest
from rich.console import Console
from rostrum.director.v1.production_pb2 import Rundown, Video, VideoState

from services.studio.remote.board import Board, PlainView, board_view, rundown_text, stage_text

RUNNING = VideoState.VIDEO_STATE_RUNNING
FINISHED = VideoState.VIDEO_STATE_FINISHED


def video(name: str, permille: int = 0, seq: int = 1, **fields: object) -> Video:
    usual = {"state": RUNNING, "stage": "lipsync", "channel": "nordhaven"}
    told = Video(id=name, name=name, progress_permille=permille, seq=seq, **{**usual, **fields})  # type: ignore[arg-type]
    told.expected_end_time.FromSeconds(int(time.time()) + 90)
    return told


def text_of(renderable: object) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_board_shows_the_furthest_first_and_how_many_more_there_are() -> None:
    videos = [video(f"v{number}", permille=number) for number in range(20)]
    shown = text_of(board_view([], videos)).splitlines()
    assert shown[0].startswith("v19")
    assert "6 more" in shown[-1]


def test_a_video_s_row_says_stage_share_and_what_is_left() -> None:
    shown = text_of(board_view([], [video("welder", 250)]))
    assert "welder" in shown
    assert "25%" in shown
    assert "lips, about 1:" in shown


def test_a_rundown_s_line_says_what_is_done_failed_and_late() -> None:
    rundown = Rundown(
        name="morning", video_count=12, finished_count=3, failed_count=1, late_count=2
    )
    assert rundown_text(rundown) == "morning: 3 of 12 done, 1 failed, 2 late"


def test_nothing_in_work_is_said() -> None:
    assert "nothing is in work" in text_of(board_view([], []))


def test_texts_of_others_cannot_steer_the_terminal() -> None:
    shown = text_of(board_view([], [video("a\x1b[2Jb")]))
    assert "\x1b" not in shown


def test_old_news_is_passed_over() -> None:
    board = Board(PlainView(Console(file=io.StringIO())))
    board.show(video("v", seq=3, state=FINISHED))
    board.show(video("v", seq=2))
    assert board.videos["v"].state == FINISHED


@pytest.mark.parametrize(("seconds", "said"), [(0, "lips"), (-30, "lips, nearly done")])
def test_a_forecast_of_nothing_is_no_forecast(seconds: int, said: str) -> None:
    told = video("v")
    told.expected_end_time.FromSeconds(int(time.time()) + seconds if seconds else 0)
    assert stage_text(told) == said
