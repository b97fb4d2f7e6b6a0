"""Callers learn what is wrong, by the code, the reason and every field."""

from __future__ import annotations

import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode as Code
from grpc_status import rpc_status

from services.chassis.errors import Corrupt, Invalid, StageError, Transient, Violation
from services.chassis.status import Abandoned, Late, Refused, code_of, status_of


def details(status: Status, kind: type) -> list:
    found = []
    for packed in status.details:
        if packed.Is(kind.DESCRIPTOR):
            found.append(kind())
            packed.Unpack(found[-1])
    return found


def info(status: Status) -> ErrorInfo:
    return details(status, ErrorInfo)[0]


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (Invalid("script", "SCRIPT_EMPTY", "write one"), Code.INVALID_ARGUMENT, "SCRIPT_EMPTY"),
        (Invalid("id", "VIDEO_NOT_FOUND", "none"), Code.NOT_FOUND, "VIDEO_NOT_FOUND"),
        (Invalid("portrait", "FACE_NOT_FOUND", "no"), Code.INVALID_ARGUMENT, "FACE_NOT_FOUND"),
        (Invalid("id", "VIDEO_ALREADY_TERMINAL", "it ended"), Code.FAILED_PRECONDITION, None),
        (Invalid("consent", "CONSENT_REVOKED", "it was"), Code.FAILED_PRECONDITION, None),
        (Invalid("request_id", "IDEMPOTENCY_KEY_REUSED", "other"), Code.ALREADY_EXISTS, None),
        (Invalid("team", "TEAM_MISMATCH", "yours"), Code.PERMISSION_DENIED, None),
        (Invalid("priority", "PRIORITY_OUT_OF_RANGE", "0 to 10"), Code.OUT_OF_RANGE, None),
        (Invalid("size_bytes", "ASSET_TOO_LARGE", "2 GiB"), Code.RESOURCE_EXHAUSTED, None),
        (Transient("STORAGE_UNAVAILABLE: s3: 503"), Code.UNAVAILABLE, "STORAGE_UNAVAILABLE"),
        (Transient("STORAGE_FULL: folder"), Code.RESOURCE_EXHAUSTED, "STORAGE_FULL"),
        (Transient("espeak did not answer"), Code.UNAVAILABLE, "UNAVAILABLE"),
        (Refused("BUSY", "one at a time"), Code.RESOURCE_EXHAUSTED, "BUSY"),
        (Corrupt("ab" * 32, "ASSET_DIGEST_MISMATCH"), Code.DATA_LOSS, "ASSET_DIGEST_MISMATCH"),
        (Corrupt("ab" * 32, "ASSET_NOT_FOUND"), Code.NOT_FOUND, "ASSET_NOT_FOUND"),
        (Late(), Code.DEADLINE_EXCEEDED, "CLIENT_DEADLINE"),
        (Abandoned(), Code.CANCELLED, "CALLER_GONE"),
        (KeyError("x"), Code.INTERNAL, "INTERNAL"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_every_error_has_a_code_and_a_stable_reason(error, code, reason) -> None:
    status = status_of(error)
    assert code_of(status) is code
    assert info(status).domain == "rostrum"
    assert info(status).reason == (reason or error.violations[0].reason)


def test_every_mistake_is_said_at_once_with_its_field() -> None:
    error = Invalid.every(
        [
            Violation("consent", "CONSENT_MISSING", "add it"),
            Violation("script", "SCRIPT_EMPTY", "write"),
        ]
    )
    status = status_of(error)
    said = details(status, BadRequest)[0].field_violations
    assert [(each.field, each.reason) for each in said] == [
        ("consent", "CONSENT_MISSING"),
        ("script", "SCRIPT_EMPTY"),
    ]
    assert code_of(status) is Code.INVALID_ARGUMENT, "a wrong request is wrong first of all"
    assert info(status).reason == "SCRIPT_EMPTY"


@pytest.mark.parametrize("text", ["x" * 5000, "ж" * 5000, "😀" * 5000, "\ud800" * 50])
def test_no_error_outgrows_the_trailers_that_every_client_takes(text: str) -> None:
    error = Invalid.every(Violation(text, "SCRIPT_EMPTY", text) for _ in range(300))
    status = rpc_status.to_status(status_of(error))
    written = sum(len(key) + len(value) * 4 / 3 for key, value in status.trailing_metadata)
    encoded = sum(1 if 32 <= byte < 127 else 3 for byte in status.details.encode())
    assert written + encoded < 8000
    assert int(info(status_of(error)).metadata["left_out"]) > 200


def test_a_passing_fault_says_when_to_come_back_and_not_where_we_keep_things() -> None:
    status = status_of(Transient("STORAGE_UNAVAILABLE: house/objects: /srv/secret: no"))
    assert details(status, RetryInfo)[0].retry_delay.seconds == 5
    assert "/srv" not in status.message
    soon = status_of(Refused("RATE_LIMITED", "at most 10 a second", 0.25))
    assert details(soon, RetryInfo)[0].retry_delay.nanos == 250_000_000
    assert "at most 10 a second" in soon.message


def test_a_bug_tells_the_caller_nothing_of_our_insides() -> None:
    status = status_of(KeyError("/srv/secret"))
    assert "secret" not in str(status)


def test_a_request_can_be_told_apart_from_a_fault() -> None:
    assert not isinstance(Late(), Transient)
    assert isinstance(Refused("BUSY", "x"), Transient)
    assert issubclass(Abandoned, StageError)
