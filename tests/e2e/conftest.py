"""What end-to-end tests share: the command as a person runs it, and orders to hand to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path("services/studio/samples")
WIDE = [{"aspect": "16:9", "height": 360}]
SHORT = "Fog will lift by noon. Then the sun comes out, and the bridge opens."


@dataclass(frozen=True)
class Run:
    """What one run of the command left."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def videos(self) -> dict[str, dict[str, Any]]:
        """The summary, by the videos' names."""
        last = self.events[-1]
        assert last["event"] == "summary"
        return {video["name"]: video for video in last["videos"]}

    def complaints(self, name: str) -> set[tuple[str, str]]:
        """Field and reason of each complaint about one order."""
        error = self.videos[name]["error"]
        return {(v["field"], v["reason"]) for v in error["violations"]} if error else set()


class Rostrum:
    """The `rostrum` command with a home folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *arguments: str | Path, seconds: float = 300) -> Run:
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Run(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start the command and leave it running."""
        pipe = subprocess.PIPE
        command = self.command(*arguments)
        return subprocess.Popen(command, env=self.environment, stdout=pipe, stderr=pipe, text=True)

    @staticmethod
    def command(*arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "services.studio", *map(str, arguments)]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "ROSTRUM_HOME": str(self.home)}


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Rostrum:
    """The command with a home in which presenters are made ready once for all tests."""
    return Rostrum(tmp_path_factory.mktemp("home"))


@pytest.fixture
def rostrum(tmp_path: Path) -> Rostrum:
    """The command with a home of its own, empty."""
    return Rostrum(tmp_path / "home")


@pytest.fixture
def order(tmp_path: Path) -> Callable[..., Path]:
    """Write an order of one short scene in small pictures, and return its file."""

    def write(name: str = "short", **fields: Any) -> Path:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(small_order(name, **fields)), encoding="utf-8")
        return path

    return write


def small_order(name: str, **fields: Any) -> dict[str, Any]:
    """Return the fields of an order that is quickly made."""
    usual = {
        "name": name,
        "presenter": "amara",
        "channel": "nordhaven",
        "script": SHORT,
        "data": {"title": "The bridge opens"},
        "formats": WIDE,
    }
    return {key: value for key, value in {**usual, **fields}.items() if value is not None}


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a video's folder but for its record, which tells of times."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "production.json"}


def made_from(folder: Path) -> dict[str, Any]:
    """Return what a folder's record says, but for keys, which are a team's own, and for times."""
    record = json.loads((folder / "production.json").read_bytes())
    passing = ("key", "seconds", "attempts", "reused")
    tasks = [
        {word: said for word, said in task.items() if word not in passing}
        for task in record["tasks"]
    ]
    own = ("id", "created", "started", "ended", "rundown", "section", "tasks")
    return {word: said for word, said in record.items() if word not in own} | {"tasks": tasks}


def ran(video: dict[str, Any]) -> dict[str, int]:
    """Return how many tasks each stage ran for a video; stages that ran none are left out."""
    return {stage: n["ran"] for stage, n in video["tasks"].items() if n["ran"]}
