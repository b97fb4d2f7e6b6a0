"""Triton, from the wheel of nvidia-pytriton or as it is installed on this machine."""

from __future__ import annotations

import fcntl
import re
import shutil
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from services.chassis.errors import StageError
from services.chassis.triton import TritonModels
from services.models.served.repository import Plan, write_repository
from services.models.serving import Door, arguments, environment, shared_memory
from services.studio.servers.debian import unpack
from services.studio.servers.installing import installed, run
from services.studio.servers.processes import TAIL_BYTES, Server, listens, processor_seconds
from services.studio.servers.trouble import Unavailable

WHEEL: Final = "nvidia-pytriton==0.7.0"
"""Triton 2.51 with the Python backend: for one machine and for tests, on loopback. It is older than
the version from which on a server may be reached from elsewhere, 26.07."""
INSTALLED: Final = Path("/opt/tritonserver")
"""Where NVIDIA's images have it."""
START_SECONDS: Final = 900.0
"""Weights are loaded and models get warm before it answers."""
PROBE_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 2.0
"""Of processor time that a model's process may take from look to look without any work."""
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


class Work(NamedTuple):
    """What a model has done since its server was started."""

    answers: int
    processor_seconds: float

    def beyond(self, before: Work) -> bool:
        """Return whether there was work since: answers, or more than idling takes."""
        worked = self.processor_seconds - before.processor_seconds
        return self.answers > before.answers or worked > IDLE_SECONDS


NO_WORK: Final = Work(0, 0.0)


class TritonServer(Server):
    """A Triton on loopback that serves what a plan says; made anew at each start."""

    name = "triton"

    def __init__(self, folder: Path, plan: Plan, port: int | None = None) -> None:
        super().__init__(folder, port)
        self.folder = folder / str(self.port)  # several may serve beside one another
        self._plan = plan
        self.models: list[str] = []
        """What it serves."""
        self._work: dict[str, Work] = {}
        self._claim: TextIO | None = None

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
        if self._process is not None:  # else what is there is somebody else's
            self._forget()

    def stop(self) -> None:
        """Ask it to end."""
        super().stop()
        if self._process is not None:
            self._forget()
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def _prepare(self) -> None:
        if self._claim is None:
            self._claim = claimed(self.folder / "lock")
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

    def stuck(self, seconds: float = PROBE_SECONDS) -> list[str]:
        """Return models that neither answer nor have worked since this was asked last.

        A question waits in its model's queue, on a CPU for minutes: whoever works is not stuck.
        """
        with ThreadPoolExecutor(max(len(self.models), 1)) as threads:
            answered = list(threads.map(partial(self._answers_of, seconds=seconds), self.models))
        before, self._work = self._work, {model: self._work_of(model) for model in self.models}
        return [
            model
            for model, answer in zip(self.models, answered, strict=True)
            if not answer and not self._work[model].beyond(before.get(model, NO_WORK))
        ]

    def _answers_of(self, model: str, seconds: float) -> bool:
        if not listens(self.port):
            return False
        with closing(TritonModels(self.address)) as models, suppress(StageError):
            return models.ready([model], seconds)
        return False

    def _work_of(self, model: str) -> Work:
        seconds = 0.0
        if not self._plan.device.on_gpu:  # whoever waits for a GPU for ever is busy, too
            seconds = processor_seconds(self.process_id, f"/{model}/")
        if not listens(self.port):
            return Work(0, seconds)
        with closing(TritonModels(self.address)) as models, suppress(StageError):
            return Work(models.answered(model), seconds)
        return Work(0, seconds)

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


def claimed(path: Path) -> TextIO:
    """Return a lock that lasts until it is closed; raise Unavailable where another one has it.

    A server that gets warm does not listen yet: that nobody does proves nothing.
    """
    lock = path.open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise Unavailable(f"triton: somebody else serves from {path.parent}") from None
    return lock


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
