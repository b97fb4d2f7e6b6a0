"""The broker's clock is believed, also where it was set back."""

from rostrum.director.v1.line_pb2 import WorkerStatus

from services.director.line.broker import Broker
from services.director.line.workers import Workers
from tests.unit.director.line.floor import Clock

LEASE_MS = 5_000
HOUR_MS = 3_600_000


def test_a_clock_that_was_set_back_is_followed_before_a_lease_is_over() -> None:
    clock = Clock()
    broker = Broker(clock, LEASE_MS)
    broker.stamp(2 * HOUR_MS)
    for second in range(1, 5):
        clock.now += 1.0
        broker.stamp(HOUR_MS + second * 1000)
    assert broker.now_ms() == HOUR_MS + 4_000


def test_a_record_that_was_read_late_does_not_set_the_clock_back() -> None:
    clock = Clock()
    broker = Broker(clock, LEASE_MS)
    broker.stamp(HOUR_MS)
    clock.now += 1.0
    broker.stamp(HOUR_MS - 60_000)
    assert broker.now_ms() == HOUR_MS + 1_000


def test_a_worker_is_heard_after_the_clock_was_set_back() -> None:
    workers = Workers(silence_ms=3_000)
    workers.hear(WorkerStatus(worker="w", stage="speech", free_slots=1), 2 * HOUR_MS)
    workers.hear(WorkerStatus(worker="w", stage="speech", free_slots=1), HOUR_MS)
    (worker,) = workers.alive(HOUR_MS, "speech")
    assert (worker.heard_ms, worker.idle_ms) == (HOUR_MS, HOUR_MS)
    assert workers.alive(HOUR_MS + 4_000, "speech") == []
