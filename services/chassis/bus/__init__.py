"""The bus between director and workers: what both may ask of it, whoever carries the messages.

`kafka` is the real one, `memory` its twin for unit tests; one contract suite holds both to the
words below. Every message is delivered at least once, in the order of its partition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

Headers: TypeAlias = tuple[tuple[str, bytes], ...]
Partition: TypeAlias = tuple[str, int]
"""A topic and the number of one of its partitions."""
OnChange: TypeAlias = Callable[[frozenset[Partition], frozenset[Partition]], None]
"""Called with the partitions a member has just been given, and those it has just lost."""

BUS_UNAVAILABLE: Final = "BUS_UNAVAILABLE"
MESSAGE_TOO_LARGE: Final = "MESSAGE_TOO_LARGE"


@dataclass(frozen=True)
class Outgoing:
    """A message to publish."""

    topic: str
    value: bytes | None
    """The message; None is a tombstone, which readers pass over."""
    key: str = ""
    partition: int | None = None
    """Where it must go; None: where its key leads, anywhere without one."""
    headers: Headers = ()


@dataclass(frozen=True)
class Record:
    """A message as it lies on the bus."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    key: str
    headers: Headers
    time_ms: int
    """When the broker took it, by the broker's clock, in ms since 1970."""


class GroupReader(Protocol):
    """One member of a group: every partition is read by one member at a time.

    Belongs to one thread. Raises Transient where the broker cannot be asked.
    """

    def poll(self, seconds: float, most: int = 50) -> list[Record]:
        """Return up to `most` records, waiting up to `seconds` for the first.

        Must be called every few seconds, also while paused: it is what keeps the membership. It
        takes some seconds longer while the group shares its partitions out.
        Calls on_change before the first record of a partition that was given.
        """
        ...

    def commit(self, record: Record) -> None:
        """Note that everything up to `record` is done: no later member is given it again.

        What a rebalance refuses is kept, and noted once the partitions are shared out, unless
        the partition went to another member: that one reads the record again.
        """
        ...

    def pause(self) -> None:
        """Deliver nothing, of partitions given later neither, until `resume`."""
        ...

    def resume(self) -> None:
        """Deliver again."""
        ...

    def partitions(self) -> frozenset[Partition]:
        """Return the partitions this member reads now."""
        ...

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Go on at `offset` of one of one's own partitions."""
        ...

    def position(self, topic: str, partition: int) -> int:
        """Return the offset that the next poll begins at, in one of one's own partitions."""
        ...

    def end_offsets(self) -> Mapping[Partition, int]:
        """Ask the broker, now, which offset the next message of each own partition will get."""
        ...

    def quiet_seconds(self) -> float:
        """Return how long the broker has not confirmed this membership."""
        ...

    def close(self) -> None:
        """Leave the group at once, so that others go on; what was not noted is read again."""
        ...


class Follower(Protocol):
    """Reads every partition of its topics, by itself. Belongs to one thread."""

    def poll(self, seconds: float, most: int = 50) -> list[Record]:
        """Return up to `most` records, waiting up to `seconds` for the first."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


class Bus(Protocol):
    """Carries messages. `publish` and `healthy` may be called by several threads at once."""

    def publish(self, messages: Sequence[Outgoing], timeout_seconds: float = 15) -> None:
        """Return once the broker has every message for good; those of a partition stay in order.

        Raises Transient BUS_UNAVAILABLE where that is not sure: any of them may be there or not,
        and sending all again is right. Raises Invalid MESSAGE_TOO_LARGE, with nothing sent, for
        one over its topic's limit.
        """
        ...

    def join(
        self, group: str, topics: Sequence[str], on_change: OnChange | None = None
    ) -> GroupReader:
        """Read `topics` together with the other members of `group`, from where the group stands.

        A new group begins with the oldest message there is.
        """
        ...

    def follow(self, topics: Sequence[str], *, from_end: bool = True) -> Follower:
        """Read all of `topics`, from now on or from the oldest message there is.

        Raises Transient where the broker cannot be asked where the end is.
        """
        ...

    def healthy(self) -> bool:
        """Tell whether the broker answers; waits two seconds at most."""
        ...

    def close(self) -> None:
        """Let go of everything, readers too."""
        ...
