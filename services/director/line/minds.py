"""What the director has in mind of videos in work: bounded, and nowhere the only place of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rostrum.director.v1.director_pb2 import Commission

from services.director.recipes import Planned, talking_head
from services.director.results import Results
from services.director.videos import Video


@dataclass
class Mind:
    """One video: its recipe's results, and what was last said of it."""

    video: Video
    results: Results
    seen: int = -1
    """`videos.seen` as this director wrote it; any other number in the row voids the mind."""
    links: dict[str, str] = field(default_factory=dict)
    """Steps that are written down: name -> key."""
    told_at: float = float("-inf")
    """When its last event was written, by the monotonic clock."""
    told_stage: str = ""

    def plan(self) -> tuple[Planned, ...]:
        """Return every step that is expected from first to last."""
        return talking_head.outline(self.video.commission, self.results.find)


class Minds:
    """The minds of the videos that were asked lately; the one not asked for longest goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._minds: OrderedDict[str, Mind] = OrderedDict()

    def __len__(self) -> int:
        return len(self._minds)

    def make(self, row: Mapping[str, Any], commission: bytes, results: Results) -> Mind:
        """Return a new mind for a video."""
        video = Video(row["id"], Commission.FromString(bytes(commission)))
        mind = self._minds[row["id"]] = Mind(video, results)
        while len(self._minds) > self._most:
            self._minds.popitem(last=False)
        return mind

    def known(self, row: Mapping[str, Any]) -> Mind | None:
        """Return a video's mind, if it is still right."""
        mind = self._minds.get(row["id"])
        if mind is None or mind.seen != row["seen"]:
            self._minds.pop(row["id"], None)
            return None
        self._minds.move_to_end(row["id"])
        return mind

    def forget(self, video: str) -> None:
        """Let a video go."""
        self._minds.pop(video, None)

    def clear(self) -> None:
        """Let all of them go."""
        self._minds.clear()
