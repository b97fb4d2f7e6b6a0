"""A production line as a person starts it, with the commands that talk to it and its processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tests.e2e.conftest import Rostrum

START_SECONDS: Final = 480.0
"""The first start of all fetches Kafka; and the machine may be busy."""
STOP_SECONDS: Final = 60.0
WORDS: Final = {"director": b"services.director", "Kafka": b"kafka.Kafka", "PostgreSQL": b"-D"}
"""What only their command lines say; the others are known by their names as workers."""


class Line(Rostrum):
    """A line that runs."""

    def __init__(
        self, home: Path, settings: Mapping[str, str] = MappingProxyType({}), *options: str
    ) -> None:
        """settings: variables beside ours, for every process. options: of `rostrum line`."""
        super().__init__(home)
        self.settings = settings
        self.process = self.start("line", "--port", "0", *options)

    @property
    def doors(self) -> dict[str, Any]:
        """Where everything is."""
        found: dict[str, Any] = json.loads((self.home / "line" / "doors.json").read_text())
        return found

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.settings}

    def wait(self) -> None:
        """Return when it is ready."""
        deadline = time.monotonic() + START_SECONDS
        while not (self.home / "line" / "doors.json").exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, "the line is not ready"
            time.sleep(0.2)

    def processes(self) -> dict[int, list[bytes]]:
        """Return what runs of it: the words of each one's command line, by its id."""
        found = {}
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and str(self.home).encode() in (
                    (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                ):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().split(b"\0")
        return found

    def find(self, name: str) -> int | None:
        """Return the process that the line calls so: "director", "compositing-2", "Kafka" …."""
        return next((each for each in children(self.process.pid) if name_of(each) == name), None)

    def stop(self) -> str:
        """Have it drain, and return all that it said."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=STOP_SECONDS)
        assert self.process.returncode == 0, out + err
        return out

    def end(self) -> None:
        """End it at once, if it still runs, and remove its database, which may lie elsewhere."""
        with self.process:
            self.process.kill()
        until(lambda: not self.processes())  # the kernel ends what it has started
        shutil.rmtree((self.home / "line/postgres/data").resolve(), ignore_errors=True)


def name_of(process: int) -> str:
    """Return what a line calls a process that it has started; "" for one that is none yet."""
    with suppress(OSError):
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        settings = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
        if not words[0].endswith(b"setpriv"):
            own = [name for name, word in WORDS.items() if word in words]
            return own[0] if own else os.fsdecode(value_of(b"ROSTRUM_WORKER", settings))
    return ""


def value_of(name: bytes, settings: list[bytes]) -> bytes:
    return next((each[len(name) + 1 :] for each in settings if each.startswith(name + b"=")), b"")


def children(process: int) -> Iterator[int]:
    """Yield the processes that a process has started."""
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            yield from map(int, thread.read_text().split())


def until(true: Callable[[], object], seconds: float = 30.0) -> bool:
    """Return whether it becomes true in time."""
    deadline = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return bool(found)


def events(watching: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert watching.stdout is not None
    for text in watching.stdout:
        yield json.loads(text)
