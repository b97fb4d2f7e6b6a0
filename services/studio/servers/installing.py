"""Where servers are installed: once for a checkout, whoever asks first, whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.studio.servers.trouble import Unavailable

SECONDS: Final = 1800
SAID: Final = 4000


def cache_folder() -> Path:
    """Return where servers lie: in a checkout its ignored folder, else the person's cache."""
    checkout = Path(__file__).parents[3]
    if (checkout / "pyproject.toml").is_file():
        return checkout / ".cache" / "servers"
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "rostrum" / "servers"


def installed(name: str, build: Callable[[Path], None]) -> Path:
    """Return the folder `name` in the cache; where there is none, have it built.

    build: fills an empty folder. What it leaves half done is thrown away; processes that ask
    together wait for the one that builds. Raises Unavailable where it cannot be built.
    """
    folder = cache_folder() / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(f"{name}.lock")):
        if not folder.is_dir():
            partial = folder.with_name(f"{name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            build(partial)
            partial.rename(folder)
    return folder


def program(name: str, remedy: str) -> str:
    """Return the path of a program. Raises Unavailable with the remedy where there is none."""
    path = shutil.which(name)
    if path is None:
        raise Unavailable(f"missing: {name} ({remedy})")
    return path


def run(command: Sequence[str | Path], folder: Path, **settings: str) -> None:
    """Run a program to its end. Raises Unavailable with what it said where it fails.

    settings: more environment variables.
    """
    environment: Mapping[str, str] = {**os.environ, **settings}
    try:
        done = subprocess.run(
            [*map(str, command)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from error
    if done.returncode:
        said = done.stdout.decode(errors="replace")[-SAID:].strip()
        raise Unavailable(f"{' '.join(map(str, command))} failed:\n{said}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
