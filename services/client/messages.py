"""What callers say and hear, and the messages that carry it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rostrum.director.v1 import production_pb2 as pb
from rostrum.director.v1.director_pb2 import Order

from services.client.errors import RostrumError

OrderLike: TypeAlias = Order | Mapping[str, Any]
"""An order as a message, or as an order file says it."""
ItemLike: TypeAlias = pb.RundownItem | OrderLike
ENDED: Final = frozenset({
    pb.VIDEO_STATE_FINISHED, pb.VIDEO_STATE_FAILED, pb.VIDEO_STATE_CANCELLED,
})  # fmt: skip
M = TypeVar("M", bound=Message)


def newer(
    videos: Sequence[pb.Video], events: Callable[[], Iterator[pb.VideoEvent]]
) -> Iterator[pb.Video]:
    """Yield videos, then what of events is newer than they are, unless all of them have ended."""
    yield from videos
    seen = {video.id: video.seq for video in videos}
    if videos and all(video.state in ENDED for video in videos):
        return
    for event in events():
        if event.video.seq > seen.get(event.video.id, 0):
            seen[event.video.id] = event.video.seq
            yield event.video


def message_of(value: M | Mapping[str, Any], kind: type[M]) -> M:
    """Return a message, or what an order file says as one."""
    return ParseDict(dict(value), kind()) if isinstance(value, Mapping) else value


def item_of(item: ItemLike) -> pb.RundownItem:
    """Return a video of a rundown; an order alone is one."""
    return (
        item if isinstance(item, pb.RundownItem) else pb.RundownItem(order=message_of(item, Order))
    )


def timestamp_of(moment: datetime | None) -> Timestamp | None:
    """Return a time as messages say it. Raises ValueError for one without a time zone."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def plain_name(name: str) -> str:
    """Return a file's name where it is one: a director writes nothing elsewhere."""
    if not name.isprintable() or "/" in name or not name.strip(".") or name.startswith("."):
        raise RostrumError("FILE_NAME_INVALID", f"the director calls a file {name!r}")
    return name
