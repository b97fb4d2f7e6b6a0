"""Services as operators run them: processes of their own, told what to do by the environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Service:
    """A process that has said that it is ready."""

    process: subprocess.Popen[str]
    address: str
    ops: str

    def stop(self, seconds: float = 20) -> int:
        """Send SIGTERM and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def probe(self, path: str) -> int:
        """Return the status of a path of the ops port."""
        try:
            with urllib.request.urlopen(f"http://{self.ops}{path}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code


@contextmanager
def running(word: str, store: Path, **settings: str) -> Iterator[Service]:
    """Run a service over a store's folder, on free ports of loopback."""
    chosen = {"store_url": store.as_uri(), **settings}
    given = {f"ROSTRUM_{name.upper()}": value for name, value in chosen.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", f"services.{word}"],
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield Service(process, said["listen"], said["ops"])
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(10)
        process.stdout.close()


def refused(word: str, **settings: str) -> tuple[int, str]:
    """Run a service that cannot start; return its exit status and what it said.

    Names in capitals are variables of the environment, all others settings.
    """
    given = {
        name if name.isupper() else f"ROSTRUM_{name.upper()}": value
        for name, value in settings.items()
    }
    done = subprocess.run(
        [sys.executable, "-m", f"services.{word}"],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr
