import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from services.chassis.telemetry import logs
from services.chassis.telemetry.sieve import KINDS, SECONDS, Sieve


class Lines(io.StringIO):
    def read_all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    before = (logging.root.handlers[:], logging.root.level, sys.excepthook, threading.excepthook)
    stream = Lines()
    logs.set_up("speech", "INFO", stream)
    yield stream
    logging.captureWarnings(capture=False)
    logging.root.handlers[:], logging.root.level, sys.excepthook, threading.excepthook = before
    structlog.reset_defaults()


def test_an_event_is_one_line_with_the_ids_of_its_work(lines: Lines) -> None:
    with logs.bound(video="v1", task="k1", trace=""):
        logs.get_log().info("task finished", seconds=1.5)
    logs.get_log().info("idle")
    first, second = lines.read_all()
    assert first["event"] == "task finished"
    assert (first["video"], first["task"], first["seconds"]) == ("v1", "k1", 1.5)
    assert (first["service"], first["level"]) == ("speech", "info")
    assert "trace" not in first
    assert "video" not in second


@pytest.mark.parametrize("text", ["a\r\nb", "a\u2028b", "\x1b[2Jgone", '","x":"', "\ud800"])
def test_hostile_text_stays_inside_its_line(lines: Lines, text: str) -> None:
    logs.get_log().info(text, reason=text)
    assert lines.getvalue().count("\n") == 1
    assert lines.getvalue().strip("\n").isprintable()
    assert lines.read_all()[0]["reason"] == text


def test_scripts_and_secrets_are_left_out(lines: Lines) -> None:
    log = logs.get_log()
    log.info("x", script="once upon", broker_password="hunter2", access_token="hunter2", order="o")
    assert "hunter2" not in lines.getvalue()
    assert "once upon" not in lines.getvalue()


def test_an_endless_value_is_cut(lines: Lines) -> None:
    logs.get_log().info("x", reason="a" * 1_000_000)
    assert len(lines.getvalue()) < 20_000


def test_lines_of_libraries_and_warnings_are_json_too(lines: Lines) -> None:
    logging.getLogger("grpc._server").error("bad\nthing %s", 1)
    logging.getLogger("kafka.conn").info("chatter")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)
    said = lines.read_all()
    assert [line["logger"] for line in said] == ["grpc._server", "py.warnings"]
    assert said[0]["event"] == "bad\nthing 1"


def test_an_error_keeps_its_trace_on_one_line(lines: Lines) -> None:
    try:
        int("no\nway")
    except ValueError:
        logs.get_log().exception("broken")
    (line,) = lines.read_all()
    assert line["error"] == "ValueError: invalid literal for int() with base 10: 'no\\nway'"
    assert "test_an_error_keeps_its_trace" in line["trace_of_error"]


def test_last_words_are_a_line_as_well(lines: Lines) -> None:
    try:
        int("the end")
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert lines.read_all()[0]["level"] == "critical"


def test_what_is_below_the_level_is_not_written(lines: Lines) -> None:
    logs.get_log().debug("details")
    assert not lines.getvalue()


def test_what_a_library_says_again_is_counted_and_held_back(lines: Lines) -> None:
    for number in range(50):
        logging.getLogger("kafka.net.manager").error(
            "Connection failed: %d, waits 0.%d s", 1, number
        )
    logging.getLogger("kafka.net.manager").error("Bootstrap failed")
    assert [line["event"] for line in lines.read_all()] == [
        "Connection failed: 1, waits 0.0 s",
        "Bootstrap failed",
    ]


def test_what_was_held_back_is_told_with_the_next_of_its_kind() -> None:
    now = [0.0]
    sieve = Sieve(lambda: now[0])
    assert [sieve.passes("a"), sieve.passes("a"), sieve.passes("a")] == [0, None, None]
    assert sieve.passes("b") == 0
    now[0] = SECONDS
    assert [sieve.passes("a"), sieve.passes("a")] == [2, None]


def test_a_sieve_forgets_what_it_has_long_not_heard() -> None:
    sieve = Sieve(lambda: 0.0)
    assert all(sieve.passes(number) == 0 for number in range(2 * KINDS))
    assert len(sieve._kinds) == KINDS


def test_warnings_of_ours_are_held_back_only_where_they_say_the_same(lines: Lines) -> None:
    for task in ("k1", "k2", "k1"):
        logs.get_log().warning("lease lapsed", task=task)
        logs.get_log().info("task sent", task=task)
    said = [(line["event"], line["task"]) for line in lines.read_all()]
    assert said.count(("task sent", "k1")) == 2
    assert said.count(("lease lapsed", "k1")) == said.count(("lease lapsed", "k2")) == 1
