"""A worker of the tiny stage as a process of its own: `python -m tests.contract.line_worker`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from services.chassis.bus import Record
from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_reading import KafkaGroupReader
from services.chassis.crew import Crew
from services.chassis.scratch import Scratch
from services.chassis.settings import BusSettings
from services.chassis.telemetry import logs
from services.chassis.telemetry.metrics import Metrics
from services.chassis.worker import Pace, Worker
from tests.unit.chassis import tiny


def main(brokers: str, folder: Path, name: str, dies_at_commit: bool) -> None:
    """Work until SIGTERM; where it is asked to, die instead of the first commit."""
    logs.set_up("lipsync")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if dies_at_commit:
        KafkaGroupReader.commit = die  # type: ignore[method-assign]
    metrics = Metrics("lipsync")
    bus = KafkaBus(BusSettings.read(brokers=brokers, session_timeout_ms=6_000))
    with (
        Scratch(folder / name) as scratch,
        Crew("lipsync", tiny.setup(folder, scratch.folder), metrics) as crew,
        Worker(crew, bus, metrics, name, Pace(progress_seconds=0.5)) as worker,
    ):
        stop.wait()
        worker.drain(10.0)
    bus.close()


def die(_reader: KafkaGroupReader, _record: Record) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], "dies-at-commit" in sys.argv)
