"""The twin of the bus: the same promises inside one process, for unit tests."""

from __future__ import annotations

import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from services.chassis.bus import BUS_UNAVAILABLE, OnChange, Outgoing, Partition, Record
from services.chassis.bus.limits import refuse_oversize
from services.chassis.errors import Transient
from services.chassis.topics import TOPICS, Topic

NOBODY: Final = None


class MemoryBus:
    """A bus that many threads of one process share. Keeps every message for as long as it lives."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        topics: Mapping[str, Topic] = TOPICS,
    ) -> None:
        """clock: seconds since 1970; what it says when a message comes is the message's time."""
        self.clock = clock
        self.topics = topics
        self.log: dict[Partition, list[Record]] = {
            (topic.name, number): []
            for topic in topics.values()
            for number in range(topic.partitions)
        }
        self.groups: defaultdict[str, Group] = defaultdict(Group)
        self.changed = threading.Condition()
        self.away_since: float | None = None
        self._published = 0

    def outage(self, *, away: bool = True) -> None:
        """Take the broker away, or bring it back: readers get nothing, nothing can be published."""
        with self.changed:
            self.away_since = self.clock() if away else None
            self.changed.notify_all()

    @property
    def away(self) -> bool:
        """Whether the broker is away."""
        return self.away_since is not None

    def check_there(self) -> None:
        """Raise Transient while the broker is away."""
        if self.away:
            raise Transient(f"{BUS_UNAVAILABLE}: the broker does not answer")

    def publish(self, messages: Sequence[Outgoing], timeout_seconds: float = 15) -> None:  # noqa: ARG002
        """Keep every message. See the port."""
        for message in messages:
            refuse_oversize(self.topics[message.topic], message)
        with self.changed:
            self.check_there()
            for message in messages:
                self._append(message)
            self.changed.notify_all()

    def join(
        self, group: str, topics: Sequence[str], on_change: OnChange | None = None
    ) -> MemoryGroupReader:
        """Become a member of a group. See the port."""
        return MemoryGroupReader(self, self.groups[group], tuple(topics), on_change)

    def follow(self, topics: Sequence[str], *, from_end: bool = True) -> MemoryFollower:
        """Read everything. See the port."""
        with self.changed:
            self.check_there()
            return MemoryFollower(self, tuple(topics), from_end=from_end)

    def healthy(self) -> bool:
        """Tell whether the broker is there."""
        return not self.away

    def close(self) -> None:
        """Let go of nothing: what was published outlives those who published it."""

    def partitions_of(self, topics: Sequence[str]) -> list[Partition]:
        """Return every partition of some topics, in order."""
        return [(name, number) for name in topics for number in range(self.topics[name].partitions)]

    def _append(self, message: Outgoing) -> None:
        partition = message.topic, self._partition(message)
        log = self.log[partition]
        moment = max(int(self.clock() * 1000), log[-1].time_ms if log else 0)
        log.append(
            Record(*partition, len(log), message.value, message.key, message.headers, moment)
        )

    def _partition(self, message: Outgoing) -> int:
        count = self.topics[message.topic].partitions
        if message.partition is not None:
            if not 0 <= message.partition < count:
                name = f"{message.topic} has no partition {message.partition}"
                raise Transient(f"{BUS_UNAVAILABLE}: {name}; `rostrum topics apply` may make it")
            return message.partition
        self._published += 1
        return (zlib.crc32(message.key.encode()) if message.key else self._published) % count


class Positions:
    """Where a reader stands in each of its partitions, and how it takes turns between them."""

    def __init__(self, log: Mapping[Partition, list[Record]]) -> None:
        self._log = log
        self.next: dict[Partition, int] = {}

    def take(self, most: int) -> list[Record]:
        """Return up to `most` records, and go on after them."""
        taken: list[Record] = []
        for partition in list(self.next):
            start = self.next[partition]
            found = self._log[partition][start : start + most - len(taken)]
            if found:
                self.next[partition] = self.next.pop(partition) + len(found)  # to the queue's end
            taken += found
        return taken


class Group:
    """Who reads what: a partition goes to its next reader once the one before has let it go."""

    def __init__(self) -> None:
        self.members: list[MemoryGroupReader] = []
        self.owners: dict[Partition, MemoryGroupReader | None] = {}
        self.wanted: dict[Partition, MemoryGroupReader] = {}
        self.committed: dict[Partition, int] = {}

    def share_out(self) -> None:
        """Decide anew who should read what; whoever has a partition keeps it where that is fair."""
        topics = {topic for member in self.members for topic in member.topics}
        self.wanted = {}
        for topic in sorted(topics):
            members = [member for member in self.members if topic in member.topics]
            self.wanted |= self._fair(members[0].bus.partitions_of([topic]), members)

    def _fair(
        self, partitions: list[Partition], members: list[MemoryGroupReader]
    ) -> dict[Partition, MemoryGroupReader]:
        least, more = divmod(len(partitions), len(members))
        shares: dict[MemoryGroupReader, list[Partition]] = {member: [] for member in members}
        for partition in partitions:
            owner = self.owners.get(partition)
            larger = sum(len(share) > least for share in shares.values())
            if owner in shares and len(shares[owner]) < least + (larger < more):
                shares[owner].append(partition)
        kept = {partition for share in shares.values() for partition in share}
        for partition in (p for p in partitions if p not in kept):
            min(shares.values(), key=len).append(partition)
        return {partition: member for member, share in shares.items() for partition in share}


class MemoryGroupReader:
    """A member of a group. Joins at its first poll. See the port."""

    def __init__(
        self, bus: MemoryBus, group: Group, topics: tuple[str, ...], on_change: OnChange | None
    ) -> None:
        self.bus = bus
        self.topics = topics
        self._group = group
        self._on_change = on_change
        self._positions = Positions(bus.log)
        self._kept: dict[Partition, int] = {}
        self._given: frozenset[Partition] = frozenset()
        self._lost: frozenset[Partition] = frozenset()
        self._paused = False

    def poll(self, seconds: float, most: int = 50) -> list[Record]:
        """Return records, waiting for the first."""
        deadline = time.monotonic() + seconds
        while True:
            with self.bus.changed:
                self._take_part()
                if not (self._given or self._lost):
                    silent = self._paused or self.bus.away
                    found = [] if silent else self._positions.take(most)
                    left = deadline - time.monotonic()
                    if found or left <= 0:
                        return found
                    self.bus.changed.wait(left)
            self._tell()

    def commit(self, record: Record) -> None:
        """Note what is done; during an outage, note it later."""
        self._kept[record.topic, record.partition] = record.offset + 1
        with self.bus.changed:
            self._commit_kept()

    def pause(self) -> None:
        """Deliver nothing."""
        self._paused = True

    def resume(self) -> None:
        """Deliver again."""
        self._paused = False

    def partitions(self) -> frozenset[Partition]:
        """Return the partitions that are read now."""
        return frozenset(self._positions.next)

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Go on elsewhere."""
        self._positions.next[self._own(topic, partition)] = offset

    def position(self, topic: str, partition: int) -> int:
        """Return where the next poll begins."""
        return self._positions.next[self._own(topic, partition)]

    def end_offsets(self) -> Mapping[Partition, int]:
        """Return the next offset of each partition."""
        with self.bus.changed:
            self.bus.check_there()
            return {partition: len(self.bus.log[partition]) for partition in self._positions.next}

    def quiet_seconds(self) -> float:
        """Return how long the broker has been away."""
        since = self.bus.away_since
        return 0.0 if since is None else self.bus.clock() - since

    def close(self) -> None:
        """Leave the group."""
        with self.bus.changed:
            if self in self._group.members:
                self._commit_kept()
                self._group.members.remove(self)
                for partition in self._positions.next:
                    self._group.owners[partition] = NOBODY
                self._positions.next = {}
                self._group.share_out()
                self.bus.changed.notify_all()

    def _own(self, topic: str, partition: int) -> Partition:
        if (topic, partition) not in self._positions.next:
            raise ValueError(f"partition {partition} of {topic} is not read here")
        return topic, partition

    def _take_part(self) -> None:
        if self.bus.away:
            return
        if self not in self._group.members:
            self._group.members.append(self)
            self._group.share_out()
            self.bus.changed.notify_all()
        self._commit_kept()
        self._lost |= self._let_go()
        self._given |= self._take_over()

    def _tell(self) -> None:
        if self._on_change and (self._given or self._lost):
            self._on_change(self._given, self._lost)
        self._given = self._lost = frozenset()

    def _let_go(self) -> frozenset[Partition]:
        lost = frozenset(p for p in self._positions.next if self._group.wanted.get(p) is not self)
        for partition in lost:
            del self._positions.next[partition]
            self._group.owners[partition] = NOBODY
        if lost:
            self.bus.changed.notify_all()
        return lost

    def _take_over(self) -> frozenset[Partition]:
        group = self._group
        given = frozenset(
            partition
            for partition, reader in group.wanted.items()
            if reader is self and group.owners.get(partition) is NOBODY
        )
        for partition in sorted(given):
            group.owners[partition] = self
            self._positions.next[partition] = group.committed.get(partition, 0)
        return given

    def _commit_kept(self) -> None:
        if not self.bus.away:
            mine = {p: offset for p, offset in self._kept.items() if p in self._positions.next}
            self._group.committed |= mine
            self._kept.clear()


class MemoryFollower:
    """Reads everything. See the port."""

    def __init__(self, bus: MemoryBus, topics: tuple[str, ...], *, from_end: bool) -> None:
        self._bus = bus
        self._positions = Positions(bus.log)
        for partition in bus.partitions_of(topics):
            self._positions.next[partition] = len(bus.log[partition]) if from_end else 0

    def poll(self, seconds: float, most: int = 50) -> list[Record]:
        """Return records, waiting for the first."""
        deadline = time.monotonic() + seconds
        with self._bus.changed:
            while True:
                found = [] if self._bus.away else self._positions.take(most)
                left = deadline - time.monotonic()
                if found or left <= 0:
                    return found
                self._bus.changed.wait(left)

    def close(self) -> None:
        """Read nothing more."""
        self._positions.next = {}
