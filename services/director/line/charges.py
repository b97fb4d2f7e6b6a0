"""What a report or a silence does to a task's row; whoever holds the row writes it."""

from __future__ import annotations

from typing import Any, Final

from rostrum.director.v1.line_pb2 import Report

from services.chassis.telemetry.logs import get_log
from services.chassis.telemetry.metrics import Metrics
from services.director.line.lookups import plain
from services.director.line.tasks import Trouble, failure_word
from services.director.line.words import DEATHS, FAILED, PARKED, READY, RUNNING

Row = dict[str, Any]

LONGEST_MESSAGE: Final = 4000
"""Characters of a failure's own words that are kept."""


def goes_on(row: Row, worker: str, time_ms: int) -> bool:
    """Note that a worker works on it. Returns True: the row has changed."""
    row["state"], row["worker"] = RUNNING, worker
    row["heard_ms"] = max(row["heard_ms"] or 0, time_ms)
    row["started_ms"] = row["started_ms"] or time_ms
    return True


def again(row: Row, not_before_ms: int) -> bool:
    """Make it ready from a time on, uncharged. Returns True."""
    row["state"], row["not_before_ms"] = READY, not_before_ms
    row["worker"] = row["partition"] = None
    return True


def give_up(row: Row, trouble: Trouble, now_ms: int) -> bool:
    """Have it failed. Returns True."""
    row["state"], row["ended_ms"], row["error"] = FAILED, now_ms, trouble.text()
    return True


def died(row: Row, metrics: Metrics, trouble: Trouble, now_ms: int) -> bool:
    """Charge it with a death; the third parks it. Returns True."""
    row["deaths"] += 1
    metrics.worker_deaths.add(stage=row["stage"])
    row["error"] = trouble.text()
    if row["deaths"] < DEATHS:
        return again(row, now_ms)
    row["state"], row["ended_ms"] = PARKED, now_ms
    metrics.tasks_parked.add(stage=row["stage"])
    get_log().warning("task parked", task=row["key"], stage=row["stage"], deaths=row["deaths"])
    return True


def trouble_in(report: Report) -> Trouble:
    """Return what a report of a failure says, cut to what a row takes."""
    failed = report.failed
    faults = tuple((fault.field, fault.reason, fault.remedy) for fault in failed.faults)
    kind = failure_word(failed.kind)
    return Trouble(
        kind if kind in {"transient", "invalid", "corrupt", "death"} else "bug",
        plain(failed.reason) or kind.upper(),
        failed.message[:LONGEST_MESSAGE],
        failed.digest,
        faults,
    )
