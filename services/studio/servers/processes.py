"""A server as a child process: started, watched until it answers, killed, started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import randrange
from typing import Final, Self

from services.studio.servers.installing import program
from services.studio.servers.trouble import Unavailable

START_SECONDS: Final = 180.0
"""On a machine that is busy with other things, too."""
STOP_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 0.1
TAIL_BYTES: Final = 3000
PORTS: Final = (20000, 32768)


class Server(ABC):
    """A server with a folder of its own on a loopback port; both stay over restarts.

    It leads a session of its own, and the kernel ends it with the thread that started it: start
    it from one that lives as long as it is wanted.
    """

    name: str
    """As messages and the log call it."""
    death = signal.SIGKILL
    """What the kernel sends it when we die."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the server says; it grows over restarts."""
        return self.folder / f"{self.name}.log"

    @property
    def process_id(self) -> int:
        """Its process, which is its session too. Raises RuntimeError where it was never started."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self, seconds: float = START_SECONDS) -> None:
        """Start it, again if need be, and return when it answers.

        Raises Unavailable with the end of its log where it does not, within `seconds`.
        """
        if self.running:
            return
        if listens(self.port):
            raise Unavailable(f"{self.name}: somebody else listens on {self.address}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._prepare()
        deadline = time.monotonic() + seconds
        self._process = self._spawn()
        while not self._answers():
            if self._process.poll() is not None:
                raise self._failed(f"ended with code {self._process.returncode}")
            if time.monotonic() > deadline:
                self.kill()
                raise self._failed(f"did not answer on {self.address} within {seconds:.0f} s")
            time.sleep(PAUSE_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end; where it does not within 30 s, kill it."""
        self._end(signal.SIGTERM)

    @abstractmethod
    def _prepare(self) -> None:
        """Install it, and write what it needs in its folder; whatever is there already stays."""

    @abstractmethod
    def _command(self) -> Sequence[str | Path]:
        """Return the program to run and its arguments."""

    @abstractmethod
    def _answers(self) -> bool:
        """Return whether it does its work; asked again and again while it starts."""

    def _identity(self) -> Sequence[str]:
        """Return as whom it runs, as options of setpriv; empty: as us."""
        return ()

    def _environment(self) -> dict[str, str]:
        """Return the variables it runs with."""
        return dict(os.environ)

    def _spawn(self) -> subprocess.Popen[bytes]:
        setpriv = program("setpriv", "Debian: apt install util-linux")
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    setpriv,
                    *self._identity(),
                    f"--pdeathsig={self.death.name.removeprefix('SIG')}",
                    *map(str, self._command()),
                ],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, how)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # whatever it has left behind

    def _failed(self, what: str) -> Unavailable:
        return Unavailable(f"{self.name} {what}; its log {self.log} ends:\n{self._last_words()}")

    def _last_words(self) -> str:
        """Return what of its log tells why it failed."""
        return self.log.read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip()


def free_port() -> int:
    """Return a loopback port that nobody listens on now.

    It lies below the ports that the kernel hands out itself: while a server is away, no client's
    own end may take its port, or even connect to itself there.
    """
    while True:
        port = randrange(*PORTS)  # noqa: S311  # nobody need be surprised
        with socket.socket() as server, suppress(OSError):
            server.bind(("127.0.0.1", port))
            return port


def processor_seconds(parent: int, name: str) -> float:
    """Return what a process' children took of processors, of those that were called with a name."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            said = (path / "stat").read_text(encoding="utf-8", errors="replace")
            fields = said.rpartition(")")[2].split()
            if int(fields[1]) == parent and name.encode() in (path / "cmdline").read_bytes():
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def listens(port: int) -> bool:
    """Return whether somebody accepts connections on a loopback port."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
