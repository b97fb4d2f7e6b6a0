"""Reads a request off the wire, and refuses what is no request of this version."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from services.chassis.errors import Invalid, Violation
from services.chassis.fields import FREE_FORM

M = TypeVar("M", bound=Message)


def read(kind: type[M], data: bytes) -> M:
    """Return a request. Raises Invalid for bytes that are none, and for enum values unknown here.

    Text that is not UTF-8 is no request either; fields that this version lacks are passed over.
    """
    try:
        request = kind.FromString(data)
    except DecodeError:
        remedy = f"these bytes are no {kind.DESCRIPTOR.full_name}; text must be UTF-8"
        raise Invalid("request", "MALFORMED_REQUEST", remedy) from None
    if violations := list(_unknown_enums(request, "")):
        raise Invalid.every(violations)
    return request


def _unknown_enums(message: Message, path: str) -> Iterator[Violation]:
    if not _may_hold_enums(cast("Descriptor", message.DESCRIPTOR)):
        return
    for field, value in message.ListFields():
        for name, item in _items(field, value, f"{path}{field.name}"):
            if isinstance(item, Message):
                yield from _unknown_enums(item, f"{name}.")
            elif (enum := _enum_of(field)) and item not in enum.values_by_number:
                known = ", ".join(enum.values_by_name)
                yield Violation(name, "ENUM_UNKNOWN", f"{item} is none of {known}")


def _items(field: FieldDescriptor, value: Any, name: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # whatever a field may hold
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        for key in sorted(value):
            yield f"{name}[{key!r}]", value[key]
    elif field.is_repeated:
        for index, item in enumerate(value):
            yield f"{name}[{index}]", item
    else:
        yield name, value


def _enum_of(field: FieldDescriptor) -> EnumDescriptor | None:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        return entry.fields_by_name["value"].enum_type
    return field.enum_type


@cache
def _may_hold_enums(schema: Descriptor) -> bool:
    return any(map(_is_enum_or_holds_some, _reachable(schema)))


def _is_enum_or_holds_some(schema: Descriptor) -> bool:
    return any(field.enum_type is not None for field in schema.fields)


def _reachable(schema: Descriptor) -> list[Descriptor]:
    """Return a message type and all that it can hold, template data aside."""
    found, waiting = {}, [schema]
    while waiting:
        each = waiting.pop()
        if each.full_name in found or each.full_name == FREE_FORM:
            continue
        found[each.full_name] = each
        waiting.extend(f.message_type for f in each.fields if f.message_type is not None)
    return list(found.values())
