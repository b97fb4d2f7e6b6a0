"""A service that is of no use any more makes room, whatever hangs in it."""

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn, Self

import pytest

from services.chassis import service
from services.chassis.settings import StageSettings
from tests.unit.chassis.doors import Room


class Crew:
    """Has nothing to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def is_ready(self) -> bool:
        return True

    is_alive = is_ready


class Hung:
    """A worker whose loop does not come round."""

    def drain(self, _grace_seconds: float) -> None:
        pass

    def await_end(self) -> None:
        pass


def test_a_worker_that_hangs_does_not_keep_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | int] = []

    def open_line(*parts: object) -> service.Line:
        stack = parts[-1]
        assert isinstance(stack, ExitStack)
        stack.callback(lambda: seen.append("waited for the worker's thread"))
        return service.Line(Hung(), {"worker": lambda: False}, {})  # type: ignore[arg-type]

    def end(status: int) -> NoReturn:
        seen.append(status)
        raise SystemExit(status)

    monkeypatch.setattr(service, "Crew", lambda *_: Crew())
    monkeypatch.setattr(service, "open_line", open_line)
    monkeypatch.setattr(service, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr("os._exit", end)
    settings = StageSettings(
        store_url=f"file://{tmp_path}/store", scratch=tmp_path / "scratch", brokers=["127.0.0.1:1"]
    )
    with pytest.raises(SystemExit):
        service._serve_stage("lipsync", lambda _: Room().door(), settings, threading.Event())
    assert seen[0] == 70
