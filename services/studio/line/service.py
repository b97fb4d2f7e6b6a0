"""One of our services as a process of the line: begun, asked whether it is ready, ended."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from services.studio.line.plan import Seat, moved
from services.studio.servers.processes import TAIL_BYTES, Server

LOOK_SECONDS: Final = 2.0


class Service(Server):
    """A process of ours; its log and scratch folder lie in the line's folder."""

    def __init__(self, seat: Seat, folder: Path, shared: Mapping[str, str]) -> None:
        super().__init__(folder / "logs", seat.port)
        self.name = seat.name
        self.seat = seat
        self._place = folder
        self._shared = shared
        self._said_before = 0

    def begin(self) -> None:
        """Start it and return at once; `ready` says when it can work."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._said_before = self.log.stat().st_size if self.log.exists() else 0
        self._process = self._spawn()

    def said(self) -> str:
        """Return the end of what its last process has said."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(self._said_before, self.log.stat().st_size - TAIL_BYTES))
                return log.read().decode(errors="replace").strip()
        except OSError:
            return ""

    def give_way(self) -> bool:
        """Move to other ports where somebody else took them; return whether that is of use."""
        taken = "ADDRESS_UNUSABLE" in self.said()
        if taken and self.seat.movable:
            self.seat = moved(self.seat)
            self.port = self.seat.port
        return taken and self.seat.movable

    def ready(self) -> bool:
        """Whether it says of itself that it can work."""
        return self._answers()

    def ask_to_end(self) -> None:
        """Have it drain and end, and return at once."""
        if self._process is not None and self.running:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)

    def end_of(self) -> str:
        """Return how its last process ended, for a person."""
        code = None if self._process is None else self._process.returncode
        if code is not None and code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with code {code}"

    def sweep(self) -> None:
        """End whatever a dead process has left behind."""
        if self._process is not None and not self.running:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _prepare(self) -> None:
        pass

    def _command(self) -> Sequence[str | Path]:
        return [sys.executable, "-m", f"services.{self.seat.service}"]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.seat.environment(self._shared, self._place)}

    def _answers(self) -> bool:
        connection = HTTPConnection(self.seat.ops_address, timeout=LOOK_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
