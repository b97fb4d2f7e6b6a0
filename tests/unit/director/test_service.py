"""A director waits for what is away when it starts, and refuses what it must not work with."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from services.chassis.errors import Invalid
from services.director import migrations, service
from services.director.database import open_database


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(f"sqlite:///{tmp_path}/state.sqlite")
    yield opened
    opened.dispose()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "AGAIN_SECONDS", 0.01)


def away(then: Callable[[int], object]) -> Callable[[Engine], None]:
    """Return a look at a database that is away; `then` is told how often there was one."""
    looks = 0

    def look(_: Engine) -> None:
        nonlocal looks
        looks += 1
        then(looks)
        raise OperationalError("select", {}, ConnectionRefusedError())

    return look


def test_it_waits_for_a_database_that_is_away(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.upgrade(engine)
    look = migrations.check
    monkeypatch.setattr(
        migrations,
        "check",
        away(lambda n: n == 3 and monkeypatch.setattr(migrations, "check", look)),
    )
    assert service.await_tables(engine, threading.Event())


def test_it_stops_waiting_when_it_is_told_to(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    monkeypatch.setattr(migrations, "check", away(lambda n: n == 3 and stop.set()))
    assert not service.await_tables(engine, stop)


def test_it_does_not_start_without_its_tables(engine: Engine) -> None:
    with pytest.raises(Invalid, match="rostrum migrate"):
        service.await_tables(engine, threading.Event())
