"""YAML without its traps: no aliases, no tags, no dates, no `no` for false, no double keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from services.chassis.errors import Violation
from services.studio.complaints import Complaint, Place, Rejected

DEPTH: Final = 20
"""Levels that a document may nest."""

CONSTANTS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
DECIMAL: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]{1,3})?")


def read_yaml(text: str, source: str) -> tuple[object, Place]:
    """Return a YAML document as JSON values, and the line of each of its fields.

    Plain scalars are read as YAML 1.2's core schema does, decimal numbers only; what looks like a
    date, an octal number or a Norwegian country code stays text.
    Raises Rejected for bad syntax, aliases, tags, double keys, and more than one document.
    """
    reader = _Reader(text, source)
    try:
        value = reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        remedy = error.problem or "this is not YAML"
        raise Rejected([Complaint(source, line, "", "YAML_INVALID", remedy)]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        remedy = f"character U+{int(error.character):04X} may not stand in a text file; remove it"
        raise Rejected([Complaint(source, line, "", "TEXT_CONTROL_CHARS", remedy)]) from None
    place = Place(source, reader.lines)
    if reader.double:
        raise Rejected(place.complaints(reader.double))
    return value, place


class _Reader:
    def __init__(self, text: str, source: str) -> None:
        self._events: Iterator[Event] = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        self._source = source
        self.lines: dict[str, int] = {}
        self.double: list[Violation] = []

    def document(self) -> object:
        next(self._events)  # the stream starts
        if not isinstance(next(self._events), DocumentStartEvent):
            return None
        value = self._node(next(self._events), "", 0)
        next(self._events)  # the document ends
        if isinstance(after := next(self._events), DocumentStartEvent):
            remedy = "one document a file; several orders go into a folder or a JSON Lines file"
            raise self._rejected(after, "", "YAML_SEVERAL_DOCUMENTS", remedy)
        return value

    def _node(self, event: Event, path: str, depth: int) -> object:
        self.lines.setdefault(path, _line(event))
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            remedy = "anchors and aliases are not read; write the value out"
            raise self._rejected(event, path, "YAML_ALIAS_FORBIDDEN", remedy)
        if (tag := getattr(event, "tag", None)) not in {None, "!"}:
            remedy = f"the tag {tag} is not read; write plain text, numbers or lists"
            raise self._rejected(event, path, "YAML_TAG_FORBIDDEN", remedy)
        if depth > DEPTH:
            remedy = f"at most {DEPTH} levels of nesting are read"
            raise self._rejected(event, path, "NESTING_TOO_DEEP", remedy)
        if isinstance(event, MappingStartEvent):
            return self._mapping(path, depth)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path, depth)
        assert isinstance(event, ScalarEvent)
        return _scalar(event)

    def _mapping(self, path: str, depth: int) -> dict[str, object]:
        values: dict[str, object] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise self._rejected(event, path, "YAML_INVALID", "a key must be a word")
            field = f"{path}.{event.value}" if path else event.value
            self.lines.setdefault(field, _line(event))
            value = self._node(next(self._events), field, depth + 1)
            if event.value in values:
                remedy = f"it is given again in line {_line(event)}; keep one"
                self.double.append(Violation(field, "FIELD_DUPLICATE", remedy))
            values[event.value] = value
        return values

    def _sequence(self, path: str, depth: int) -> list[object]:
        values: list[object] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            values.append(self._node(event, f"{path}[{len(values)}]", depth + 1))
        return values

    def _rejected(self, event: Event, field: str, reason: str, remedy: str) -> Rejected:
        return Rejected([Complaint(self._source, _line(event), field, reason, remedy)])


def _line(event: Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.line + 1


def _scalar(event: ScalarEvent) -> str | int | float | bool | None:
    text: str = event.value
    if not event.implicit[0]:
        return text  # quoted, or a block
    if text.lower() in CONSTANTS and text in {text.lower(), text.upper(), text.capitalize()}:
        return CONSTANTS[text.lower()]
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else text
