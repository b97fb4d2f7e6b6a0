"""Walks the fields of a message, whatever message it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

FREE_FORM = "google.protobuf.Struct"
"""Template data: names nothing that we store, and may hold doubles."""


def submessages(message: Message) -> Iterator[tuple[str, Message]]:
    """Yield the name of each field that holds messages, with each message it holds."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            yield from ((field.name, item) for item in _held(value))


def digests_in(message: Message) -> tuple[str, ...]:
    """Return every digest a message names, each once, in the order of the schema.

    A digest is a string in a field whose name ends in `digest` or `digests`, at any depth.
    """
    return tuple(dict.fromkeys(_digests(message)))


def _digests(message: Message) -> Iterator[str]:
    if message.DESCRIPTOR.full_name == FREE_FORM:
        return
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING and _names_digests(field.name):
            yield from [value] if isinstance(value, str) else value
    for _, item in submessages(message):
        yield from _digests(item)


def _names_digests(name: str) -> bool:
    return name.endswith(("digest", "digests"))


def _held(value: Message | Mapping[str, Message] | Iterable[Message]) -> Iterable[Message]:
    if isinstance(value, Message):
        return [value]
    return [value[key] for key in sorted(value)] if isinstance(value, Mapping) else value
