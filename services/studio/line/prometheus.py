"""Prometheus, where Debian's package is installed: it reads every service's ops port."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import yaml

from services.studio.line.plan import Seat
from services.studio.servers.installing import program
from services.studio.servers.processes import Server, listens


class Prometheus(Server):
    """Keeps two weeks of a line's metrics."""

    name = "prometheus"

    def __init__(self, folder: Path, seats: Sequence[Seat], port: int | None = None) -> None:
        super().__init__(folder, port)
        self._seats = seats

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://{self.address}"

    def _prepare(self) -> None:
        self._config.write_text(yaml.safe_dump(config(self._seats)), encoding="utf-8")

    def _command(self) -> Sequence[str | Path]:
        return [
            program("prometheus", "Debian: apt install prometheus"),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address={self.address}",
            "--storage.tsdb.retention.time=14d",
        ]

    def _answers(self) -> bool:
        return listens(self.port)

    @property
    def _config(self) -> Path:
        return self.folder / "prometheus.yml"


def is_installed() -> bool:
    """Return whether there is a Prometheus on this machine."""
    return shutil.which("prometheus") is not None


def config(seats: Sequence[Seat]) -> dict[str, object]:
    """Return what Prometheus is told: one target for each process."""
    targets = [
        {"targets": [seat.ops_address], "labels": {"service": seat.service, "process": seat.name}}
        for seat in seats
    ]
    return {
        "global": {"scrape_interval": "5s"},
        "scrape_configs": [{"job_name": "rostrum", "static_configs": targets}],
    }
