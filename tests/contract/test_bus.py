"""What a bus promises: held by the twin in memory and by a real broker alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from queue import Empty, Queue
from typing import Protocol, Self
from uuid import uuid4

import pytest

from services.chassis.bus import Bus, Follower, GroupReader, OnChange, Outgoing, Partition, Record
from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_topics import apply_topics
from services.chassis.bus.limits import bytes_of
from services.chassis.bus.memory import MemoryBus
from services.chassis.errors import Invalid, Transient
from services.chassis.settings import BusSettings
from services.chassis.topics import Topic
from services.studio.servers.kafka import KafkaServer

SESSION_MS = 6_000  # the least that a broker takes
LARGEST = 65_536


class Line(Protocol):
    """A bus with a topic or two on it, and a way to make more of the same."""

    patience: float  # seconds after which what did not come is not coming

    def topic(self, partitions: int = 1, largest_bytes: int = LARGEST) -> str: ...
    def bus(self) -> Bus: ...


@dataclass
class TwinLine:
    patience: float = 0.05
    topics: dict[str, Topic] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shared = MemoryBus(topics=self.topics)

    def topic(self, partitions: int = 1, largest_bytes: int = LARGEST) -> str:
        topic = registered(partitions, largest_bytes)
        self.topics[topic.name] = topic
        self.shared.log |= {(topic.name, number): [] for number in range(partitions)}
        return topic.name

    def bus(self) -> Bus:
        return self.shared

    def close(self) -> None:
        self.shared.close()


@dataclass
class KafkaLine:
    settings: BusSettings
    patience: float = 2.0
    topics: dict[str, Topic] = field(default_factory=dict)
    buses: list[KafkaBus] = field(default_factory=list)

    def topic(self, partitions: int = 1, largest_bytes: int = LARGEST) -> str:
        topic = registered(partitions, largest_bytes)
        self.topics[topic.name] = topic
        apply_topics(self.settings, {topic.name: topic})
        return topic.name

    def bus(self) -> KafkaBus:
        self.buses.append(KafkaBus(self.settings, self.topics))
        return self.buses[-1]

    def close(self) -> None:
        for bus in self.buses:
            bus.close()


def registered(partitions: int, largest_bytes: int) -> Topic:
    name = f"test.{uuid4().hex[:12]}"
    return Topic(name, "", "bytes", "none", (), (), partitions, 1, largest_bytes)


def settings_of(server: KafkaServer) -> BusSettings:
    return BusSettings.read(brokers=server.address, session_timeout_ms=SESSION_MS)


@pytest.fixture
def real(kafka: KafkaServer) -> Iterator[KafkaLine]:
    line = KafkaLine(settings_of(kafka))
    yield line
    line.close()


@pytest.fixture(params=["twin", "kafka"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    if request.param == "kafka":
        yield request.getfixturevalue("real")
    else:
        twin = TwinLine()
        yield twin
        twin.close()


def numbered(topic: str, count: int, first: int = 0, **more: object) -> list[Outgoing]:
    return [Outgoing(topic, str(i).encode(), **more) for i in range(first, first + count)]


def values(records: list[Record]) -> list[int]:
    return [int(record.value or b"-1") for record in records]


def read(reader: GroupReader | Follower, count: int, seconds: float = 20) -> list[Record]:
    """Return what comes, up to `count` records, within some seconds."""
    found: list[Record] = []
    deadline = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        found += reader.poll(0.2, count - len(found))
    return found


class Member:
    """A reader in a thread of its own, as in a service of its own."""

    def __init__(
        self, bus: Bus, topic: str, on_change: OnChange | None = None, *, commits: bool = False
    ) -> None:
        self.reader = bus.join("g", [topic], on_change)
        self.records: list[Record] = []
        self.held: frozenset[Partition] = frozenset()
        self._commits = commits
        self._calls: Queue[tuple[Callable[[GroupReader], object], Future[object]]] = Queue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        self._stopped.set()
        self._thread.join()

    def call(self, what: Callable[[GroupReader], object]) -> object:
        """Do something with the reader, in its thread."""
        answer: Future[object] = Future()
        self._calls.put((what, answer))
        return answer.result(30)

    def _run(self) -> None:
        while not self._stopped.is_set():
            for record in self.reader.poll(0.05, 5):
                self.records.append(record)
                if self._commits:
                    self.reader.commit(record)
            self.held = self.reader.partitions()
            with suppress(Empty):
                what, answer = self._calls.get_nowait()
                try:
                    answer.set_result(what(self.reader))
                except Exception as error:  # noqa: BLE001  # it belongs to who asked
                    answer.set_exception(error)
        self.reader.close()


def until(condition: Callable[[], bool], why: str = "", seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, why or "it never came about"
        time.sleep(0.01)


def shared(*members: Member, share: int) -> Callable[[], bool]:
    return lambda: all(len(member.held) == share for member in members)


# Publishing


def test_a_partition_keeps_the_order(line: Line) -> None:
    topic, bus = line.topic(), line.bus()
    bus.publish(numbered(topic, 100))
    bus.publish(numbered(topic, 100, first=100))
    records = read(bus.join("g", [topic]), 200)
    assert values(records) == list(range(200)), "a video's reports would overtake one another"
    assert [record.offset for record in records] == list(range(200))


def test_a_message_goes_to_the_partition_that_was_named(line: Line) -> None:
    topic, bus = line.topic(partitions=4), line.bus()
    bus.publish([Outgoing(topic, b"1", key="a", partition=number) for number in (3, 0, 3, 2)])
    found = read(bus.join("g", [topic]), 4)
    assert sorted(record.partition for record in found) == [0, 2, 3, 3]


def test_messages_of_one_key_meet_on_one_partition(line: Line) -> None:
    topic, bus = line.topic(partitions=4), line.bus()
    bus.publish([Outgoing(topic, b"1", key=f"video {i % 8}") for i in range(64)])
    found = read(bus.join("g", [topic]), 64)
    assert len({(record.key, record.partition) for record in found}) == 8
    assert len({record.partition for record in found}) > 1, "one partition would do all the work"


def test_a_partition_that_is_not_there_is_no_bug(line: Line) -> None:
    topic, bus = line.topic(partitions=2), line.bus()
    with pytest.raises(Transient, match="topics apply"):
        bus.publish([Outgoing(topic, b"1", partition=2)])


def test_headers_key_and_time_come_with_the_record(line: Line) -> None:
    topic, bus = line.topic(), line.bus()
    before = time.time() * 1000 - 1
    headers = (("ce_id", b"7"), ("traceparent", "ü".encode()), ("empty", b""))
    bus.publish([Outgoing(topic, b"1", key="schlüssel", headers=headers)])
    (record,) = read(bus.join("g", [topic]), 1)
    assert (record.headers, record.key) == (headers, "schlüssel")
    assert before <= record.time_ms <= time.time() * 1000 + 1


def test_the_time_is_the_brokers(real: KafkaLine) -> None:
    from kafka import KafkaProducer  # noqa: PLC0415  # a writer whose clock is wrong

    topic, bus = real.topic(), real.bus()
    liar = KafkaProducer(bootstrap_servers=list(real.settings.brokers))
    liar.send(topic, b"1", timestamp_ms=1000).get(10)
    liar.close()
    (record,) = read(bus.join("g", [topic]), 1)
    assert record.time_ms > 1_700_000_000_000, "leases would be judged by the writer's clock"


def test_a_tombstone_arrives_without_value(line: Line) -> None:
    topic, bus = line.topic(), line.bus()
    bus.publish([Outgoing(topic, None, key="gone"), Outgoing(topic, b"")])
    found = read(bus.join("g", [topic]), 2)
    assert [record.value for record in found] == [None, b""]


def test_a_message_of_two_megabytes_is_an_error_and_not_silence(line: Line) -> None:
    topic, bus = line.topic(), line.bus()
    with pytest.raises(Invalid, match="MESSAGE_TOO_LARGE") as refused:
        bus.publish([Outgoing(topic, b"1"), Outgoing(topic, bytes(2 * 2**20))])
    assert all(word in str(refused.value) for word in (topic, "65536", "2097152"))
    reader = bus.join("g", [topic])
    assert not read(reader, 1, line.patience), "the whole call is refused"
    bus.publish([Outgoing(topic, b"2")])
    assert values(read(reader, 1)) == [2], "the next good message goes"


@pytest.mark.parametrize("largest", [LARGEST, 1_048_576])
def test_the_largest_message_goes_and_a_byte_more_does_not(line: Line, largest: int) -> None:
    topic, bus = line.topic(largest_bytes=largest), line.bus()
    rest = {"key": "k", "headers": (("ce_id", b"x" * 500),)}
    message = Outgoing(topic, bytes(largest - 506), **rest)
    assert bytes_of(message) == largest
    bus.publish([message])
    with pytest.raises(Invalid, match="MESSAGE_TOO_LARGE"):
        bus.publish([Outgoing(topic, bytes(largest - 505), **rest)])
    assert len(read(bus.join("g", [topic]), 1)[0].value or b"") == largest - 506


def test_what_the_broker_refuses_is_read_from_its_answer(real: KafkaLine) -> None:
    topic = real.topic()
    registry = {topic: registered(1, 10 * LARGEST)}  # wrongly believed to be larger
    bus = KafkaBus(real.settings, registry)
    try:
        with pytest.raises(Invalid, match="MESSAGE_TOO_LARGE"):
            bus.publish([Outgoing(topic, bytes(3 * LARGEST))])
        bus.publish([Outgoing(topic, b"2")])
    finally:
        bus.close()
    assert values(read(real.bus().join("g", [topic]), 1)) == [2]


def test_several_threads_publish_at_once(line: Line) -> None:
    topic, bus = line.topic(partitions=4), line.bus()

    def publish(partition: int) -> None:
        for i in range(20):
            bus.publish([Outgoing(topic, str(i).encode(), partition=partition)])

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = read(bus.join("g", [topic]), 80)
    for number in range(4):
        mine = [record for record in found if record.partition == number]
        assert values(mine) == list(range(20))


# Reading in a group


def test_a_new_group_begins_with_the_oldest_message(line: Line) -> None:
    topic, bus = line.topic(), line.bus()
    bus.publish(numbered(topic, 3))
    assert values(read(bus.join("a", [topic]), 3)) == [0, 1, 2]
    assert values(read(bus.join("b", [topic]), 3)) == [0, 1, 2], "groups do not share"


def test_a_poll_gives_no_more_than_was_asked_for(line: Line) -> None:
    topic, bus = line.topic(), line.bus()
    bus.publish(numbered(topic, 5))
    reader = bus.join("g", [topic])
    assert values(read(reader, 1)) == [0]
    assert values(reader.poll(2, 1)) == [1]
    assert values(reader.poll(2, 2)) == [2, 3]


def test_a_poll_that_does_not_wait_gets_what_has_come(line: Line) -> None:
    topic, bus = line.topic(), line.bus()
    reader, follower = bus.join("g", [topic]), bus.follow([topic])
    for _ in range(200):
        reader.poll(0)
        time.sleep(line.patience / 100)
    bus.publish(numbered(topic, 2))
    for one in (reader, follower):
        found: list[Record] = []
        until(lambda one=one, found=found: found.extend(one.poll(0)) or len(found) == 2)
        assert values(found) == [0, 1]


def test_what_was_not_committed_is_read_again(line: Line) -> None:
    topic, bus = line.topic(), line.bus()
    bus.publish(numbered(topic, 5))
    first = bus.join("g", [topic])
    records = read(first, 4)
    first.commit(records[1])
    first.close()
    assert values(read(bus.join("g", [topic]), 3)) == [2, 3, 4]


def test_two_members_share_and_keep_their_partitions(line: Line) -> None:
    topic, bus = line.topic(partitions=6), line.bus()
    news: list[tuple[int, int]] = []
    every = {(topic, number) for number in range(6)}
    with Member(bus, topic, lambda given, lost: news.append((len(given), len(lost)))) as one:
        until(shared(one, share=6))
        with Member(bus, topic) as two:
            until(shared(one, two, share=3))
            assert one.held | two.held == every
            assert news == [(6, 0), (0, 3)], "it kept three without a break"
        until(shared(one, share=6))
        assert one.held == every


def test_members_that_come_at_once_share_too(line: Line) -> None:
    topic, bus = line.topic(partitions=4), line.bus()
    with ExitStack() as stack:
        members = [stack.enter_context(Member(bus, topic)) for _ in range(4)]
        until(shared(*members, share=1))
        bus.publish([Outgoing(topic, b"1", partition=number) for number in range(4)])
        until(lambda: all(len(member.records) == 1 for member in members), "one was left out")


def test_a_member_that_leaves_hands_its_unfinished_work_over(line: Line) -> None:
    topic, bus = line.topic(partitions=2), line.bus()
    with Member(bus, topic, commits=True) as one, Member(bus, topic) as two:
        until(shared(one, two, share=1))
        bus.publish([Outgoing(topic, str(number).encode(), partition=number) for number in (0, 1)])
        until(lambda: len(one.records) == len(two.records) == 1)
        two.leave()
        until(lambda: len(one.records) == 2, "nobody did the work of the one who left")
        assert sorted(values(one.records)) == [0, 1]


def test_a_rebalance_repeats_nothing_that_was_committed(line: Line) -> None:
    topic, bus = line.topic(partitions=6), line.bus()
    total = 1_200
    with ExitStack() as stack:
        members = [stack.enter_context(Member(bus, topic, commits=True))]
        for first in range(0, total, 100):
            batch = range(first, first + 100)
            bus.publish([Outgoing(topic, str(i).encode(), partition=i % 6) for i in batch])
            if first in {200, 400}:
                members.append(stack.enter_context(Member(bus, topic, commits=True)))
            if first == 800:
                members[1].leave()
            time.sleep(line.patience / 4)  # so that work goes on while partitions move
        until(lambda: sum(len(member.records) for member in members) >= total)
        done = [value for member in members for value in values(member.records)]
    assert sorted(done) == list(range(total)), "finished work was done again"


def test_a_paused_member_gets_nothing_however_partitions_move(line: Line) -> None:
    topic, bus = line.topic(partitions=2), line.bus()
    with Member(bus, topic) as one, Member(bus, topic) as two:
        until(shared(one, two, share=1))
        one.call(lambda reader: reader.pause())
        two.leave()
        until(shared(one, share=2))  # the second partition came while it was paused
        bus.publish([Outgoing(topic, str(number).encode(), partition=number) for number in (0, 1)])
        time.sleep(line.patience)
        assert not one.records
        one.call(lambda reader: reader.resume())
        until(lambda: len(one.records) == 2)
        assert sorted(values(one.records)) == [0, 1]


def test_work_longer_than_the_poll_interval_is_not_repeated(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.chassis.bus.kafka_reading.POLL_INTERVAL_MS", 2_000)
    topic, bus = line.topic(partitions=2), line.bus()
    with Member(bus, topic) as one, Member(bus, topic) as two:
        until(shared(one, two, share=1))
        mine = one.held
        ((_, number),) = mine
        bus.publish([Outgoing(topic, b"0", partition=number)])
        until(lambda: len(one.records) == 1)
        one.call(lambda reader: reader.pause())
        time.sleep(3 * line.patience)  # the work, in another process
        assert one.held == mine
        assert not two.records, "the other member was given work in progress"
        one.call(lambda reader: reader.commit(one.records[0]))
        one.leave()
        until(shared(two, share=2))
        time.sleep(line.patience)
        assert not two.records, "committed work came again"


def test_a_reader_that_knows_better_goes_on_where_it_says(line: Line) -> None:
    topic, bus = line.topic(partitions=2), line.bus()
    bus.publish([Outgoing(topic, str(i).encode(), partition=i % 2) for i in range(10)])
    offsets = {(topic, 0): 3, (topic, 1): 5}

    def look_up(given: frozenset[Partition], lost: frozenset[Partition]) -> None:
        for own in given:
            reader.seek(*own, offsets[own])

    reader = bus.join("g", [topic], look_up)
    assert values(read(reader, 2, seconds=10)) == [6, 8], "partition 1 is done, 0 stands at 3"
    assert reader.position(topic, 0) == 5
    assert dict(reader.end_offsets()) == {(topic, 0): 5, (topic, 1): 5}
    bus.publish([Outgoing(topic, b"10", partition=0)])
    assert dict(reader.end_offsets()) == {(topic, 0): 6, (topic, 1): 5}, "asked of the broker now"


def test_a_reader_that_could_not_look_up_its_offsets_is_asked_again(line: Line) -> None:
    topic, bus = line.topic(), line.bus()
    bus.publish(numbered(topic, 4))
    answers: list[Exception | None] = [Transient("the database is away"), None]

    def look_up(given: frozenset[Partition], lost: frozenset[Partition]) -> None:
        if error := answers.pop(0):
            raise error
        reader.seek(topic, 0, 2)

    reader = bus.join("g", [topic], look_up)
    with pytest.raises(Transient):
        read(reader, 1)
    assert values(read(reader, 2)) == [2, 3]


def test_a_partition_of_somebody_else_has_no_position(line: Line) -> None:
    topic, bus = line.topic(partitions=2), line.bus()
    with Member(bus, topic) as one, Member(bus, topic) as two:
        until(shared(one, two, share=1))
        ((_, foreign),) = two.held
        with pytest.raises(ValueError, match="is not read here"):
            one.call(lambda reader: reader.seek(topic, foreign, 0))
        with pytest.raises(ValueError, match="is not read here"):
            one.call(lambda reader: reader.position(topic, foreign))


# Following


def test_followers_read_everything_each(line: Line) -> None:
    topic, bus = line.topic(partitions=3), line.bus()
    bus.publish([Outgoing(topic, str(i).encode(), partition=i % 3) for i in range(3)])
    late, early = bus.follow([topic]), bus.follow([topic], from_end=False)
    bus.publish([Outgoing(topic, str(i).encode(), partition=i % 3) for i in range(3, 6)])
    assert sorted(values(read(late, 3))) == [3, 4, 5], "from now on"
    assert sorted(values(read(early, 6))) == [0, 1, 2, 3, 4, 5], "from the beginning"
    late.close()
    early.close()


def test_everybody_finds_partitions_that_come_later(
    real: KafkaLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.chassis.bus.kafka_reading.METADATA_MS", 500)
    monkeypatch.setattr("services.chassis.bus.kafka_client.METADATA_MS", 500)
    topic, bus = real.topic(), real.bus()
    with Member(bus, topic) as one:
        follower = bus.follow([topic])
        until(shared(one, share=1))
        apply_topics(real.settings, {topic: replace(real.topics[topic], partitions=3)})
        until(shared(one, share=3))
        bus.publish([Outgoing(topic, b"7", partition=2)])
        assert values(read(follower, 1)) == [7]
        until(lambda: values(one.records) == [7])


# Trouble


OTHER_MEMBER = """
import sys
from services.chassis.bus.kafka import KafkaBus
from services.chassis.settings import BusSettings

topic, session_ms, commits = sys.argv[1:]
reader = KafkaBus(BusSettings.read(session_timeout_ms=session_ms)).join("g", [topic])
while True:
    for record in reader.poll(0.1, 1):
        if record.value.decode() in commits.split():
            reader.commit(record)
        print(record.value.decode(), flush=True)
"""


@contextmanager
def other_member(line: KafkaLine, topic: str, commits: str) -> Iterator[subprocess.Popen[str]]:
    """A member in a process of its own, which says what it reads and commits some of it."""
    command = [sys.executable, "-c", OTHER_MEMBER, topic, str(SESSION_MS), commits]
    environment = {**os.environ, "ROSTRUM_BROKERS": ",".join(line.settings.brokers)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def heard(child: subprocess.Popen[str]) -> int:
    assert child.stdout
    return int(child.stdout.readline())


def test_a_killed_members_work_goes_to_another(real: KafkaLine) -> None:
    topic, bus = real.topic(), real.bus()
    bus.publish(numbered(topic, 4))
    with other_member(real, topic, commits="0") as child:
        assert [heard(child), heard(child)] == [0, 1]
        child.kill()
    died = time.monotonic()
    assert values(read(bus.join("g", [topic]), 3, seconds=30)) == [1, 2, 3]
    assert time.monotonic() - died < SESSION_MS / 1000 + 4, "it was held for alive too long"


def test_a_member_that_was_stopped_for_long_takes_part_again(real: KafkaLine) -> None:
    topic, bus = real.topic(), real.bus()
    bus.publish(numbered(topic, 2))
    with other_member(real, topic, commits="0 1 3") as child:
        assert [heard(child), heard(child)] == [0, 1]
        child.send_signal(signal.SIGSTOP)
        with Member(bus, topic, commits=True) as instead:
            until(shared(instead, share=1))
            bus.publish(numbered(topic, 1, first=2))
            until(lambda: values(instead.records) == [2])
            child.send_signal(signal.SIGCONT)
            time.sleep(real.patience)
        bus.publish(numbered(topic, 1, first=3))
        again = heard(child)  # before it hears that it was given up: its attempt is fenced
        assert again == 3 or (again, heard(child)) == (2, 3), "it never found back"


@dataclass
class Outage:
    """The broker goes and comes back."""

    begin: Callable[[], None]
    end: Callable[[], None]


@pytest.fixture
def outage(line: Line, request: pytest.FixtureRequest) -> Iterator[Outage]:
    if isinstance(line, TwinLine):
        yield Outage(line.shared.outage, lambda: line.shared.outage(away=False))
    else:
        server: KafkaServer = request.getfixturevalue("kafka")
        yield Outage(server.kill, server.start)
        server.start()


UNSURE = 99  # published during the outage: it may be there or not


def known(records: list[Record]) -> list[int]:
    return [value for value in values(records) if value != UNSURE]


def test_an_outage_loses_nothing_and_the_same_bus_goes_on(line: Line, outage: Outage) -> None:
    topic, bus = line.topic(partitions=2), line.bus()
    reader, follower = bus.join("g", [topic]), bus.follow([topic])
    bus.publish(numbered(topic, 4, partition=0))
    assert values(read(follower, 4)) == [0, 1, 2, 3]
    records = read(reader, 4)
    assert bus.healthy()
    outage.begin()
    reader.commit(records[1])  # kept, and said later
    with pytest.raises(Transient, match="BUS_UNAVAILABLE"):
        bus.publish(numbered(topic, 1, first=UNSURE), timeout_seconds=1)
    with pytest.raises(Transient, match="BUS_UNAVAILABLE"):
        reader.end_offsets()
    assert not bus.healthy()
    assert not reader.poll(0.3)
    assert not follower.poll(0.3)
    outage.end()
    bus.publish(numbered(topic, 4, first=4, partition=0), timeout_seconds=30)
    until(bus.healthy)
    assert known(read(reader, 5, 2 * line.patience)) == [4, 5, 6, 7], "each once, in order"
    assert known(read(follower, 5, line.patience)) == [4, 5, 6, 7]
    reader.close()
    again = read(bus.join("g", [topic]), 7, 4 * line.patience)
    assert known(again) == [2, 3, 4, 5, 6, 7], "the commit was kept"


def test_nothing_acknowledged_is_lost_when_the_broker_is_killed(
    real: KafkaLine, kafka: KafkaServer
) -> None:
    topic, bus = real.topic(), real.bus()
    total, acknowledged = 600, 0

    def publish() -> None:
        nonlocal acknowledged
        while acknowledged < total:
            with suppress(Transient):  # sent again, as the outbox does
                bus.publish(numbered(topic, 20, first=acknowledged), timeout_seconds=20)
                acknowledged += 20
            time.sleep(0.01)

    publisher = threading.Thread(target=publish)
    publisher.start()
    until(lambda: acknowledged > total / 4)
    kafka.kill()
    kafka.start()
    publisher.join(60)
    assert acknowledged == total
    with Member(bus, topic) as one:
        until(lambda: len(set(values(one.records))) == total)
        first_deliveries = list(dict.fromkeys(values(one.records)))
    assert first_deliveries == list(range(total)), "they came out of order"


def test_the_bus_and_its_readers_wait_for_a_broker_that_is_not_there_yet(
    kafka: KafkaServer,
) -> None:
    settings = BusSettings.read(brokers="127.0.0.1:1", session_timeout_ms=SESSION_MS)
    bus = KafkaBus(settings)
    before = threading.active_count()
    for _ in range(2):
        with pytest.raises(Transient, match="BUS_UNAVAILABLE"):
            bus.publish([Outgoing("rostrum.control", b"1")], timeout_seconds=0.2)
        with pytest.raises(Transient, match="BUS_UNAVAILABLE"):
            bus.follow(["rostrum.control"])
        assert not bus.join("g", ["rostrum.control"]).poll(0.2)
    assert not bus.healthy()
    assert threading.active_count() == before, "each attempt left a thread behind"
    bus.close()


def test_a_member_knows_how_long_the_broker_has_been_silent(line: Line, outage: Outage) -> None:
    topic, bus = line.topic(), line.bus()
    patience = line.patience * 1.5
    with Member(bus, topic) as one:
        until(shared(one, share=1))
        assert one.reader.quiet_seconds() < patience
        outage.begin()
        until(lambda: one.reader.quiet_seconds() > patience)
        outage.end()
        until(lambda: one.reader.quiet_seconds() < patience)
