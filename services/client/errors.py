"""The one error of this client: what a director, or the way to it, said no with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpc_status import rpc_status

PASSING: Final = frozenset({
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED,
})  # fmt: skip
"""Codes after which the same call may succeed later. Every call of this client may come twice."""


@dataclass(frozen=True)
class Violation:
    """One thing wrong with one field."""

    field: str
    """Path in the request, for example "order.script"; empty where no field is to blame."""
    reason: str
    """Stable code in capitals, for example "SCRIPT_EMPTY"."""
    remedy: str
    """What is wrong and what to do, for a person."""

    def __str__(self) -> str:
        return ": ".join(filter(None, [self.field, self.reason, self.remedy]))


class RostrumError(Exception):
    """A call could not be answered, or a video could not be made."""

    def __init__(
        self,
        reason: str,
        message: str,
        violations: Iterable[Violation] = (),
        *,
        retryable: bool = False,
        retry_seconds: float = 0.0,
    ) -> None:
        self.reason = reason
        """Stable code in capitals, for example "VIDEO_NOT_FOUND"."""
        self.violations = tuple(violations)
        """Each mistake, where there are several."""
        self.retryable = retryable
        """True where the same call may succeed later."""
        self.retry_seconds = retry_seconds
        """What the director asks to wait until then."""
        super().__init__("\n".join(map(str, self.violations)) or f"{reason}: {message}")


def read_error(error: grpc.RpcError) -> RostrumError:
    """Return what a call failed with."""
    assert isinstance(error, grpc.Call)
    info, bad, retry = _details(error)
    code = error.code()
    violations = [Violation(v.field, v.reason, v.description) for v in bad.field_violations]
    return RostrumError(
        info.reason or code.name,
        error.details() or "nobody said why",
        violations,
        retryable=code in PASSING or retry.HasField("retry_delay"),
        retry_seconds=retry.retry_delay.ToTimedelta().total_seconds(),
    )


def _details(error: grpc.Call) -> tuple[ErrorInfo, BadRequest, RetryInfo]:
    details = ErrorInfo(), BadRequest(), RetryInfo()
    status = rpc_status.from_call(error)
    for packed in status.details if status is not None else ():
        for detail in details:
            packed.Unpack(detail)
    return details
