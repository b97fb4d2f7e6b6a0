"""Documents as messages: the JSON mapping of protobuf, with every mistake said at once."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator
from typing import Any, Final, TypeVar, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from services.chassis.errors import Invalid, Violation

M = TypeVar("M", bound=Message)

STRUCT: Final = "google.protobuf.Struct"
UINT32: Final = 2**32
NESTING: Final = 20
FOUND: Final = {
    type(None): "nothing",
    bool: "true or false",
    str: "text",
    int: "a number",
    float: "a number",
    list: "a list",
}


def to_message(fields: dict[str, Any], kind: type[M], path: str = "") -> M:
    """Return a document's fields as a message. Raises Invalid with what `read_message` finds."""
    message, violations = read_message(fields, kind, path)
    if violations:
        raise Invalid.every(violations)
    return message


def read_message(
    fields: dict[str, Any], kind: type[M], path: str = ""
) -> tuple[M, tuple[Violation, ...]]:
    """Return those of a document's fields that can be read as a message, and what is wrong.

    Fields may be named as in the agreement (`frame_rate`) or as its JSON mapping does
    (`frameRate`); null is as good as leaving a field out. Wrong are unknown fields, wrong types
    and fields given twice.
    """
    descriptor = cast("Descriptor", kind.DESCRIPTOR)
    violations = tuple(_in_message(fields, descriptor, path))
    wrong = {violation.field.removeprefix(f"{path}.") for violation in violations}
    right = {
        name: value
        for name, value in fields.items()
        if not any(re.match(rf"{re.escape(str(name))}(\W|$)", field) for field in wrong)
    }
    return json_format.ParseDict(right, kind()), violations


def _in_message(fields: object, kind: Descriptor, path: str) -> Iterator[Violation]:
    if not isinstance(fields, dict):
        yield _mistyped(path, "fields with their values", fields)
        return
    seen: dict[str, str] = {}
    for name, value in fields.items():
        at = f"{path}.{name}" if path else str(name)
        field = kind.fields_by_name.get(name) or kind.fields_by_camelcase_name.get(name)
        if field is None:
            yield _unknown(at, str(name), kind)
        elif (other := seen.setdefault(field.name, name)) != name:
            yield Violation(at, "FIELD_DUPLICATE", f"{other} says it already; keep one")
        elif value is not None:
            yield from _in_field(value, field, at)


def _in_field(value: object, field: FieldDescriptor, path: str) -> Iterator[Violation]:
    if not field.is_repeated:
        yield from _in_value(value, field, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in_value(item, field, f"{path}[{index}]")
    else:
        yield _mistyped(path, "a list", value)


def _in_value(value: object, field: FieldDescriptor, path: str) -> Iterator[Violation]:
    if field.message_type is not None and field.message_type.full_name == STRUCT:
        yield from _in_data(value, path)
    elif field.message_type is not None:
        yield from _in_message(value, field.message_type, path)
    elif field.type == FieldDescriptor.TYPE_STRING:
        yield from _in_text(value, path)
    elif not isinstance(value, int) or isinstance(value, bool):
        yield _mistyped(path, "a whole number", value)
    elif not 0 <= value < UINT32:
        yield Violation(path, "VALUE_OUT_OF_RANGE", f"{value} is not a number from 0 to {UINT32}")


def _in_data(value: object, path: str) -> Iterator[Violation]:
    if isinstance(value, dict):
        yield from _in_json(value, path, 0)
    else:
        yield _mistyped(path, "fields with their values", value)


def _in_json(value: object, path: str, depth: int) -> Iterator[Violation]:
    if depth > NESTING:
        yield Violation(path, "NESTING_TOO_DEEP", f"at most {NESTING} levels of nesting are read")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _in_json(item, f"{path}.{name}", depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in_json(item, f"{path}[{index}]", depth + 1)
    elif isinstance(value, str):
        yield from _in_text(value, path)
    elif isinstance(value, (int, float)) and (abs(value) > 2**53 or not math.isfinite(value)):
        yield Violation(path, "VALUE_OUT_OF_RANGE", "too large a number; write it as text")


def _in_text(value: object, path: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield _mistyped(path, "text (put it in quotes)", value)
    elif any("\ud800" <= character <= "\udfff" for character in value):
        yield Violation(path, "TEXT_NOT_UTF8", "half a surrogate pair stands in it; remove it")


def _unknown(path: str, name: str, kind: Descriptor) -> Violation:
    names = list(kind.fields_by_name)
    close = difflib.get_close_matches(name, names, 1)
    remedy = f"did you mean {close[0]}?" if close else f"the fields are {', '.join(names)}"
    return Violation(path, "FIELD_UNKNOWN", f"there is no such field; {remedy}")


def _mistyped(path: str, wanted: str, value: object) -> Violation:
    got = FOUND.get(type(value), "fields with their values")
    return Violation(path, "FIELD_TYPE_INVALID", f"expected {wanted}, found {got}")
