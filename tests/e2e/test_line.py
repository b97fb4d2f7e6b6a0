"""The production line: the same bytes as one command makes, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import SHORT, Rostrum, contents, small_order

ORDERS = {
    "fog": small_order("fog", channel="harbour-light", language="en-GB"),
    "bridge": small_order("bridge", script=f"{SHORT} {SHORT}"),
    "tall": small_order("tall", formats=[{"aspect": "9:16", "height": 360}]),
}
START_SECONDS = 240.0
"""The first start of all fetches Kafka."""
STOP_SECONDS = 60.0


class Line(Rostrum):
    """A line that runs, with the commands that talk to it."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.process = self.start("line", "--port", "0", "--compositors", "2")

    @property
    def environment(self) -> dict[str, str]:
        """A worker's silence is noticed soon: a test waits for it."""
        return {
            **super().environment,
            "ROSTRUM_LEASE_SECONDS": "5",
            "ROSTRUM_PROGRESS_SECONDS": "1",
            "ROSTRUM_SESSION_TIMEOUT_MS": "6000",
        }

    def wait(self) -> None:
        """Return when it is ready."""
        deadline = time.monotonic() + START_SECONDS
        while not (self.home / "line" / "doors.json").exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, "the line is not ready"
            time.sleep(0.2)

    def processes(self, word: str = "") -> list[int]:
        """Return what runs of it: of one service, or of anything."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and str(self.home).encode() in (
                    (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                ):
                    arguments = (entry / "cmdline").read_bytes().split(b"\0")
                    if not word or f"services.{word}".encode() in arguments:
                        found.append(int(entry.name))
            except OSError:
                continue
        return found

    def stop(self) -> str:
        """Have it drain, and return all that it said."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=STOP_SECONDS)
        assert self.process.returncode == 0, out + err
        return out


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    running = Line(tmp_path_factory.mktemp("line"))
    try:
        running.wait()
        yield running
    finally:
        with running.process:
            running.process.kill()


@pytest.fixture(scope="module")
def rundown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rundown whose orders are files."""
    folder = tmp_path_factory.mktemp("rundown")
    for name, order in ORDERS.items():
        (folder / f"{name}.json").write_text(json.dumps(order), encoding="utf-8")
    orders = [f"{name}.json" for name in ORDERS]
    plan = {"rundown": "evening", "sections": [{"name": "all", "orders": orders}]}
    (folder / "rundown.json").write_text(json.dumps(plan), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def produced(
    tmp_path_factory: pytest.TempPathFactory, shared: Rostrum, rundown: Path
) -> dict[str, dict[str, bytes]]:
    """The same videos as one machine makes them."""
    out = tmp_path_factory.mktemp("produced")
    run = shared("produce", *(rundown / f"{name}.json" for name in ORDERS), "-o", out, "--json")
    assert run.code == 0, run.out
    return {name: contents(out / name) for name in ORDERS}


def kill_one(line: Line, service: str) -> None:
    os.kill(line.processes(service)[0], signal.SIGKILL)


def events(watching: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert watching.stdout is not None
    for text in watching.stdout:
        yield json.loads(text)


def test_killed_workers_and_directors_change_no_byte(
    line: Line, rundown: Path, produced: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    submitted = line("submit", rundown, "--json").events[0]
    assert list(submitted["videos"]) == list(ORDERS)
    left, seen = ["director", "compositing"], set()
    with line.start("watch", submitted["id"], "--json") as watching:
        for event in events(watching):
            if left and event.get("stage") == "compositing" and event["id"] not in seen:
                seen.add(event["id"])
                kill_one(line, left.pop())
    assert watching.returncode == 0, "not all videos are finished"
    assert not left, "the work was over before anything was killed"
    run = line("get", submitted["id"], "-o", tmp_path)
    assert run.code == 0, run.out
    assert {name: contents(tmp_path / name) for name in ORDERS} == produced


def test_what_was_submitted_today_is_not_made_again(line: Line, rundown: Path) -> None:
    first, second = (line("submit", rundown, "--json").events[0] for _ in range(2))
    assert first == second


def test_a_wrong_order_is_answered_with_its_line(line: Line, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("name: wrong\nchannel: nordhaven\npresenter: amara\nscript: '  '\n")
    run = line("submit", file)
    assert run.code == 2
    assert f"{file}:4: script: SCRIPT_EMPTY" in run.out


def test_told_to_stop_it_leaves_nothing_behind(line: Line) -> None:
    said = line.stop()
    assert "compositing" in said
    assert "was ended by SIGKILL; it is started again at once" in said
    assert not line.processes()
    assert not (line.home / "line" / "doors.json").exists()
