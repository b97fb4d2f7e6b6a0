"""Why tasks are given up, and what their videos say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.chassis.errors import Corrupt, Invalid, Transient, Violation
from services.director.line.tasks import Fault, trouble_of
from services.director.line.words import FAILED, PARKED

Row = Mapping[str, Any]

TASK_PARKED: Final = "TASK_PARKED"
"""Why a video fails whose task has ended three workers; `redrive` lets both go on."""


def loss_of(task: Row, video: Row) -> Exception | None:
    """Return why a task cannot be done; None where it can.

    A failure counts for the videos that were there when it happened. For those that came later the
    task is tried anew, unless its request itself is at fault.
    """
    if task["state"] == PARKED:
        remedy = f"{task['name']} has ended three workers: task {task['key']}; redrive it to go on"
        return Fault(TASK_PARKED, remedy)
    if task["state"] != FAILED:
        return None
    error = trouble_of(task["error"]).error()
    if isinstance(error, Invalid) or task["ended_ms"] >= video["created_ms"]:
        return error
    return None


def said_of(error: Exception) -> tuple[Violation, ...]:
    """Return what a video says of the error it fails with. No trace of ours is among it."""
    if isinstance(error, Invalid):
        return error.violations
    if isinstance(error, Corrupt):
        remedy = f"object {error.digest} is lost or altered; hand it in again"
        return (Violation("", error.reason, remedy),)
    if isinstance(error, Transient):
        reason = str(error).partition(":")[0]
        word = reason if reason.replace("_", "").isalpha() and reason.isupper() else "TRANSIENT"
        return (Violation("", word, f"{error}; retry the video later"),)
    if isinstance(error, Fault) and error.reason == TASK_PARKED:
        return (Violation("", TASK_PARKED, error.message),)
    reason = error.reason if isinstance(error, Fault) else "INTERNAL"
    return (Violation("", reason, "nobody foresaw this; the operator's log tells more"),)
