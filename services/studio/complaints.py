"""What is wrong with files that a person handed in: where, which field, why and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.chassis.errors import Invalid, Violation


@dataclass(frozen=True)
class Complaint:
    """One thing wrong in one file."""

    source: str
    """The file, as the person named it."""
    line: int | None
    """Line in it, from 1; None where none is known."""
    field: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return ": ".join(filter(None, (place, self.field, self.reason, self.remedy)))

    def as_json(self) -> dict[str, Any]:
        """Return it as events and summaries say it."""
        return {
            "file": self.source,
            "line": self.line,
            "field": self.field,
            "reason": self.reason,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class Place:
    """Where a document lies, so that a complaint about a field can name its line."""

    source: str
    lines: Mapping[str, int]
    """Line of each field path; "" is the document itself."""

    def __str__(self) -> str:
        line = self.lines.get("") if self.source.endswith(".jsonl") else None
        return self.source if line is None else f"{self.source}:{line}"

    def line(self, field: str) -> int | None:
        """Return the line of a field, or of the nearest field around it that has one."""
        while field and field not in self.lines:
            field = field[: max(field.rfind("."), field.rfind("["), 0)]
        return self.lines.get(field)

    def complaints(self, violations: Iterable[Violation]) -> list[Complaint]:
        """Return violations with the place of each."""
        return [
            Complaint(self.source, self.line(v.field), v.field, v.reason, v.remedy)
            for v in violations
        ]


class Rejected(Exception):
    """Files that cannot be worked on, with every complaint there is."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(map(str, self.complaints)))

    @classmethod
    def at(cls, place: Place, error: Invalid) -> Rejected:
        """Return an Invalid as complaints about a document."""
        return cls(place.complaints(error.violations))
