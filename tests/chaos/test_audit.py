"""What the audit must not overlook: each wrong history is planted once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, insert, text, update

from services.director.tables import events, metadata, outbox, tasks, videos
from tests.chaos.audit import Audit

VIDEO = {"id": "v", "team": "house", "name": "v", "commission": b"", "created_ms": 1}
TASK = {
    "key": "t",
    "team": "house",
    "stage": "speech",
    "request_type": "",
    "request": b"words",
    "engine": "",
    "fingerprint": "",
    "created_ms": 1,
}
EVENT = {"video": "v", "team": "house", "time_ms": 1, "video_bytes": b""}

Plant = Callable[[Connection], object]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = create_engine(database_url)
    metadata.create_all(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def audit(database_url: str, engine: Engine) -> Audit:
    audit = Audit(database_url)
    audit.install()
    with engine.begin() as connection:
        connection.execute(insert(videos).values(**VIDEO, state="running", seq=2))
        connection.execute(insert(tasks).values(**TASK, state="running", attempt=1, worker="w"))
        connection.execute(insert(events).values(**EVENT, kind="created", seq=1))
        connection.execute(insert(events).values(**EVENT, kind="finished", seq=2))
        connection.execute(update(tasks).values(state="finished"))
        connection.execute(update(videos).values(state="finished"))
    return audit


def turned(table: str, *states: str) -> Plant:
    """Have a row go through states, one transaction each."""

    def plant(connection: Connection) -> None:
        for state in states:
            connection.execute(text(f"update {table} set state = :state"), {"state": state})

    return plant


def test_a_clean_history_passes(audit: Audit) -> None:
    assert list(audit.complaints()) == []


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (turned("tasks", "running", "finished"), "was finished 2 times"),
        (turned("tasks", "failed"), "went from finished to failed"),
        (turned("tasks", "running"), "still running: an orphan"),
        (turned("videos", "cancelled"), "went from finished to cancelled"),
        (turned("videos", "running", "finished"), "video v was finished 2 times"),
        (lambda c: c.execute(insert(events).values(**EVENT, kind="x", seq=4)), "has 3 events"),
        (lambda c: c.execute(insert(events).values(**EVENT, kind="finished", seq=3)), "2 events"),
        (
            lambda c: c.execute(insert(outbox).values(topic="t", value=b"", created_ms=1)),
            "outbox still holds 1",
        ),
    ],
)
def test_a_wrong_history_is_named(audit: Audit, engine: Engine, plant: Plant, said: str) -> None:
    with engine.begin() as connection:
        plant(connection)
    assert any(said in complaint for complaint in audit.complaints())


def test_a_claim_is_stale_once_another_worker_has_the_task(audit: Audit, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(tasks).values(state="running"))
    claim = audit.claim("w", hashlib.sha256(b"words").digest())
    assert claim is not None
    assert not audit.is_stale(claim)
    with engine.begin() as connection:
        connection.execute(update(tasks).values(attempt=2, worker="other"))
    assert audit.is_stale(claim)
