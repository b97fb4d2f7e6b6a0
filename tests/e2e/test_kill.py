"""Kill the command at any moment: the same command goes on, and the bytes are the same."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import SHORT, Rostrum, contents, small_order

Write = Callable[..., Path]
KILLS = int(os.environ.get("ROSTRUM_TEST_KILLS", "4"))
"""Random moments to kill at; 20 for a thorough run."""
SEED = int(os.environ.get("ROSTRUM_TEST_SEED", "1"))


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[float, dict[str, bytes]]:
    """How long the video takes from nothing, and its files."""
    folder = tmp_path_factory.mktemp("undisturbed")
    file = folder / "short.json"
    file.write_text(json.dumps(small_order("short", script=f"{SHORT} {SHORT}")))
    begun = time.monotonic()
    run = Rostrum(folder / "home")("produce", file, "-o", folder / "out", "--json")
    assert run.code == 0, run.out
    return time.monotonic() - begun, contents(folder / "out" / "short")


def workers_of(home: Path) -> Iterator[int]:
    """Yield the processes that work for a home folder."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(home).encode() in (entry / "environ").read_bytes():
                yield int(entry.name)
        except OSError:
            continue


def wait_for_none(home: Path) -> list[int]:
    deadline = time.monotonic() + 5
    while (left := list(workers_of(home))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_killed_at_random_moments_the_video_is_the_same(
    undisturbed: tuple[float, dict[str, bytes]], rostrum: Rostrum, order: Write, tmp_path: Path
) -> None:
    seconds, expected = undisturbed
    moments = random.Random(SEED)
    file = order("short", script=f"{SHORT} {SHORT}")
    out = tmp_path / "out"
    for _ in range(KILLS):
        process = rostrum.start("produce", file, "-o", out)
        moment = moments.uniform(0.2, seconds / 2)
        time.sleep(moment)
        process.kill()
        process.communicate()
        assert not wait_for_none(rostrum.home), "workers outlive the command"
        for path in out.glob("short/*"):
            whole = path.name.startswith(".") or path.name == "production.json"
            assert whole or path.read_bytes() == expected[path.name], f"half-written at {moment}"
    run = rostrum("produce", file, "-o", out, "--json")
    assert run.code == 0, run.out
    assert contents(out / "short") == expected


def test_a_worker_that_dies_costs_its_task_and_nothing_else(
    undisturbed: tuple[float, dict[str, bytes]], rostrum: Rostrum, order: Write, tmp_path: Path
) -> None:
    seconds, expected = undisturbed
    file = order("short", script=f"{SHORT} {SHORT}")
    process = rostrum.start("produce", file, "-o", tmp_path / "out", "--json")
    time.sleep(seconds / 3)
    workers = [pid for pid in workers_of(rostrum.home) if pid != process.pid]
    spawned = [pid for pid in workers if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(spawned[0], signal.SIGKILL)
    process.communicate(timeout=300)
    assert process.returncode == 0
    assert contents(tmp_path / "out" / "short") == expected


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_stops_at_once_and_goes_on_later(
    number: signal.Signals, rostrum: Rostrum, order: Write, tmp_path: Path
) -> None:
    file = order("short")
    process = rostrum.start("produce", file, "-o", tmp_path / "out", "--json")
    assert process.stdout is not None
    while '"task_ended"' not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(number)
    asked = time.monotonic()
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - asked < 5
    assert process.returncode == 1
    assert '"status": "stopped"' in out.splitlines()[-1]
    assert "Traceback" not in err
    assert not wait_for_none(rostrum.home)
    again = rostrum("produce", file, "-o", tmp_path / "out", "--json")
    assert again.code == 0
    assert sum(n["reused"] for n in again.videos["short"]["tasks"].values()) > 0
