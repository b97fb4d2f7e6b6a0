"""What work processes and their libraries print becomes lines of the service's log."""

import io
import json
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from services.chassis.child import Sight
from services.chassis.noise import AT_ONCE, Noise
from services.chassis.pool import Pool
from services.chassis.telemetry import logs
from tests.unit.chassis import tiny

ROOT = Path(__file__).parents[3]
FATAL = "F1121 18:12:05.348165 14603 graph.cc:83] Check failed"


@pytest.fixture(scope="module", autouse=True)
def importable() -> Iterator[None]:
    """Work processes import the tiny stage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        yield


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.set_up("lipsync", stream=stream)
    yield stream
    structlog.reset_defaults()


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    setup = replace(tiny.setup(tmp_path), log=None, sight=Sight("lipsync"))
    with Pool(setup, 1) as pool:
        pool.fill()
        while not pool.ready:
            pool.wait([], 0.1)
        yield pool


def do(pool: Pool, word: str) -> None:
    pool.start("a", tiny.work(word))
    while not pool.wait([], 0.1):
        pass


def lines(log: io.StringIO) -> list[tuple[str, str]]:
    said = [json.loads(line) for line in log.getvalue().splitlines()]
    return [(line["level"], line["event"]) for line in said if line.get("logger")]


def test_prints_are_lines_and_those_said_again_are_held_back(
    pool: Pool, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    do(pool, 'print INFO: Created delegate\nW1121 a.cc] odd\nINFO: Created delegate\n"{\x1b[2J')
    pool.__exit__()
    assert lines(log) == [
        ("info", "INFO: Created delegate"),
        ("warning", "W1121 a.cc] odd"),
        ("info", '"{\x1b[2J'),
    ]
    assert capfd.readouterr() == ("", "")


def test_the_last_words_of_a_process_that_dies_are_heard(pool: Pool, log: io.StringIO) -> None:
    do(pool, f"abort {FATAL}")
    assert lines(log) == [("critical", FATAL)]


def test_more_than_a_pipe_holds_stops_nobody(pool: Pool, log: io.StringIO) -> None:
    do(pool, f"print {'x' * 300_000}")
    pool.__exit__()
    assert max(len(text) for _, text in lines(log)) <= 2_000


def test_one_that_prints_without_end_is_heard_in_turns(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = Noise(multiprocessing.get_context("spawn"))
    words, read = iter(f"word {'x' * number}\n" for number in range(5)), os.read

    def read_while_more_comes(file: int, size: int) -> bytes:
        assert size == AT_ONCE
        data = read(file, size)
        if word := next(words, ""):
            os.write(noise.writer.fileno(), word.encode())
        return data

    os.write(noise.writer.fileno(), b"first\n")
    monkeypatch.setattr("services.chassis.noise.os.read", read_while_more_comes)
    noise.hear()
    assert lines(log) == [("info", "first")]
    noise.close()
    assert lines(log)[-1] == ("info", "word xxxx")
    noise.writer.close()
