"""What these tests share: a director that makes nothing, and the command that talks to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.studio.__main__ import app
from tests.unit.studio.remote.fake_director import FakeDirector, serve

Command = Callable[..., Result]


@pytest.fixture
def director() -> FakeDirector:
    return FakeDirector()


@pytest.fixture
def address(director: FakeDirector) -> Iterator[str]:
    server, address = serve(director)
    yield address
    server.stop(0)


@pytest.fixture
def rostrum(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command against the fake; its result has exit code, stdout and stderr."""
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROSTRUM_DIRECTOR", address)
    monkeypatch.setattr("services.studio.remote.commands.GIVE_UP_SECONDS", 10.0)

    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(app, [*map(str, arguments)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        return result

    return run


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def order(name: str = "short", **fields: Any) -> dict[str, Any]:
    usual = {"name": name, "presenter": "amara", "channel": "harbour-light", "script": "Good day."}
    return {**usual, **fields}


def write(path: Path, fields: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(fields), encoding="utf-8")
    return path
