"""A task's key: the one name under which its result is found again."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any, cast

import rfc8785
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict, SerializeToJsonError
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from services.chassis.errors import Invalid
from services.chassis.fields import FREE_FORM, submessages


def task_key(realm: str, request: Message, fingerprint: str) -> str:
    """Return the key of a task: 64 lower-case hexadecimal digits.

    It is the SHA-256 of the RFC 8785 form of the array [realm, full name, fingerprint, request],
    the request in the protobuf JSON mapping with defaults omitted. The array keeps the four apart:
    no two of them run into each other. Raises Invalid for fields this version does not know and
    for numbers that JSON cannot say.
    """
    name = request.DESCRIPTOR.full_name
    document: list[Any] = [realm, name, fingerprint, canonical(request)]
    return hashlib.sha256(rfc8785.dumps(document)).hexdigest()


def canonical(request: Message) -> dict[str, Any]:
    """Return the request's JSON mapping, ready for RFC 8785.

    Raises Invalid as `task_key` does, and TypeError for a message whose schema has floats: their
    text differs between writers, so agreements use whole numbers and ratios of them.
    """
    refuse_floats(cast("Descriptor", request.DESCRIPTOR))
    refuse_unknown_fields(request)
    try:
        return MessageToDict(request)
    except SerializeToJsonError as error:
        raise Invalid("data", "VALUE_OUT_OF_RANGE", "numbers must be finite") from error


@cache
def refuse_floats(schema: Descriptor) -> None:
    """Raise TypeError where the schema has a float outside of template data."""
    if schema.full_name == FREE_FORM:
        return
    for field in schema.fields:
        if field.cpp_type in {FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE}:
            raise TypeError(f"{field.full_name} is a float; use whole numbers")
        if field.message_type is not None:
            refuse_floats(field.message_type)


def refuse_unknown_fields(message: Message, path: str = "") -> None:
    """Raise Invalid where a message holds fields that this version of the agreements lacks."""
    if len(unknown := UnknownFieldSet(message)):
        where = f"{path}{unknown[0].field_number}"
        raise Invalid(where, "FIELD_UNKNOWN", "made by a newer version; update this one")
    for name, item in submessages(message):
        refuse_unknown_fields(item, f"{path}{name}.")
