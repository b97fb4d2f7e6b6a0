"""A whole production line on this machine, of real processes, made to be broken."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from services.chassis.bus.kafka_topics import apply_topics
from services.chassis.errors import Transient
from services.chassis.settings import BusSettings
from services.chassis.store import Store
from services.studio.servers.kafka import KafkaServer
from services.studio.servers.postgres import PostgresServer
from services.studio.servers.processes import Server, free_port
from tests.chaos.processes import ROOT, Service
from tests.chaos.synthetic import NOTES, STAGES

TEAM: Final = "house"
START_SECONDS: Final = 180.0
STOP_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Build:
    """Which programs a line is made of; {stage} stands for a stage's word."""

    director: tuple[str, ...] = ("services.director",)
    worker: tuple[str, ...] = ("tests.chaos.stage", "{stage}")


WHOLE: Final = Build()
"""The product's director, and synthetic stages behind the product's worker."""
REAL: Final = Build(worker=("services.{stage}",))
"""The product alone."""
ACK_FIRST: Final = Build(
    director=("tests.chaos.director", "trusting"), worker=("tests.chaos.stage", "{stage}", "hasty")
)
"""Broken: offsets are committed when a task is fetched, and nobody looks whether it was begun."""
UNFENCED: Final = Build(director=("tests.chaos.director", "unfenced"))
"""Broken: what a worker says of an attempt that is long over counts."""


class Line:
    """Servers, directors and workers of a line; entered, it works."""

    def __init__(
        self,
        folder: Path,
        build: Build = WHOLE,
        *,
        directors: int = 2,
        workers: Mapping[str, int] = MappingProxyType({}),
        lease_seconds: float = 5.0,
    ) -> None:
        """workers: how many of a stage; one where it is not said."""
        self.folder = folder
        self.lease_seconds = lease_seconds
        self.kafka = KafkaServer(folder / "kafka")
        self.postgres = PostgresServer(folder / "postgres")
        self.notes = folder / "notes"
        self.scratch = folder / "scratch"
        self.doors = [f"127.0.0.1:{free_port()}" for _ in range(directors)]
        logs = folder / "logs"
        self.directors = [
            Service(
                f"director-{number}",
                build.director,
                {**self.settings, "ROSTRUM_LISTEN": door},
                logs,
            )
            for number, door in enumerate(self.doors)
        ]
        self.workers = [
            Service(
                f"{stage}-{number}",
                [part.format(stage=stage) for part in build.worker],
                self.settings,
                logs,
            )
            for stage in STAGES
            for number in range(workers.get(stage, 1))
        ]

    def __enter__(self) -> Self:
        for folder in (self.folder / "logs", self.folder / "store", self.notes, self.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.callback(self._end)
            self.postgres.start(START_SECONDS)
            self.kafka.start(START_SECONDS)
            self._apply_topics()
            self._migrate()
            stack.pop_all()  # it stands: from now on it ends when it is left
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        for service in self.services:
            service.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for service in self.services:
            service.wait(max(deadline - time.monotonic(), 0.1))
        self.kafka.kill()
        self.postgres.stop()

    @property
    def services(self) -> list[Service]:
        """Everything of ours that runs."""
        return [*self.directors, *self.workers]

    @property
    def settings(self) -> dict[str, str]:
        """What every service of the line is told."""
        lease = self.lease_seconds
        return {
            "ROSTRUM_BROKERS": self.kafka.address,
            "ROSTRUM_STORE_URL": f"file://{self.folder / 'store'}",
            "ROSTRUM_DATABASE_URL": self.postgres.url,
            "ROSTRUM_TEAM": TEAM,
            "ROSTRUM_SESSION_TIMEOUT_MS": "6000",
            "ROSTRUM_LEASE_SECONDS": str(lease),
            "ROSTRUM_PROGRESS_SECONDS": str(lease / 5),
            "ROSTRUM_DRAIN_SECONDS": "10",
            NOTES: str(self.notes),
            "TMPDIR": str(self.scratch),
        }

    @property
    def bus_settings(self) -> BusSettings:
        """How to reach the broker."""
        return BusSettings.read(brokers=(self.kafka.address,))

    @property
    def store(self) -> Store:
        """The team's store."""
        return Store.in_folder(self.folder / "store", TEAM)

    def restart(self, server: Server) -> None:
        """Start a server again that was killed. Raises RuntimeError where its data are gone.

        It would make itself new ones, and everything after would only be hard to understand.
        """
        if not (server.folder / "data").is_dir():
            raise RuntimeError(f"somebody has removed {server.folder}/data while this run needs it")
        server.start(START_SECONDS)

    def keep_up(self) -> None:
        """Start again whatever has ended."""
        for service in self.services:
            service.keep_up()

    def surprises(self) -> list[str]:
        """Return which processes have ended though nobody ended them."""
        return [said for service in self.services for said in service.surprises]

    def bugs(self) -> list[str]:
        """Return what processes have said of exceptions that nobody foresaw."""
        return [said for service in self.services for said in service.bugs()]

    def _apply_topics(self) -> None:
        """Make the topics; a broker that hardly gets the processor takes several tries."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                apply_topics(self.bus_settings)
            except Transient:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def _migrate(self) -> None:
        command = [sys.executable, "-m", "services.studio", "migrate"]
        subprocess.run(
            [*command, "--database", self.postgres.url],
            cwd=ROOT, check=True, timeout=START_SECONDS, stdout=subprocess.DEVNULL,
        )  # fmt: skip
