"""Reading from Kafka: a member of a group, and a follower of everything."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from kafka import AsyncConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import (
    CommitFailedError,
    KafkaError,
    RebalanceInProgressError,
    RetriableError,
)
from kafka.structs import OffsetAndMetadata

from services.chassis.bus import BUS_UNAVAILABLE, OnChange, Partition, Record
from services.chassis.bus.kafka_client import METADATA_MS, connect, kafka_errors
from services.chassis.errors import Transient
from services.chassis.settings import BusSettings

ASK_SECONDS: Final = 5.0
COMMIT_SECONDS: Final = 3.0
AGAIN_SECONDS: Final = 0.5
REJOIN_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 3.0
POLL_INTERVAL_MS: Final = 60_000

CONSUMER: Final = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
}


class KafkaGroupReader:
    """A member of a group. Connects, and joins, at its first poll. See the port."""

    def __init__(
        self,
        settings: BusSettings,
        group: str,
        topics: Sequence[str],
        on_change: OnChange | None,
    ) -> None:
        self._settings = settings
        self._group = group
        self._topics = list(topics)
        self._on_change = on_change
        self._consumer: Any = None
        self._asker: Any = None
        """Reads nothing: a broker answers a connection's questions one after the other, and the
        reader's own nearly always waits for records."""
        self._membership = _Membership(self)
        self._given: set[TopicPartition] = set()
        self._lost: set[TopicPartition] = set()
        self._kept: dict[TopicPartition, int] = {}
        self._again_at = 0.0
        self._paused = False
        self._since = time.monotonic()

    def poll(self, seconds: float, most: int = 50) -> list[Record]:
        """Return records, waiting for the first."""
        deadline = time.monotonic() + seconds
        while True:
            self._tell_changes()
            found = self._ask(max(deadline - time.monotonic(), 0.0), most)
            if found or (time.monotonic() >= deadline and not (self._given or self._lost)):
                return found

    def commit(self, record: Record) -> None:
        """Note what is done; what cannot be noted now is noted later."""
        self._kept[TopicPartition(record.topic, record.partition)] = record.offset + 1
        self._commit_kept(COMMIT_SECONDS)

    def pause(self) -> None:
        """Deliver nothing."""
        self._paused = True
        if self._consumer is not None:
            self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """Deliver again."""
        self._paused = False
        if self._consumer is not None:
            self._consumer.resume(*(self._consumer.assignment() - self._given))

    def partitions(self) -> frozenset[Partition]:
        """Return the partitions that are read now."""
        return _plain(() if self._consumer is None else self._consumer.assignment())

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Go on elsewhere."""
        own = self._own(topic, partition)
        self._consumer.seek(own, offset)

    def position(self, topic: str, partition: int) -> int:
        """Return where the next poll begins."""
        own = self._own(topic, partition)
        with kafka_errors("asking for an offset"):
            found = self._consumer.position(own, timeout_ms=int(ASK_SECONDS * 1000))
        if found is None:
            raise Transient(f"{BUS_UNAVAILABLE}: the broker does not say where {own} stands")
        return int(found)

    def end_offsets(self) -> Mapping[Partition, int]:
        """Return the next offset of each partition."""
        if not self.partitions():
            return {}
        if self._asker is None:
            self._asker = connect(KafkaConsumer, self._settings, ASK_SECONDS, **CONSUMER)
        return _end_offsets(self._asker, self._consumer.assignment())

    def quiet_seconds(self) -> float:
        """Return how long the broker has not confirmed the membership."""
        confirmed = self._since
        if self._consumer is not None:
            beats = self._consumer._coordinator.heartbeat  # the library tells nobody else
            confirmed = max(confirmed, beats.last_receive)
        return time.monotonic() - confirmed

    def close(self) -> None:
        """Leave the group."""
        if self._consumer is None:
            return
        self._commit_kept(AGAIN_SECONDS)
        for client in filter(None, (self._asker, self._consumer)):
            client.close(timeout_ms=int(CLOSE_SECONDS * 1000))
        self._asker = self._consumer = None

    async def take(self, given: set[TopicPartition]) -> None:
        """Hold back what was given until it has been told. Runs on the client's own thread."""
        self._consumer.pause(*given)
        self._given |= given
        self._since = time.monotonic()

    async def give_up(self, revoked: set[TopicPartition]) -> None:
        """Note what is done before the next member reads on. Runs on the client's own thread."""
        done = {own: offset for own, offset in self._kept.items() if own in revoked}
        if done:
            with suppress(KafkaError):  # the next member reads it again
                await self._consumer.commit_async(_offsets(done))
        self.forget(revoked)

    def forget(self, lost: set[TopicPartition]) -> None:
        """Let go of partitions that somebody else may be reading already."""
        self._kept = {own: offset for own, offset in self._kept.items() if own not in lost}
        self._lost |= lost - self._given
        self._given -= lost

    def _ask(self, seconds: float, most: int) -> list[Record]:
        started = time.monotonic()
        try:
            self._connect(seconds)
            if self._kept and started >= self._again_at:
                self._commit_kept(AGAIN_SECONDS)
            self._rejoin()
            self._unpark()
            left = max(seconds - (time.monotonic() - started), 0.0)
            found = self._consumer.poll(timeout_ms=int(left * 1000), max_records=most)
        except (Transient, RetriableError):
            time.sleep(min(max(seconds - (time.monotonic() - started), 0.0), 0.1))
            return []
        return [_record(one) for records in found.values() for one in records]

    def _rejoin(self) -> None:
        """Go through with a rebalance that is under way.

        kafka-python 3.0.12 forgets the answer that comes between two polls; the member that was
        to hear it then waits for ever, and without heartbeats.
        """
        coordinator = self._consumer._coordinator
        if coordinator.rejoining or coordinator.need_rejoin():
            coordinator.request_rejoin()
            coordinator.poll(timeout_ms=int(REJOIN_SECONDS * 1000))

    def _unpark(self) -> None:
        """Let what was fetched of a partition before its pause be delivered after it.

        kafka-python 3.0.12 keeps such records aside, and fetches no more of their partition, until
        it has no records in hand; it holds on to those it has handed out, though none is left of
        them, and so it may never look: the partition is silent for ever.
        """
        fetcher = self._consumer._fetcher
        if not fetcher._next_partition_records:
            fetcher._next_partition_records = None

    def _connect(self, seconds: float) -> None:
        if self._consumer is not None:
            return
        session_ms = self._settings.session_timeout_ms
        self._consumer = connect(
            KafkaConsumer,
            self._settings,
            max(seconds, 1.0),
            **CONSUMER,
            group_id=self._group,
            partition_assignment_strategy=[CooperativeStickyAssignor],
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=min(1_000, session_ms // 5),
            max_poll_interval_ms=POLL_INTERVAL_MS,
        )
        self._consumer.subscribe(self._topics, listener=self._membership)

    def _own(self, topic: str, partition: int) -> TopicPartition:
        if (topic, partition) not in self.partitions():
            raise ValueError(f"partition {partition} of {topic} is not read here")
        return TopicPartition(topic, partition)

    def _tell_changes(self) -> None:
        if not (self._given or self._lost):
            return
        if self._on_change is not None:
            self._on_change(_plain(self._given), _plain(self._lost))
        if not self._paused:
            self._consumer.resume(*(self._given & self._consumer.assignment()))
        self._given, self._lost = set(), set()

    def _commit_kept(self, seconds: float) -> None:
        own = self._consumer.assignment()
        self._kept = {where: offset for where, offset in self._kept.items() if where in own}
        try:
            self._consumer.commit(_offsets(self._kept), timeout_ms=int(seconds * 1000))
        except (RetriableError, RebalanceInProgressError, CommitFailedError):
            self._again_at = time.monotonic() + AGAIN_SECONDS
            return
        self._kept = {}


class _Membership(AsyncConsumerRebalanceListener):  # type: ignore[misc]  # it has no types
    """Passes on what a rebalance did."""

    def __init__(self, reader: KafkaGroupReader) -> None:
        self._reader = reader

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._reader.take(set(assigned))

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._reader.give_up(set(revoked))

    async def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._reader.forget(set(lost))


class KafkaFollower:
    """Reads everything. See the port."""

    def __init__(self, settings: BusSettings, topics: Sequence[str], *, from_end: bool) -> None:
        self._topics = list(topics)
        self._consumer: Any = connect(KafkaConsumer, settings, ASK_SECONDS, **CONSUMER)
        self._look_at = 0.0
        try:
            self._begin(from_end=from_end)
        except Transient:
            self.close()
            raise

    def poll(self, seconds: float, most: int = 50) -> list[Record]:
        """Return records, waiting for the first."""
        started = time.monotonic()
        try:
            if started >= self._look_at:
                self._discover()
            found = self._consumer.poll(timeout_ms=int(seconds * 1000), max_records=most)
        except RetriableError:
            time.sleep(min(max(seconds - (time.monotonic() - started), 0.0), 0.1))
            return []
        return [_record(one) for records in found.values() for one in records]

    def close(self) -> None:
        """Stop."""
        self._consumer.close(timeout_ms=int(CLOSE_SECONDS * 1000))

    def _begin(self, *, from_end: bool) -> None:
        """Take up every partition. Raises Transient where the broker has gone meanwhile."""
        with kafka_errors("looking for partitions"):
            found = self._discover()
        if from_end and found:
            for where, offset in _end_offsets(self._consumer, found).items():
                self._consumer.seek(TopicPartition(*where), offset)

    def _discover(self) -> set[TopicPartition]:
        """Take up partitions that have come since; they are read from their beginning."""
        self._look_at = time.monotonic() + METADATA_MS / 1000
        there = {
            TopicPartition(topic, number)
            for topic in self._topics
            for number in self._consumer.partitions_for_topic(topic)
        }
        found: set[TopicPartition] = there - self._consumer.assignment()
        if found:
            self._consumer.assign(sorted(there))
        return found


def _plain(partitions: Iterable[TopicPartition]) -> frozenset[Partition]:
    return frozenset((own.topic, own.partition) for own in partitions)


def _offsets(done: Mapping[TopicPartition, int]) -> dict[TopicPartition, OffsetAndMetadata]:
    return {own: OffsetAndMetadata(offset, "", -1) for own, offset in done.items()}


def _end_offsets(consumer: Any, partitions: Iterable[TopicPartition]) -> dict[Partition, int]:  # noqa: ANN401
    with kafka_errors("asking for the end of partitions"):
        ends = consumer.end_offsets(list(partitions), timeout_ms=int(ASK_SECONDS * 1000))
    return {(own.topic, own.partition): offset for own, offset in ends.items()}


def _record(found: Any) -> Record:  # noqa: ANN401
    return Record(
        found.topic,
        found.partition,
        found.offset,
        found.value,
        (found.key or b"").decode(errors="replace"),
        tuple((name, value or b"") for name, value in found.headers),
        found.timestamp,
    )
