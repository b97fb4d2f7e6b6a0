"""What a worker reports of its tasks, as messages for the bus."""

from __future__ import annotations

from typing import Final, TypeAlias
from uuid import uuid4

from rostrum.director.v1 import line_pb2 as pb

from services.chassis.answers import Answer, Bug, Death, Outcome, Stopped
from services.chassis.bus import Outgoing
from services.chassis.envelope import Envelope, wrap
from services.chassis.errors import Corrupt, Invalid, Transient
from services.chassis.status import reason_of
from services.chassis.topics import REPORTS

LARGEST_BYTES: Final = REPORTS.largest_bytes - 4096
"""Leaves room for key and headers."""
LONGEST_TEXT: Final = 4_000
LONGEST_PATH: Final = 500
LONGEST_TRACE: Final = 12_000

Event: TypeAlias = pb.Started | pb.Progress | pb.Finished | pb.Failed | pb.HandedBack

STARTED: Final = pb.Started()
PROGRESS: Final = pb.Progress()
LACKS_ENGINE: Final = pb.HandedBack(cause=pb.HAND_BACK_CAUSE_ENGINE)
DRAINING: Final = pb.HandedBack(cause=pb.HAND_BACK_CAUSE_DRAINING)
OVERTAKEN: Final = pb.HandedBack(cause=pb.HAND_BACK_CAUSE_OVERTAKEN)


def report_partition(video_id: str) -> int:
    """Return where reports of a video go."""
    return int(video_id[:8], 16) % REPORTS.partitions


def report_on(envelope: Envelope, stage: str, worker: str, event: Event) -> Outgoing:
    """Return a report on the task in an envelope, ready to publish."""
    task = envelope.message
    assert isinstance(task, pb.Task)
    report = pb.Report(
        key=task.key, video_id=task.video_id, attempt=task.attempt, stage=stage, worker=worker
    )
    if isinstance(event, pb.Failed):
        event = _fitting(event)
    _set(report, event)
    return wrap(
        REPORTS,
        report,
        id=uuid4().hex,
        source=worker,
        key=task.video_id,
        partition=report_partition(task.video_id),
        trace=envelope.trace,
    )


def event_of(outcome: Outcome) -> Event:
    """Return what is reported of a task's end."""
    if isinstance(outcome, Answer):
        return pb.Finished(
            response_digest=outcome.digest,
            work_ms=round(outcome.seconds * 1000),
            cpu_ms=round(outcome.cpu_seconds * 1000),
            reused=outcome.reused,
        )
    if isinstance(outcome, Stopped):
        return DRAINING if outcome.cause == "draining" else cancelled("CANCELLED")
    return _failed(outcome)


def cancelled(reason: str) -> pb.Failed:
    """Return that a task was not done because nobody wants it."""
    return pb.Failed(kind=pb.FAILURE_KIND_CANCELLED, reason=reason)


def _failed(error: Exception) -> pb.Failed:
    failed = pb.Failed(message=str(error)[:LONGEST_TEXT])
    match error:
        case Death():
            failed.kind, failed.reason = pb.FAILURE_KIND_DEATH, reason_of(error)
        case Invalid():
            failed.kind, failed.reason = pb.FAILURE_KIND_INVALID, error.violations[0].reason
            for each in error.violations:
                failed.faults.add(
                    field=each.field[:LONGEST_PATH],
                    reason=each.reason,
                    remedy=each.remedy[:LONGEST_TEXT],
                )
        case Corrupt():
            failed.kind, failed.reason = pb.FAILURE_KIND_CORRUPT, error.reason
            failed.digest = error.digest
        case Transient():
            failed.kind, failed.reason = pb.FAILURE_KIND_TRANSIENT, reason_of(error)
        case Bug():
            failed.kind, failed.reason = pb.FAILURE_KIND_BUG, "BUG"
            failed.message = error.trace[-LONGEST_TRACE:]
    return failed


def _fitting(failed: pb.Failed) -> pb.Failed:
    """Return as many faults as a report has room for, in order."""
    while failed.ByteSize() > LARGEST_BYTES and failed.faults:
        del failed.faults[-1]
    return failed


def _set(report: pb.Report, event: Event) -> None:
    match event:
        case pb.Started():
            report.started.CopyFrom(event)
        case pb.Progress():
            report.progress.CopyFrom(event)
        case pb.Finished():
            report.finished.CopyFrom(event)
        case pb.Failed():
            report.failed.CopyFrom(event)
        case pb.HandedBack():
            report.handed_back.CopyFrom(event)
