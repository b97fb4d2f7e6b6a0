"""Documents become commissions, with what they name in place and every mistake kept."""

from pathlib import Path
from typing import Any

import pytest
from rostrum.director.v1.director_pb2 import Order

from services.chassis.errors import Violation
from services.chassis.store import Store
from services.studio.complaints import Complaint, Place, Rejected
from services.studio.documents import Document
from services.studio.library import Library
from services.studio.orders import Job, Reader, read_jobs

FIELDS: dict[str, Any] = {"name": "a", "presenter": "amara", "script": "Hello."}
POSTING = {"title": "Night Nurse", "company": "Klinik", "location": "Aarhus", "skills": []}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(Store.in_memory(), tmp_path / "home")


def document(tmp_path: Path, **fields: Any) -> Document:
    place = Place("a.yaml", {"": 1, **{name: n for n, name in enumerate(fields, 1)}})
    return Document(tmp_path / "a.yaml", place, fields)


def reasons(job: Job) -> list[tuple[str, str]]:
    return [(complaint.field, complaint.reason) for complaint in job.complaints]


def test_what_an_order_names_is_put_in_place(library: Library, tmp_path: Path) -> None:
    job = Reader(library).job(document(tmp_path, **FIELDS, channel="harbour-light", motion="calm"))
    assert not job.complaints
    assert job.commission is not None
    assert job.commission.presenter.portrait.extension == "png"
    assert job.commission.channel.logo.extension == "png"
    assert job.commission.motion.extension == "npz"


@pytest.mark.parametrize(
    ("language", "voice"), [("", "en-us-female"), ("en-GB", "en-gb-female"), ("de-AT", "de-female")]
)
def test_a_presenter_speaks_the_orders_language(
    language: str, voice: str, library: Library, tmp_path: Path
) -> None:
    job = Reader(library).job(document(tmp_path, **FIELDS, language=language))
    assert job.commission is not None
    assert job.commission.order.voice.name == voice


def test_the_orders_own_voice_stands(library: Library, tmp_path: Path) -> None:
    job = Reader(library).job(document(tmp_path, **FIELDS, voice={"name": "mine", "pitch": 40}))
    assert job.commission is not None
    assert (job.commission.order.voice.name, job.commission.order.voice.pitch) == ("mine", 40)


def test_everything_that_cannot_be_had_is_said_at_once(library: Library, tmp_path: Path) -> None:
    fields = {**FIELDS, "presenter": "nobody", "channel": "none", "motion": "http://x/m.mp4"}
    job = Reader(library).job(document(tmp_path, **fields, scrpt="x"))
    assert reasons(job) == [
        ("scrpt", "FIELD_UNKNOWN"),
        ("presenter", "PRESENTER_UNKNOWN"),
        ("channel", "CHANNEL_UNKNOWN"),
        ("motion", "URL_NOT_ALLOWED"),
    ]


def test_a_portrait_by_path_needs_the_orders_consent(library: Library, tmp_path: Path) -> None:
    (tmp_path / "me.png").write_bytes(b"picture")
    fields = {**FIELDS, "presenter": "./me.png", "consent": {"kind": "self", "subject": "me"}}
    job = Reader(library).job(document(tmp_path, **fields))
    assert job.commission is not None
    assert job.commission.presenter.consent.kind == "self"


def test_an_order_cannot_widen_what_a_presenter_agreed_to(library: Library, tmp_path: Path) -> None:
    job = Reader(library).job(document(tmp_path, **FIELDS, consent={"kind": "written"}))
    assert reasons(job) == [("consent", "CONSENT_DUPLICATE")]
    assert job.commission is not None
    assert job.commission.presenter.consent.kind == "synthetic"


def test_data_becomes_an_order_with_the_told_presenter(library: Library, tmp_path: Path) -> None:
    reader = Reader(library, "job-ad", Order(presenter="jun", channel="nordhaven"))
    job = reader.job(document(tmp_path, **POSTING))
    assert (job.name, reasons(job)) == ("night-nurse", [])
    assert job.commission is not None
    assert job.commission.presenter.name == "jun"
    ticker = job.commission.channel.brand.ticker
    assert ticker[0].startswith("Night Nurse"), "the job first, then the channel's items"
    assert "Night nurse, Aarhus" in ticker


def test_data_that_cannot_be_told_is_no_order(library: Library, tmp_path: Path) -> None:
    job = Reader(library, "job-ad").job(document(tmp_path, company="Klinik"))
    assert job.commission is None
    assert ("title", "FIELD_REQUIRED") in reasons(job)


def test_of_two_orders_with_one_name_the_second_is_refused(
    library: Library, tmp_path: Path
) -> None:
    jobs = read_jobs([document(tmp_path, **FIELDS), document(tmp_path, **FIELDS)], Reader(library))
    assert [job.commission is None for job in jobs] == [False, True]
    assert reasons(jobs[1]) == [("name", "NAME_DUPLICATE")]


def test_a_file_that_cannot_be_read_is_a_job_too(library: Library) -> None:
    broken = Rejected([Complaint("batch.jsonl", 4, "", "JSON_INVALID", "mend it")])
    (job,) = read_jobs([broken], Reader(library))
    assert (job.name, job.commission) == ("batch-4", None)


def test_what_follows_from_a_field_not_read_is_not_said() -> None:
    job = Job("a", Place("a.yaml", {}), None)
    job.complain([Violation("presenter", "PRESENTER_UNKNOWN", "x")])
    director = [
        Violation("presenter", "FIELD_REQUIRED", "x"),
        Violation("consent", "CONSENT_MISSING", "x"),
        Violation("script", "SCRIPT_EMPTY", "x"),
    ]
    said = [complaint.reason for complaint in job.all_complaints(director)]
    assert said == ["PRESENTER_UNKNOWN", "SCRIPT_EMPTY"]
