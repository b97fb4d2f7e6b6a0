"""Events and outcomes are shown to people and programs."""

import io
import json

import pytest
from rich.console import Console

from services.studio.complaints import Complaint
from services.studio.events import Outcome, Progress, TaskEnded, Trouble
from services.studio.reports import (
    JsonReport,
    LiveReport,
    PlainReport,
    aligned,
    as_event,
    duration,
    line,
    progress_view,
)

COMPLAINT = Complaint("a.yaml", 3, "script", "SCRIPT_EMPTY", "write a sentence")
DONE = Outcome(
    "a", "finished", "out/a", ("out/a/a.mp4",), 4.0, 12.0, {"speech": {"ran": 2, "reused": 1}}
)
BAD = Outcome("b", "invalid", complaints=(COMPLAINT,))
HALF = Progress("a", 0.5, {"speech": (2, 4), "compositing": (0, 5)}, 42.0)


def test_the_summary_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    report = JsonReport()
    report.tell(HALF)
    report.sum_up([DONE, BAD])
    first, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["event"] == "progress"
    assert last["event"] == "summary"
    assert last["videos"][0] == {
        "name": "a",
        "status": "finished",
        "dir": "out/a",
        "outputs": ["out/a/a.mp4"],
        "seconds": 4.0,
        "video_seconds": 12.0,
        "tasks": {"speech": {"ran": 2, "reused": 1}},
        "error": None,
    }
    error = last["videos"][1]["error"]
    assert error["reason"] == "SCRIPT_EMPTY"
    assert error["violations"] == [
        {
            "file": "a.yaml",
            "line": 3,
            "field": "script",
            "reason": "SCRIPT_EMPTY",
            "remedy": "write a sentence",
        }
    ]


def test_a_traceback_is_for_the_log_alone() -> None:
    trouble = Trouble("a", "speech/1", "Traceback:\n  File x\nValueError: no")
    assert as_event(trouble)["text"] == "ValueError: no"


def test_plain_lines_come_now_and_then() -> None:
    console = Console(file=io.StringIO(), width=200)
    report = PlainReport(console)
    for _ in range(20):
        report.tell(HALF)
    report.tell(TaskEnded("a", "speech", "speech/1", "finished"))
    report.tell(BAD)
    report.sum_up([DONE, BAD])
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert text.count("50%") == 1, "not a line for every task"
    assert "a: 50%, speech 2/4, picture 0/5, about 42 s left" in text
    assert "a.yaml:3: script: SCRIPT_EMPTY: write a sentence" in text
    assert text.splitlines()[-1].split() == ["b", "invalid", "0", "0"]


def test_the_terminal_shows_what_is_at_work() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with LiveReport(console) as report:
        report.tell(HALF)
        report.tell(DONE)
    console.print(progress_view([HALF], 42.0))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "12 s of video in 4.0 s: out/a" in text
    assert "50%  speech 2/4, picture 0/5" in text
    assert "about 42 s left" in text


def test_text_cannot_steer_a_terminal() -> None:
    assert line("a\x1b[2Jb\n[red]c").plain == r"a\x1b[2Jb\n[red]c"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.24, "0.2 s"), (42.4, "42 s"), (59.9, "1:00 min"), (205, "3:25 min")]
)
def test_lengths_of_time_read_easily(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_columns_stand_under_one_another() -> None:
    assert list(aligned([("a", "1", "x"), ("long", "22", "")], right=(1,))) == [
        "a      1  x",
        "long  22",
    ]
