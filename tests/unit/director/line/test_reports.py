"""What other versions of a worker say must not stop a director."""

import uuid
from typing import Any

from rostrum.director.v1.line_pb2 import Failed, Report
from sqlalchemy import insert

from services.chassis.bus import Record
from services.chassis.envelope import wrap
from services.chassis.topics import REPORTS
from services.director.line.reports import Reports
from services.director.line.tasks import trouble_of
from services.director.tables import tasks
from tests.unit.director.line.floor import Floor

KEY = "d" * 64


def test_a_kind_of_failure_that_nobody_knows_yet_is_held_for_a_bug(floor: Floor) -> None:
    reports = begin(floor)
    failed = Failed(kind=99, reason="NEW_KIND", message="from a later version")  # type: ignore[arg-type]
    reports.take([record(floor, said(key=KEY, failed=failed))], floor.now_ms())
    row = floor.task(key=KEY)
    assert (row["state"], trouble_of(row["error"]).kind) == ("failed", "bug")


def test_a_key_is_read_as_the_database_can_hold_it(floor: Floor) -> None:
    reports = begin(floor)
    failed = Failed(kind="FAILURE_KIND_BUG", reason="X")
    reports.take([record(floor, said(key=f"{KEY}\0", failed=failed))], floor.now_ms())
    assert floor.task(key=KEY)["state"] == "failed", "PostgreSQL refuses a NUL, again and again"


def begin(floor: Floor) -> Reports:
    """Let a task be under way."""
    row: dict[str, Any] = {"key": KEY, "team": "house", "stage": "speech", "request": b""}
    row |= {"request_type": "rostrum.speech.v1.SpeakRequest", "engine": "", "fingerprint": "f"}
    row |= {"state": "running", "attempt": 1, "created_ms": 1, "heard_ms": floor.now_ms()}
    with floor.engine.begin() as connection:
        connection.execute(insert(tasks).values(row))
    return Reports(floor.hire()._means)


def said(**event: Any) -> Report:
    return Report(video_id="0" * 32, attempt=1, stage="speech", worker="w", **event)


def record(floor: Floor, report: Report) -> Record:
    message = wrap(REPORTS, report, id=uuid.uuid4().hex, source="w", key="v", partition=0)
    floor.bus.publish([message])
    return floor.bus.log["rostrum.reports", 0][-1]
