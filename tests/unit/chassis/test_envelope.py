"""What is written on a message, and what a reader says to one that is not as it should be."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from google.protobuf.any_pb2 import Any
from hypothesis import given, settings
from hypothesis import strategies as st
from rostrum.director.v1.line_pb2 import Control, Report, Started, Task
from rostrum.director.v1.production_pb2 import Video, VideoEvent
from rostrum.lipsync.v1.lipsync_pb2 import SyncRequest
from rostrum.speech.v1.speech_pb2 import PlanChunksRequest

from services.chassis.bus import Outgoing, Record
from services.chassis.bus.limits import bytes_of
from services.chassis.envelope import Envelope, dead_letter, unwrap, wrap
from services.chassis.errors import Invalid
from services.chassis.topics import CONTROL, REPORTS, TOPICS, VIDEOS, Topic, tasks_of

SPEECH = tasks_of("speech")
TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def packed(request: object) -> Any:
    found = Any()
    found.Pack(request)
    return found


def task(**more: object) -> Task:
    said: dict[str, object] = {
        "key": "ab" * 32,
        "video_id": "f" * 32,
        "team": "house",
        "attempt": 1,
        "fingerprint": "espeak-1",
        "request": packed(PlanChunksRequest(script="Good evening.")),
    }
    return Task(**{**said, **more})


def report() -> Report:
    return Report(
        key="ab" * 32,
        video_id="f" * 32,
        attempt=2,
        stage="speech",
        worker="speech-1",
        started=Started(),
    )


def delivered(message: Outgoing) -> Record:
    return Record(
        message.topic, message.partition or 0, 7, message.value, message.key, message.headers, 1000
    )


def written(**more: object) -> Outgoing:
    return wrap(SPEECH, task(), **{"id": "7", "source": "director", **more})


def changed(record: Record, **parts: str | None) -> Record:
    """Return a record with some headers written otherwise; None: left out."""
    headers = {name: value.decode() for name, value in record.headers}
    headers |= {name.replace("content_type", "content-type"): v for name, v in parts.items()}
    kept = ((name, value.encode()) for name, value in headers.items() if value is not None)
    return replace(record, headers=tuple(kept))


def complaints(record: Record) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        unwrap(record)
    return [(violation.field, violation.reason) for violation in refused.value.violations]


def opened(record: Record) -> Envelope:
    envelope = unwrap(record)
    assert envelope is not None
    return envelope


def test_what_was_wrapped_comes_out_again() -> None:
    outgoing = wrap(REPORTS, report(), id="7", source="speech-1", key="f" * 32, partition=3)
    assert (outgoing.topic, outgoing.key, outgoing.partition) == (REPORTS.name, "f" * 32, 3)
    envelope = opened(delivered(outgoing))
    assert envelope.message == report()
    assert (envelope.id, envelope.source, envelope.version) == ("7", "speech-1", 1)
    assert envelope.type == "rostrum.director.v1.Report"


def test_headers_are_cloudevents_in_binary_mode() -> None:
    event = VideoEvent(kind="finished", team="house", video=Video(id="f" * 32))
    outgoing = wrap(
        VIDEOS, event, id="7", source="director", key="f" * 32, kind="finished", time_ms=1_500
    )
    assert {name: value.decode() for name, value in outgoing.headers} == {
        "ce_specversion": "1.0",
        "ce_id": "7",
        "ce_source": "director",
        "ce_type": "rostrum.director.v1.VideoEvent.finished",
        "ce_time": "1970-01-01T00:00:01.500+00:00",
        "ce_subject": "f" * 32,
        "ce_dataschema": "urn:protobuf:rostrum.director.v1.VideoEvent",
        "ce_schemaversion": "1",
        "content-type": "application/protobuf",
    }
    assert opened(delivered(outgoing)).type.endswith(".finished"), "readers choose by it"


def test_the_trace_goes_along() -> None:
    trace = {**TRACE, "tracestate": "vendor=1", "baggage": "secret"}
    assert opened(delivered(written(trace=trace))).trace == {**TRACE, "tracestate": "vendor=1"}


@pytest.mark.parametrize("parent", ["", "00-zz-01", "x" * 55, None])
def test_a_broken_trace_is_dropped_and_the_work_is_done(parent: str | None) -> None:
    record = changed(delivered(written(trace=TRACE)), traceparent=parent, tracestate="a=1")
    assert opened(record).trace == {}


@pytest.mark.parametrize("value", [b"not protobuf", b"\xff\xff", b'{"key": "json"}'])
def test_h01_bytes_that_are_no_such_message_are_malformed(value: bytes) -> None:
    assert complaints(replace(delivered(written()), value=value)) == [
        ("data", "ENVELOPE_MALFORMED")
    ]


def test_h01_a_message_that_was_cut_short_is_refused() -> None:
    record = delivered(written())
    assert record.value
    for end in range(len(record.value)):
        assert complaints(replace(record, value=record.value[:end])), f"{end} bytes were enough"


def test_h02_a_version_of_the_future_is_refused() -> None:
    for version in ("999", "2", "-1", "1.0", "", "one"):
        record = changed(delivered(written()), ce_schemaversion=version)
        assert complaints(record) == [("ce_schemaversion", "ENVELOPE_VERSION_UNSUPPORTED")]


@pytest.mark.parametrize("version", ["0", None])
def test_h03_the_version_before_is_read_as_today(version: str | None) -> None:
    envelope = opened(changed(delivered(written()), ce_schemaversion=version))
    assert envelope.version == 1
    assert envelope.message == task()


@pytest.mark.parametrize("name", ["key", "video_id", "team", "attempt", "request"])
def test_h04_a_task_without_what_names_it_is_refused(name: str) -> None:
    lacking = task()
    lacking.ClearField(name)
    outgoing = wrap(SPEECH, lacking, id="7", source="director")
    assert complaints(delivered(outgoing)) == [(name, "ENVELOPE_FIELD_REQUIRED")]


def test_h04_every_header_that_is_missing_is_named() -> None:
    record = changed(delivered(written()), ce_id=None, ce_source=None, ce_type="")
    assert complaints(record) == [
        (name, "ENVELOPE_FIELD_REQUIRED") for name in ("ce_id", "ce_source", "ce_type")
    ]


def test_h04_a_report_of_nothing_is_refused() -> None:
    empty = report()
    empty.ClearField("started")
    outgoing = wrap(REPORTS, empty, id="7", source="speech-1")
    assert complaints(delivered(outgoing)) == [("event", "ENVELOPE_FIELD_REQUIRED")]


def test_a_word_that_is_not_known_yet_reaches_the_reader() -> None:
    outgoing = wrap(CONTROL, Control(), id="7", source="director")
    message = opened(delivered(outgoing)).message
    assert isinstance(message, Control)
    assert message.WhichOneof("word") is None, "an older worker passes it over"


def test_h05_a_tombstone_is_nothing_to_read() -> None:
    assert unwrap(replace(delivered(written()), value=None)) is None
    assert unwrap(Record(REPORTS.name, 0, 0, None, "", (), 0)) is None


def test_h09_work_of_another_stage_is_refused() -> None:
    foreign = task(request=packed(SyncRequest(engine="visemes")))
    outgoing = wrap(SPEECH, foreign, id="7", source="director")
    assert complaints(delivered(outgoing)) == [("request", "STAGE_ORDER")]
    assert opened(delivered(wrap(tasks_of("lipsync"), foreign, id="7", source="director")))


def test_h10_the_attempt_comes_as_it_was_written_for_the_director_to_judge() -> None:
    message = opened(delivered(wrap(REPORTS, report(), id="7", source="speech-1"))).message
    assert isinstance(message, Report)
    assert message.attempt == 2


def test_h11_a_duplicate_has_the_id_of_the_first() -> None:
    first = delivered(written())
    again = replace(first, offset=first.offset + 1, time_ms=2000)
    assert opened(first) == opened(again), "the reader's inbox could not absorb it"


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_h13_a_message_of_two_megabytes_is_refused_at_either_end(topic: Topic) -> None:
    large = Record(topic.name, 0, 0, bytes(2 * 2**20), "", (), 0)
    assert complaints(large) == [("message", "MESSAGE_TOO_LARGE")]


def test_h13_the_limit_is_exact() -> None:
    def sized(script: str) -> Outgoing:
        request = packed(PlanChunksRequest(script=script))
        return wrap(SPEECH, task(request=request), id="7", source="director", time_ms=0)

    few = SPEECH.largest_bytes - 10_000
    room = SPEECH.largest_bytes - bytes_of(sized("a" * few))
    largest = sized("a" * (few + room))
    assert bytes_of(largest) == SPEECH.largest_bytes
    assert opened(delivered(largest))
    with pytest.raises(Invalid, match=f"takes 524288 bytes, this has {524288 + 1}"):
        sized("a" * (few + room + 1))


def test_a_message_cannot_be_sent_to_another_topic() -> None:
    with pytest.raises(ValueError, match="carries"):
        wrap(REPORTS, task(), id="7", source="director")


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"ce_specversion": "0.3"}, "ce_specversion"),
        ({"content_type": "application/json"}, "content-type"),
        ({"ce_type": "rostrum.director.v1.Report"}, "ce_type"),
        ({"ce_type": "rostrum.director.v1.Tasks"}, "ce_type"),
    ],
)
def test_a_header_that_does_not_fit_is_named(parts: Mapping[str, str], field: str) -> None:
    assert complaints(changed(delivered(written()), **parts)) == [(field, "ENVELOPE_MALFORMED")]


def test_headers_written_twice_or_not_in_utf8_are_malformed() -> None:
    record = delivered(written())
    twice = replace(record, headers=(*record.headers, ("ce_id", b"8")))
    assert complaints(twice) == [("ce_id", "ENVELOPE_MALFORMED")]
    binary = replace(record, headers=(*record.headers, ("other", b"\xff")))
    assert complaints(binary) == [("headers", "ENVELOPE_MALFORMED")]


def test_what_cannot_be_read_is_parked_as_it_came() -> None:
    record = replace(delivered(written()), value=b"\xff\xff", partition=5)
    with pytest.raises(Invalid) as refused:
        unwrap(record)
    letter = dead_letter(record, refused.value)
    assert letter.topic == "rostrum.speech.dead"
    assert (letter.value, letter.key) == (record.value, record.key)
    assert letter.headers[: len(record.headers)] == record.headers
    added = dict(letter.headers[len(record.headers) :])
    assert added["rostrum_reason"] == b"ENVELOPE_MALFORMED"
    assert added["rostrum_from"] == b"rostrum.speech.tasks/5/7"


def test_the_largest_record_of_all_can_be_parked() -> None:
    record = Record(SPEECH.name, 0, 0, bytes(SPEECH.largest_bytes), "k", (), 0)
    letter = dead_letter(record, Invalid("data", "ENVELOPE_MALFORMED", "x" * 100_000))
    assert bytes_of(letter) <= TOPICS[letter.topic].largest_bytes


@settings(max_examples=300, deadline=None)
@given(
    value=st.binary(max_size=200),
    headers=st.lists(
        st.tuples(st.sampled_from(["ce_id", "ce_type", "ce_schemaversion", "x"]), st.binary()),
        max_size=5,
    ),
    keep=st.booleans(),
)
def test_whatever_comes_is_read_or_refused(
    value: bytes, headers: list[tuple[str, bytes]], keep: bool
) -> None:
    good = delivered(written())
    own = good.headers if keep else ()
    record = replace(good, value=value, headers=(*own, *headers))
    try:
        unwrap(record)
    except Invalid as refused:
        dead_letter(record, refused)
