"""Prometheus, where Debian's package is installed: it gathers what the services measure."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from services.studio.servers.installing import program
from services.studio.servers.processes import Server, listens

REMEDY: Final = "Debian: apt install prometheus"
EVERY_SECONDS: Final = 5


class PrometheusServer(Server):
    """Asks each service for its /metrics and answers queries on loopback."""

    name = "prometheus"

    def __init__(self, folder: Path, targets: Sequence[str], port: int | None = None) -> None:
        """targets: host and port of each service's ops door."""
        super().__init__(folder, port)
        self.targets = [*targets]

    @staticmethod
    def present() -> bool:
        """Return whether it is installed here."""
        return shutil.which("prometheus") is not None

    @property
    def url(self) -> str:
        """Its page, for a person."""
        return f"http://{self.address}"

    def _prepare(self) -> None:
        job = {"job_name": "rostrum", "static_configs": [{"targets": self.targets}]}
        rules = {"global": {"scrape_interval": f"{EVERY_SECONDS}s"}, "scrape_configs": [job]}
        self._settings.write_text(yaml.safe_dump(rules), encoding="utf-8")

    def _command(self) -> list[str | Path]:
        return [
            program("prometheus", REMEDY),
            f"--config.file={self._settings}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address={self.address}",
        ]

    def _answers(self) -> bool:
        return listens(self.port)

    @property
    def _settings(self) -> Path:
        return self.folder / "prometheus.yml"
