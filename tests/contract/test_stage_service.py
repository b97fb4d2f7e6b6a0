"""A stage's process with both its doors open: Kafka and gRPC over one work slot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rostrum.director.v1 import line_pb2 as pb
from rostrum.lipsync.v1 import lipsync_pb2

from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_topics import apply_topics
from services.chassis.envelope import unwrap, wrap
from services.chassis.keys import task_key
from services.chassis.settings import BusSettings
from services.chassis.store import Store, digest_of
from services.chassis.topics import REPORTS, tasks_of
from services.lipsync import engines, stage
from tests.contract.running import running
from tests.contract.test_doors import call

LEFT_AFTER_SECONDS = 15.0
"""Without a broker a process that is told to end is gone by then."""


@pytest.fixture
def bus(kafka) -> Iterator[KafkaBus]:
    settings = BusSettings(brokers=(kafka.address,))
    apply_topics(settings)
    bus = KafkaBus(settings)
    yield bus
    bus.close()


def order(bus: KafkaBus, request: lipsync_pb2.SyncRequest, fingerprint: str) -> str:
    key = task_key("house", request, fingerprint)
    task = pb.Task(key=key, video_id="ab" * 16, team="house", attempt=1, fingerprint=fingerprint)
    task.request.Pack(request)
    bus.publish([wrap(tasks_of("lipsync"), task, id=key, source="test", key=key, partition=0)])
    return key


def reports_on(bus: KafkaBus, key: str, seconds: float = 30) -> list[pb.Report]:
    follower = bus.follow([REPORTS.name], from_end=False)
    found: list[pb.Report] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and not any(each.HasField("finished") for each in found):
        for record in follower.poll(0.5):
            report = unwrap(record).message
            if report.key == key:
                found.append(report)
    follower.close()
    return found


def test_the_line_and_a_caller_get_the_same_bytes(kafka, bus: KafkaBus, tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path, "house")
    request, engine = stage.probe(store), engines.load()
    with running("lipsync", tmp_path, brokers=kafka.address) as service:
        key = order(bus, request, engine.fingerprint(request))
        kinds = [each.WhichOneof("event") for each in reports_on(bus, key)]
        assert [kinds[0], kinds[-1]] == ["started", "finished"]
        standing = store.result(key)
        assert standing is not None
        assert digest_of(call(service.address, request).SerializeToString()) == digest_of(standing)
        assert service.probe("/readyz") == 200
        assert service.stop() == 0


def test_without_a_broker_callers_are_served_and_the_end_is_quick(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path, "house")
    request = stage.probe(store)
    with running("lipsync", tmp_path, brokers="127.0.0.1:9") as service:
        expected = stage.sync(request, store, engines.load())
        assert call(service.address, request) == expected
        assert (service.probe("/livez"), service.probe("/readyz")) == (200, 503)
        began = time.monotonic()
        assert service.stop(LEFT_AFTER_SECONDS + 5) == 0
        assert time.monotonic() - began < LEFT_AFTER_SECONDS


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with running("lipsync", tmp_path, brokers="127.0.0.1:9") as service:
        service.process.terminate()
        time.sleep(0.05)
        service.process.terminate()
        assert service.process.wait(10) in (0, 128 + 15), "an operator in a hurry"
