"""The shipped rundown through a line in which every kind of process is killed once.

    python -m tests.e2e.killed_rundown [-o FOLDER] [--only coast]

Makes its 12 videos by `rostrum produce` and by a line as `make line` runs it, and compares every
file. While they are in work, director, PostgreSQL, Kafka and the service of each stage are killed
with SIGKILL, each once, and each while a task is in hand. Prints what was killed when, and whether
the bytes are the same; ends with 0 where they are. It needs what `make test` needs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.e2e.conftest import SAMPLES, Rostrum, contents, made_from
from tests.e2e.killing import Kill, Killing
from tests.e2e.lines import Line

RUNDOWN: Final = SAMPLES / "rundown"
LONGEST_SECONDS: Final = 3600.0


def produce(orders: list[Path], folder: Path) -> Path:
    """Make the videos by one command, in a home of its own."""
    say(f"rostrum produce makes {len(orders)} videos")
    out = folder / "produced"
    made = Rostrum(folder / "home")("produce", *orders, "-o", out, seconds=LONGEST_SECONDS)
    assert made.code == 0, made.out
    return out


def lead(orders: list[Path], folder: Path) -> Path:
    """Make them by a line that is broken meanwhile."""
    say("a line makes them")
    running = Line(folder / "line-home")
    try:
        running.wait()
        killing = Killing(running, tell)
        accepted = running("submit", plan(orders, folder), "--json").events[0]
        began = time.monotonic()
        killing.kill_each()
        say("everything is there again; the rest of the work goes on")
        watched = running("watch", accepted["id"], seconds=LONGEST_SECONDS)
        assert watched.code == 0, watched.out
        say(f"all videos are finished, {time.monotonic() - began:.0f} s after they were handed in")
        got = running("get", accepted["id"], "-o", folder / "got", seconds=LONGEST_SECONDS)
        assert got.code == 0, got.out
        running.stop()
    finally:
        running.end()
    return folder / "got"


def plan(orders: list[Path], folder: Path) -> Path:
    """Return the shipped rundown, or one of some of its orders."""
    if orders == shipped(""):
        return RUNDOWN
    paths = [str(order.resolve()) for order in orders]
    file = folder / "rundown.json"
    file.write_text(json.dumps({"rundown": "some", "sections": [{"name": "all", "orders": paths}]}))
    return file


def shipped(only: str) -> list[Path]:
    """Return the rundown's orders that have a word in their path."""
    return [path for path in sorted(RUNDOWN.glob("*/*.yaml")) if only in str(path)]


def differences(produced: Path, got: Path) -> Iterator[str]:
    """Yield each file that is not the same, or not in both."""
    assert sorted(path.name for path in got.iterdir()) == names(produced), "other videos came"
    for name in names(produced):
        ours, theirs = described(produced / name), described(got / name)
        for file in sorted(ours.keys() | theirs.keys()):
            if ours.get(file) != theirs.get(file):
                yield f"{name}/{file}"


def described(folder: Path) -> dict[str, Any]:
    """Return a video's files, and what its record says that the bytes follow from."""
    return {**contents(folder), "production.json": made_from(folder)}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def tell(kill: Kill) -> None:
    back = "" if kill.back_seconds is None else f"; it worked again after {kill.back_seconds:.1f} s"
    beside = "its task" if kill.beside == kill.name else f"a task of {kill.beside}"
    say(f"{kill.at_seconds:6.1f} s  kill -9 {kill.name}, with {beside} in hand{back}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Make, break and compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.killed_rundown")
    parser.add_argument("-o", "--out", type=Path, help="folder that keeps all; else it is removed")
    parser.add_argument("--only", default="", help="orders with this in their path")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rostrum-killed-") as scratch:
        folder = given.out or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        orders = shipped(given.only)
        produced = produce(orders, folder)
        found = list(differences(produced, lead(orders, folder)))
        count = sum(1 for name in names(produced) for _ in (produced / name).iterdir())
        say(f"{count} files of {len(orders)} videos; same bytes: {'no' if found else 'yes'}")
        for file in found:
            say(f"  differs: {file}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
