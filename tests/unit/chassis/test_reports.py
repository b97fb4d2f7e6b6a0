"""A report always fits its topic, whatever a stage complains of."""

import pytest
from rostrum.director.v1 import line_pb2 as pb

from services.chassis.answers import Answer, Bug
from services.chassis.envelope import Envelope
from services.chassis.errors import Invalid, Violation
from services.chassis.reports import event_of, report_on
from services.chassis.store import digest_of
from services.chassis.topics import REPORTS

VIDEO = "0000000dffffffffffffffffffffffff"


def envelope() -> Envelope:
    task = pb.Task(key="a" * 64, video_id=VIDEO, attempt=3)
    return Envelope("id", "type", 1, task, {}, "director")


@pytest.mark.parametrize(
    "error",
    [
        Invalid.every(Violation("f" * 900, "NO", "é" * 9000) for _ in range(500)),
        Bug("Traceback\n" + "🦭" * 90_000 + "\nValueError: no"),
    ],
)
def test_the_longest_complaints_are_cut_to_what_a_message_may_hold(error: Exception) -> None:
    assert isinstance(error, Invalid | Bug)
    outgoing = report_on(envelope(), "lipsync", "w", event_of(error))
    assert outgoing.value is not None
    failed = pb.Report.FromString(outgoing.value).failed
    assert failed.faults or failed.message.endswith("ValueError: no"), "the part that says most"


def test_a_report_lies_where_the_videos_director_reads_it() -> None:
    finished = event_of(Answer(b"response", 1.25, 0.5))
    outgoing = report_on(envelope(), "lipsync", "w", finished)
    assert outgoing.value is not None
    report = pb.Report.FromString(outgoing.value)
    assert (outgoing.topic, outgoing.partition, outgoing.key) == (REPORTS.name, 1, VIDEO)
    assert (report.key, report.attempt, report.stage, report.worker) == (
        "a" * 64,
        3,
        "lipsync",
        "w",
    )
    assert report.finished.response_digest == digest_of(b"response")
    assert (report.finished.work_ms, report.finished.cpu_ms) == (1250, 500)
