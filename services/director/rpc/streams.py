"""Reads a rundown off its stream, and says what is wrong with its head and its items."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Final

from rostrum.director.v1.production_pb2 import CreateRundownRequest, RundownHead, RundownItem

from services.chassis.errors import Invalid, Violation
from services.chassis.keys import refuse_unknown_fields
from services.director.rpc.composing import deadline_complaints
from services.director.rpc.names import name_complaints, request_id_complaints

MOST_ITEMS: Final = 5_000
MOST_BYTES: Final = 64 << 20


def read_rundown(parts: Iterator[CreateRundownRequest]) -> tuple[RundownHead, list[RundownItem]]:
    """Return a rundown's head and items. Raises Invalid where they come in no such order."""
    head: RundownHead | None = None
    items: list[RundownItem] = []
    size_bytes = 0
    for part in parts:
        refuse_unknown_fields(part)
        size_bytes += part.ByteSize()
        if size_bytes > MOST_BYTES:
            raise Invalid("item", "REQUEST_TOO_LARGE", f"at most {MOST_BYTES} bytes in all")
        if (head is None) != part.HasField("head"):
            raise Invalid("head", "FIELD_REQUIRED", "the head comes first, and once")
        if head is None:
            head = part.head
        elif not part.HasField("item"):
            raise Invalid("item", "FIELD_REQUIRED", "after the head, each message is a video")
        elif len(items) == MOST_ITEMS:
            remedy = f"at most {MOST_ITEMS} videos; make several rundowns"
            raise Invalid("item", "TOO_MANY_VIDEOS", remedy)
        else:
            items.append(part.item)
    if head is None:
        raise Invalid("head", "FIELD_REQUIRED", "the head comes first, and once")
    if not items:
        raise Invalid("item", "FIELD_REQUIRED", "a rundown has one video at least")
    return head, items


def head_complaints(head: RundownHead, now_ms: int) -> Iterator[Violation]:
    """Yield what is wrong with a head; fields are paths in the stream's messages."""
    yield from name_complaints("head.name", head.name)
    yield from request_id_complaints("head.request_id", head.request_id)
    if head.HasField("deadline"):
        yield from deadline_complaints("head.deadline", head.deadline, now_ms)
    yield from _brought_complaints("head.presenters", [each.name for each in head.presenters])
    yield from _brought_complaints("head.channels", [each.name for each in head.channels])


def _brought_complaints(place: str, names: Sequence[str]) -> Iterator[Violation]:
    for index, name in enumerate(names):
        if not name:
            remedy = "orders call for it by its name"
            yield Violation(f"{place}[{index}].name", "FIELD_REQUIRED", remedy)
        elif name in names[:index]:
            yield Violation(f"{place}[{index}].name", "NAME_DUPLICATE", "names must differ")


def item_complaints(item: RundownItem, taken: Container[str]) -> Iterator[Violation]:
    """Yield what is wrong with an item besides its order; taken: names of the items before it."""
    if item.section:
        yield from name_complaints("section", item.section)
    if item.order.name and item.order.name in taken:
        yield Violation("name", "NAME_DUPLICATE", "another video of the rundown has this name")
