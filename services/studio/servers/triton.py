"""Triton, from the wheel of nvidia-pytriton or as it is installed on this machine."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from services.chassis.errors import StageError
from services.chassis.triton import TritonModels
from services.models.served.repository import Plan, write_repository
from services.models.serving import Door, arguments, environment, shared_memory
from services.studio.servers.debian import unpack
from services.studio.servers.installing import installed, run
from services.studio.servers.processes import TAIL_BYTES, Server, listens
from services.studio.servers.trouble import Unavailable

WHEEL: Final = "nvidia-pytriton==0.7.0"
"""Triton 2.51 with the Python backend: for one machine and for tests, on loopback. It is older than
the version from which on a server may be reached from elsewhere, 26.07."""
INSTALLED: Final = Path("/opt/tritonserver")
"""Where NVIDIA's images have it."""
START_SECONDS: Final = 900.0
"""Weights are loaded and models get warm before it answers."""
ATTEMPTS: Final = 3
CHATTER: Final = re.compile(r"[IW]\d{4} |\||\+-|$")
"""Begins lines of its log that tell of no trouble: news, warnings, tables."""
PYTHON: Final = "libpython3.11.so.1.0"
PACKAGE: Final = "libpython3.11"


@dataclass(frozen=True)
class Program:
    """A Triton that can be started."""

    path: Path
    backends: Path
    libraries: tuple[Path, ...] = ()


class TritonServer(Server):
    """A Triton on loopback that serves what a plan says; made anew at each start."""

    name = "triton"

    def __init__(self, folder: Path, plan: Plan, port: int | None = None) -> None:
        super().__init__(folder, port)
        self._plan = plan
        self.models: list[str] = []
        """What it serves."""

    def start(self, seconds: float = START_SECONDS) -> None:
        """Start it, again if need be, and return when all models are warm and answer.

        On a starved machine a lock that Triton shares with a model's process times out while they
        begin: Triton 2.51 then waits for ever, or ends itself. Begun anew it does neither.
        """
        for left in reversed(range(ATTEMPTS)):
            try:
                return super().start(seconds / ATTEMPTS)
            except Unavailable:
                self.kill()
                if not left:
                    raise
        return None

    def kill(self) -> None:
        """End it as a power cut would; its models' processes too, and their shared memory."""
        super().kill()
        self._forget()

    def stop(self) -> None:
        """Ask it to end."""
        super().stop()
        self._forget()

    def _prepare(self) -> None:
        self.models = write_repository(self._repository, self._plan)
        self._forget()

    def _command(self) -> list[str | Path]:
        found = triton()
        door = Door("127.0.0.1", self.port)
        repository = self._repository.resolve()
        return [found.path, *arguments(repository, found.backends, door, self._plan.device)]

    def _environment(self) -> dict[str, str]:
        known = environment()
        folders = [*map(str, triton().libraries), known.get("LD_LIBRARY_PATH", "")]
        return {**known, "LD_LIBRARY_PATH": ":".join(filter(None, folders))}

    def answers(self) -> bool:
        """Return whether every model's process does."""
        return self._answers()

    def _answers(self) -> bool:
        if not listens(self.port):
            return False
        models = TritonModels(self.address)
        try:
            with suppress(StageError):
                return models.ready(self.models)
            return False
        finally:
            models.close()

    def _last_words(self) -> str:
        """Return its errors, which stand before long tables of settings."""
        said = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(line for line in said if not CHATTER.match(line))[-TAIL_BYTES:]

    def _forget(self) -> None:
        for path in shared_memory(self.port):
            path.unlink(missing_ok=True)

    @property
    def _repository(self) -> Path:
        return self.folder / "repository"


def triton() -> Program:
    """Return the Triton of this machine, else the wheel's, which is fetched where it is not yet.

    Raises Unavailable where there is none to be had.
    """
    if (path := INSTALLED / "bin/tritonserver").is_file():
        return Program(path, INSTALLED / "backends")
    folder = installed(WHEEL.replace("==", "-"), _fetch)
    libraries = (folder / "nvidia_pytriton.libs", _python_library())
    return Program(folder / "tritonserver", folder / "backends", libraries)


def _fetch(folder: Path) -> None:
    """Install the wheel beside everything else, and lay its backend out as Triton wants it."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    run([*pip, "--no-deps", "--target", folder / "wheel", WHEEL], folder)
    wheel = folder / "wheel/pytriton/tritonserver"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    backend = folder / "backends/python"
    shutil.copytree(wheel / "backends/python", backend)
    shutil.copy2(wheel / f"python_backend_stubs/{version}/triton_python_backend_stub", backend)
    shutil.copy2(wheel / "bin/tritonserver", folder)
    shutil.move(folder / "wheel/nvidia_pytriton.libs", folder)
    shutil.rmtree(folder / "wheel")
    for path in (folder / "tritonserver", backend / "triton_python_backend_stub"):
        path.chmod(0o755)


def _python_library() -> Path:
    """Return the folder of the library that models' processes run Python with."""
    names = ("LIBDIR", "LIBPL")
    folders = [Path(found) for name in names if (found := sysconfig.get_config_var(name))]
    folders += [Path(folder) for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/local/lib")]
    for folder in folders:
        if (folder / PYTHON).is_file():
            return folder
    return installed(PACKAGE, partial(unpack, PACKAGE)) / "usr/lib/x86_64-linux-gnu"
