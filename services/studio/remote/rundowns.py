"""Rundown files: a day's videos in sections, as YAML or JSON, with every mistake and its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from services.chassis.errors import Invalid, Violation
from services.studio.complaints import Complaint, Place, Rejected
from services.studio.documents import Document, read_document, read_documents
from services.studio.files import refuse_address

FILES: Final = ("rundown.yaml", "rundown.yml", "rundown.json")
"""What makes a folder a rundown."""
WORD: Final = "rundown"
"""The field that makes a document a rundown; it names it."""
CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
NAME: Final = r"^[a-z0-9][a-z0-9-]{0,79}$"
REASONS: Final[Mapping[str, str]] = {
    "missing": "FIELD_REQUIRED",
    "extra_forbidden": "FIELD_UNKNOWN",
    "string_type": "FIELD_TYPE_INVALID",
    "int_type": "FIELD_TYPE_INVALID",
    "list_type": "FIELD_TYPE_INVALID",
    "dict_type": "FIELD_TYPE_INVALID",
    "model_type": "FIELD_TYPE_INVALID",
    "string_pattern_mismatch": "NAME_INVALID",
    "greater_than_equal": "PRIORITY_OUT_OF_RANGE",
    "less_than_equal": "PRIORITY_OUT_OF_RANGE",
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Section(_Part):
    name: StrictStr = Field(pattern=NAME)
    channel: StrictStr = ""
    deadline: StrictStr = ""
    priority: StrictInt | None = Field(default=None, ge=0, le=10)
    orders: list[StrictStr | dict[str, Any]] = Field(min_length=1)


class _Plan(_Part):
    rundown: StrictStr = Field(pattern=NAME)
    deadline: StrictStr = ""
    sections: list[_Section] = Field(min_length=1)


@dataclass(frozen=True)
class Slot:
    """One video's place in a rundown."""

    section: str
    deadline: datetime | None
    priority: int | None
    document: Document | Rejected
    """The order as it was written, or why it cannot be read."""


@dataclass(frozen=True)
class Plan:
    """A rundown file with all the orders that it names."""

    name: str
    deadline: datetime | None
    place: Place
    slots: tuple[Slot, ...]


def rundown_in(path: Path) -> Document | None:
    """Return the rundown that a file or folder is; None for orders. Raises Rejected."""
    if path.is_dir():
        file = next((path / name for name in FILES if (path / name).is_file()), None)
        return read_document(file) if file is not None else None
    if path.suffix.lower() not in {".yaml", ".yml", ".json"} or not path.is_file():
        return None
    try:
        document = read_document(path)
    except Rejected:
        return None  # whoever reads it as an order says what is wrong with it
    return document if WORD in document.fields else None


def read_plan(document: Document, now: datetime) -> Plan:
    """Return a rundown with its orders, files read. Raises Rejected with everything wrong with it.

    now: with a time zone; from here on the next time of day is looked for.
    """
    try:
        told = _Plan.model_validate(document.fields)
    except ValidationError as error:
        said = {each.field: each for each in map(_violation, error.errors())}
        raise Rejected(document.place.complaints(said.values())) from None
    problems: list[Complaint] = []
    slots = list(
        chain.from_iterable(
            _slots(document, told, index, now, problems) for index in range(len(told.sections))
        )
    )
    deadline = _time(document, "deadline", told.deadline, now, problems)
    if problems:
        raise Rejected(problems)
    return Plan(told.rundown, deadline, document.place, tuple(slots))


def _slots(
    document: Document, told: _Plan, index: int, now: datetime, problems: list[Complaint]
) -> Iterator[Slot]:
    section, at = told.sections[index], f"sections[{index}]"
    deadline = _time(document, f"{at}.deadline", section.deadline, now, problems)
    for number, order in enumerate(section.orders):
        try:
            for found in _orders(document, order, f"{at}.orders[{number}]"):
                if isinstance(found, Document) and section.channel:
                    found.fields.setdefault("channel", section.channel)
                yield Slot(section.name, deadline, section.priority, found)
        except Rejected as error:
            problems.extend(error.complaints)


def _orders(
    document: Document, order: str | dict[str, Any], at: str
) -> Iterator[Document | Rejected]:
    if isinstance(order, dict):
        yield Document(document.path, _part(document.place, at), dict(order))
        return
    folder = document.path.parent
    try:
        refuse_address(at, order)
    except Invalid as error:
        raise Rejected.at(document.place, error) from None
    paths = [folder / Path(order).expanduser()]
    if any(mark in order for mark in "*?["):
        paths = sorted(folder.glob(order)) if not Path(order).is_absolute() else []
    if not paths:
        remedy = f"no file fits {order!r} in {folder}"
        raise Rejected(document.place.complaints([Violation(at, "ASSET_NOT_FOUND", remedy)]))
    yield from read_documents(paths)


def _part(place: Place, at: str) -> Place:
    """Return the place of a part of a document, whose fields begin there."""
    inside = {
        field.removeprefix(f"{at}."): line
        for field, line in place.lines.items()
        if field.startswith(f"{at}.")
    }
    line = place.line(at)
    return Place(place.source, inside if line is None else {"": line, **inside})


def _time(
    document: Document, field: str, text: str, now: datetime, problems: list[Complaint]
) -> datetime | None:
    """Return a deadline: "06:00" is the next time it is six, anything else a whole date."""
    if not text:
        return None
    if clock := CLOCK.fullmatch(text):
        today = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return today if today > now else today + timedelta(days=1)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        remedy = "write a time of day like 06:00, or a whole time like 2026-11-22T06:00:00+01:00"
        said = Violation(field, "TIME_INVALID", remedy)
        problems.extend(document.place.complaints([said]))
        return None
    return moment


def _violation(said: Any) -> Violation:  # noqa: ANN401  # pydantic's mapping
    path = ""
    for part in said["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part not in {"str", "dict[str,any]"}:  # pydantic's words for what it tried
            path += f".{part}" if path else str(part)
    return Violation(path, REASONS.get(said["type"], "VALUE_INVALID"), said["msg"])
