"""The errors that cross rooms: the caller's mistake, a passing fault, a broken object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


class StageError(Exception):
    """Anything a stage says on purpose; whatever else it raises is a bug."""


@dataclass(frozen=True)
class Violation:
    """One thing wrong with one field."""

    field: str
    """Path in the message the caller sent, for example "data.skills[3]"."""
    reason: str
    """Stable code in capitals, for example "SCRIPT_EMPTY"."""
    remedy: str
    """What is wrong and what to do, for a person."""

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}: {self.remedy}"


class Invalid(StageError):
    """The caller's input cannot be worked on, now or later. Never retried."""

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        self.violations: tuple[Violation, ...] = (Violation(field, reason, remedy),)
        super().__init__(field, reason, remedy)

    @classmethod
    def every(cls, violations: Iterable[Violation]) -> Self:
        """Return one error that says all of them. Raises ValueError for none."""
        first, *rest = violations
        error = cls(first.field, first.reason, first.remedy)
        error.violations = (first, *rest)
        return error

    def under(self, field: str) -> Invalid:
        """Return the same complaints with `field` in place of the stage's own field path."""
        return Invalid.every(Violation(field, v.reason, v.remedy) for v in self.violations)

    def __reduce__(self) -> tuple[object, ...]:
        return _invalid, (self.violations,)

    def __str__(self) -> str:
        return "\n".join(map(str, self.violations))


def _invalid(violations: tuple[Violation, ...]) -> Invalid:
    return Invalid.every(violations)


class Transient(StageError):
    """Something outside is away or full; the same call may succeed later."""


class Corrupt(StageError):
    """A stored object is missing or is not what its digest says."""

    def __init__(self, digest: str, reason: str, *, handed_in: bool = False) -> None:
        self.digest = digest
        self.reason = reason
        self.handed_in = handed_in
        """Whether it was read as a file from outside; only the process that read it knows."""
        super().__init__(digest, reason)

    def __str__(self) -> str:
        return f"{self.reason}: {self.digest}"
