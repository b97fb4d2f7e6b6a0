"""Our errors as google.rpc.Status and back: one table says which reason has which gRPC code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from services.chassis.errors import Corrupt, Invalid, StageError, Transient, Violation

DOMAIN: Final = "rostrum"
TEXT_CHARACTERS: Final = 160
VIOLATIONS_BYTES: Final = 3000
"""Errors travel in trailers, and many clients take no more than 8 KiB of them, base64 included."""
PAUSE_SECONDS: Final = 5.0
"""What a caller waits where nothing more is known."""

Code = grpc.StatusCode


class Refused(Transient):
    """The door takes no more at the moment; the text is for the caller."""

    def __init__(self, reason: str, remedy: str, retry_seconds: float = 1.0) -> None:
        super().__init__(f"{reason}: {remedy}")
        self.retry_seconds = retry_seconds


class Late(StageError):
    """The caller's deadline has passed, or the time that a call without one may take."""

    def __init__(self, text: str = "no time is left for this call") -> None:
        super().__init__(text)


class Abandoned(StageError):
    """The caller has gone away; nobody reads the answer."""

    def __init__(self, text: str = "the caller has gone away") -> None:
        super().__init__(text)


CODES: Final[Mapping[str, Code]] = {
    # not there, or another team's
    "ASSET_NOT_FOUND": Code.NOT_FOUND,
    "MODEL_VERSION_NOT_FOUND": Code.NOT_FOUND,
    "RUNDOWN_NOT_FOUND": Code.NOT_FOUND,
    "UPLOAD_NOT_FOUND": Code.NOT_FOUND,
    "VIDEO_NOT_FOUND": Code.NOT_FOUND,
    # right in itself, and not now
    "CHUNK_FAILED": Code.FAILED_PRECONDITION,
    "CONSENT_EXPIRED": Code.FAILED_PRECONDITION,
    "CONSENT_MISSING": Code.FAILED_PRECONDITION,
    "CONSENT_REVOKED": Code.FAILED_PRECONDITION,
    "CONSENT_SCOPE": Code.FAILED_PRECONDITION,
    "DISCLOSURE_REQUIRED": Code.FAILED_PRECONDITION,
    "ENVELOPE_VERSION_UNSUPPORTED": Code.FAILED_PRECONDITION,
    "MODEL_DIGEST_MISMATCH": Code.FAILED_PRECONDITION,
    "MODEL_UNSAFE": Code.FAILED_PRECONDITION,
    "PROVENANCE_INVALID": Code.FAILED_PRECONDITION,
    "STAGE_ORDER": Code.FAILED_PRECONDITION,
    "UPLOAD_OFFSET_INVALID": Code.FAILED_PRECONDITION,
    "VIDEO_ALREADY_TERMINAL": Code.FAILED_PRECONDITION,
    "VIDEO_NOT_ENDED": Code.FAILED_PRECONDITION,
    "VIDEO_NOT_RETRYABLE": Code.FAILED_PRECONDITION,
    # too much
    "ASSET_TOO_LARGE": Code.RESOURCE_EXHAUSTED,
    "BUSY": Code.RESOURCE_EXHAUSTED,
    "MESSAGE_TOO_LARGE": Code.RESOURCE_EXHAUSTED,
    "QUOTA_QUEUED_VIDEOS": Code.RESOURCE_EXHAUSTED,
    "QUOTA_STORAGE": Code.RESOURCE_EXHAUSTED,
    "RATE_LIMITED": Code.RESOURCE_EXHAUSTED,
    "REQUEST_TOO_LARGE": Code.RESOURCE_EXHAUSTED,
    "STORAGE_FULL": Code.RESOURCE_EXHAUSTED,
    "STREAMS_TOO_MANY": Code.RESOURCE_EXHAUSTED,
    # who asks
    "CERTIFICATE_TEAM_INVALID": Code.UNAUTHENTICATED,
    "ENVELOPE_SIGNATURE": Code.PERMISSION_DENIED,
    "ROLE_FORBIDDEN": Code.PERMISSION_DENIED,
    "TEAM_MISMATCH": Code.PERMISSION_DENIED,
    # the rest
    "ATTEMPT_FENCED": Code.ABORTED,
    "CALLER_GONE": Code.CANCELLED,
    "CLIENT_DEADLINE": Code.DEADLINE_EXCEEDED,
    "IDEMPOTENCY_KEY_REUSED": Code.ALREADY_EXISTS,
    "METHOD_UNIMPLEMENTED": Code.UNIMPLEMENTED,
    "OFFSET_OUT_OF_RANGE": Code.OUT_OF_RANGE,
    "PRIORITY_OUT_OF_RANGE": Code.OUT_OF_RANGE,
}
"""Reasons whose code is not the one of their kind: Invalid is INVALID_ARGUMENT, Transient is
UNAVAILABLE, Corrupt is DATA_LOSS."""

KINDS: Final[Mapping[Code, type[StageError]]] = {
    Code.UNAVAILABLE: Transient,
    Code.ABORTED: Transient,
    Code.DEADLINE_EXCEEDED: Late,
    Code.CANCELLED: Abandoned,
    Code.INTERNAL: StageError,
    Code.UNKNOWN: StageError,
}
"""What an answer without more details becomes; any other code is Invalid."""
TOO_LARGE: Final = "larger than max"
"""How grpc says that it is the message, and not the crowd, that is too much."""
NUMBERS: Final = {code.value[0]: code for code in Code}
REASON: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*(?=:|$)")
"""How a Transient's text begins where it has a reason."""


def status_of(error: BaseException) -> Status:
    """Return what a caller is told of an error; of one that nobody foresaw, nothing but that."""
    if isinstance(error, Invalid):
        return _refusal(error)
    if isinstance(error, Transient):
        return _passing(error)
    if isinstance(error, Corrupt):
        return _status(Code.DATA_LOSS, error.reason, str(error), {"digest": error.digest})
    if isinstance(error, Late):
        return _status(Code.DEADLINE_EXCEEDED, "CLIENT_DEADLINE", str(error))
    if isinstance(error, Abandoned):
        return _status(Code.CANCELLED, "CALLER_GONE", str(error))
    return _status(Code.INTERNAL, "INTERNAL", "nobody foresaw this; the service's log says more")


def code_of(status: Status) -> Code:
    """Return a status's code as grpc names it."""
    return NUMBERS.get(status.code, Code.UNKNOWN)


def reason_of(error: Transient, default: str = "UNAVAILABLE") -> str:
    """Return the stable code with which a passing fault's text begins."""
    found = REASON.match(str(error))
    return found[0] if found else default


def read_status(error: grpc.RpcError) -> StageError:
    """Return the error that a service of ours answered a call with, as one of ours.

    Answers that a transport gave, without details, become Transient where the same call may
    succeed later. A bug on the other side is a plain StageError.
    """
    assert isinstance(error, grpc.Call)
    status = rpc_status.from_call(error) or Status(
        code=error.code().value[0], message=error.details() or ""
    )
    info, bad, retry = ErrorInfo(), BadRequest(), RetryInfo()
    for packed in status.details:
        for detail in (info, bad, retry):
            packed.Unpack(detail)
    return _ours(status, info, bad, retry if retry.HasField("retry_delay") else None)


def _ours(status: Status, info: ErrorInfo, bad: BadRequest, retry: RetryInfo | None) -> StageError:
    code, reason = code_of(status), info.reason or code_of(status).name
    remedy = status.message.removeprefix(f"{reason}: ")
    if "digest" in info.metadata:
        return Corrupt(info.metadata["digest"], reason)
    if retry is not None:
        return Refused(reason, remedy, retry.retry_delay.ToTimedelta().total_seconds())
    if kind := KINDS.get(code):
        return kind(f"{reason}: {remedy}")
    if code is Code.RESOURCE_EXHAUSTED and not info.reason and TOO_LARGE not in status.message:
        return Transient(f"{reason}: {remedy}")  # the transport has too many calls
    violations = [Violation(v.field, v.reason, v.description) for v in bad.field_violations]
    return Invalid.every(violations or [Violation("", reason, status.message)])


def _refusal(error: Invalid) -> Status:
    codes = [CODES.get(each.reason, Code.INVALID_ARGUMENT) for each in error.violations]
    code = Code.INVALID_ARGUMENT if Code.INVALID_ARGUMENT in codes else codes[0]
    first = error.violations[codes.index(code)]
    bad = _bad_request(error.violations)
    metadata = {"field": _clipped(first.field)} if first.field else {}
    if left_out := len(error.violations) - len(bad.field_violations):
        metadata["left_out"] = str(left_out)
    return _status(code, first.reason, str(first), metadata, bad)


def _bad_request(violations: tuple[Violation, ...]) -> BadRequest:
    """Return as many violations as a trailer has room for, in order."""
    bad = BadRequest()
    for each in violations:
        bad.field_violations.add(
            field=_clipped(each.field), reason=each.reason, description=_clipped(each.remedy, 400)
        )
        if bad.ByteSize() > VIOLATIONS_BYTES:
            del bad.field_violations[-1]
            break
    return bad


def _passing(error: Transient) -> Status:
    reason = reason_of(error)
    told = str(error) if isinstance(error, Refused) else f"{reason}: try again a little later"
    seconds = error.retry_seconds if isinstance(error, Refused) else PAUSE_SECONDS
    delay = Duration()
    delay.FromMilliseconds(max(round(seconds * 1000), 1))
    code = CODES.get(reason, Code.UNAVAILABLE)
    return _status(code, reason, told, {}, RetryInfo(retry_delay=delay))


def _status(
    code: Code, reason: str, text: str, metadata: Mapping[str, str] | None = None, *more: Message
) -> Status:
    code = CODES.get(reason, code)
    status = Status(code=code.value[0], message=_clipped(text))
    for detail in (ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata), *more):
        status.details.add().Pack(detail)
    return status


def _clipped(text: str, most: int = TEXT_CHARACTERS) -> str:
    whole = text.encode(errors="replace").decode()
    return whole if len(whole) <= most else f"{whole[: most - 1]}…"
