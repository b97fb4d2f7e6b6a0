"""Deliveries that come twice, and out of order: records published again, as they were."""

from __future__ import annotations

import random
import threading
from typing import Final, Self

from services.chassis.bus import Bus, Follower, Outgoing, Record
from services.chassis.bus.kafka import KafkaBus
from services.chassis.errors import Transient
from services.chassis.settings import BusSettings
from services.chassis.topics import REPORTS, tasks_of
from tests.chaos.synthetic import STAGES

SHARE: Final = 0.1
"""Of all records that come again."""
HELD: Final = 100
"""So many are kept back at most, to come again in any order."""
POLL_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 1.0


class Noise:
    """Publishes some of the line's own records again: at once, or late and shuffled."""

    def __init__(self, settings: BusSettings, seed: int) -> None:
        self._settings = settings
        self._chance = random.Random(seed)
        self._held: list[Outgoing] = []
        self._known: set[bytes] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="noise", daemon=True)
        self.count = 0
        """Records that were published again."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Publish what is held, and no more."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        bus = KafkaBus(self._settings)
        topics = [REPORTS.name, *(tasks_of(stage).name for stage in STAGES)]
        try:
            follower = self._follow(bus, topics)
            while follower is not None and not self._end.is_set():
                try:
                    self._repeat(bus, follower)
                except Transient:
                    self._end.wait(PAUSE_SECONDS)
            self._release(bus)
        finally:
            bus.close()

    def _follow(self, bus: KafkaBus, topics: list[str]) -> Follower | None:
        while not self._end.is_set():
            try:
                return bus.follow(topics)
            except Transient:
                self._end.wait(PAUSE_SECONDS)
        return None

    def _repeat(self, bus: Bus, follower: Follower) -> None:
        for record in follower.poll(POLL_SECONDS):
            if self._is_new(record) and self._chance.random() < SHARE:
                self._held.append(_again(record))
        if len(self._held) >= self._chance.randint(1, HELD):
            self._release(bus)

    def _release(self, bus: Bus) -> None:
        """Publish what is held in any order; what the broker does not take is lost: it is noise."""
        held, self._held = self._held, []
        self._chance.shuffle(held)
        try:
            bus.publish(held, timeout_seconds=5)
        except Transient:
            return
        self.count += len(held)

    def _is_new(self, record: Record) -> bool:
        """Return whether it was not published again before: noise makes no noise."""
        name = dict(record.headers).get("ce_id", b"")
        known = name in self._known
        self._known.add(name)
        return not known


def _again(record: Record) -> Outgoing:
    return Outgoing(record.topic, record.value, record.key, record.partition, record.headers)
