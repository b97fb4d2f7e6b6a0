"""Runs a decoder that may read one file and do nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from services.chassis.errors import Transient
from services.chassis.sandbox.launcher import CONFINED, filters_calls, landlock_version

HERE: Final = Path(__file__).parent
INTERPRETER: Final = Path(sys.executable).resolve()
PYTHON: Final = (str(INTERPRETER), "-I", "-S")
"""A Python that reads no environment, no user folder and no site packages by itself."""
SYSTEM_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
ENVIRONMENT: Final = {
    "PATH": "",
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",  # a thread's arena would reserve 64 MiB of the address space
}
COMPLAINT_BYTES: Final = 4096
"""How much of what a decoder complains about is kept: its end."""


@dataclass(frozen=True)
class Decoder:
    """A program and what it may use."""

    argv: Sequence[str]
    """The program and its arguments, all ours: nothing of a user's stands in them."""
    readable: Sequence[str | Path] = ()
    """What the program needs besides the input and the system's libraries."""
    wall_seconds: float = 15
    limits: Mapping[str, int] = field(
        default_factory=lambda: {"AS": 1 << 30, "CPU": 10, "FSIZE": 0, "NOFILE": 64}
    )
    """Resource limits by name."""


def python_decoder(program: str, *arguments: str) -> Decoder:
    """Return the decoder that is the program of this folder, run with our packages."""
    packages = sysconfig.get_path("platlib")
    home = (INTERPRETER, Path(sys.base_prefix, "lib"), Path(sys.prefix, "pyvenv.cfg"))
    return Decoder(
        argv=(*PYTHON, str(HERE / program), packages, *arguments),
        readable=(HERE, packages, *home),
        limits={"AS": 1 << 30, "CPU": 10, "FSIZE": 0, "NOFILE": 64, "NPROC": 0},
    )


@dataclass(frozen=True)
class Ending:
    """How a decoder ended."""

    exit_code: int
    """Negative: killed by that signal."""
    complaint: str
    """The end of what it wrote to standard error."""


class Confined:
    """A decoder at work on one file; a context manager that leaves no process and no file behind.

    What the decoder writes to its standard output is read with `read`. It sees the file as `input`
    in its working folder, which is private, and it is killed when its time is over.
    """

    def __init__(self, decoder: Decoder, data: bytes) -> None:
        self._decoder = decoder
        self._data = data
        self._complaint = b""
        self._is_late = False

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self._folder = tempfile.TemporaryDirectory(prefix="rostrum-")
            undo.callback(self._folder.cleanup)
            self._start(Path(self._folder.name), undo)
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._kill()
            self._end()
        finally:
            os.close(self._word)
            self._folder.cleanup()

    def read(self, size: int) -> bytes:
        """Return the next bytes the decoder gives: `size` of them, or fewer at its end."""
        assert self._process.stdout is not None
        return self._process.stdout.read(size)

    def finish(self) -> Ending:
        """Wait for the decoder's end.

        Raises Transient where its time was over: this machine may be slow, and the file good.
        Raises RuntimeError where it could not be confined.
        """
        ending = self._end()
        if self._is_late and ending.exit_code == -signal.SIGKILL:
            seconds = self._decoder.wall_seconds
            raise Transient(f"DECODER_SLOW: a file took more than {seconds:g} s to decode")
        if not self._was_confined():
            raise RuntimeError(f"the sandbox does not work here: {ending}")
        return ending

    def _end(self) -> Ending:
        assert self._process.stdout is not None
        self._process.stdout.close()
        # The group is signalled only while its leader is unreaped: its number cannot be another's.
        if self._process.returncode is None:
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
            self._timer.cancel()
            self._timer.join()
            self._process.wait()
        self._drain.join()
        return Ending(self._process.returncode, self._complaint.decode(errors="replace").strip())

    def _was_confined(self) -> bool:
        with os.fdopen(self._word, "rb", closefd=False) as word:
            return word.read() == CONFINED

    def _start(self, folder: Path, undo: ExitStack) -> None:
        Path(folder, "input").write_bytes(self._data)
        self._word, theirs = os.pipe()
        undo.callback(os.close, self._word)
        try:
            self._process = self._spawn(folder, theirs)
        finally:
            os.close(theirs)
        self._drain = threading.Thread(target=self._keep_complaint, daemon=True)
        self._timer = threading.Timer(self._decoder.wall_seconds, self._be_late)
        self._timer.daemon = True
        undo.callback(self._abandon)
        self._drain.start()
        self._timer.start()

    def _spawn(self, folder: Path, theirs: int) -> subprocess.Popen[bytes]:
        policy = {
            "argv": list(self._decoder.argv),
            "readable": [*map(str, (*SYSTEM_LIBRARIES, *self._decoder.readable)), "input"],
            "limits": dict(self._decoder.limits),
            "parent": os.getpid(),
            "confined": theirs,
        }
        return subprocess.Popen(
            [*PYTHON, str(HERE / "launcher.py"), json.dumps(policy)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=ENVIRONMENT,
            start_new_session=True,
            pass_fds=(theirs,),
        )

    def _abandon(self) -> None:
        """End what nobody watches, because a thread could not be started."""
        self._kill()
        if self._drain.is_alive():
            self._drain.join()
        with self._process:
            pass  # closes its streams and waits

    def _be_late(self) -> None:
        self._is_late = True
        self._kill()

    def _kill(self) -> None:
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _keep_complaint(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            while more := os.read(stream.fileno(), COMPLAINT_BYTES):
                self._complaint = (self._complaint + more)[-COMPLAINT_BYTES:]


def run(decoder: Decoder, data: bytes, output_bytes: int) -> tuple[bytes, Ending]:
    """Run a decoder on data; return what it gave, `output_bytes` at most, and how it ended."""
    with Confined(decoder, data) as confined:
        output = confined.read(output_bytes)
        return output, confined.finish()


@dataclass(frozen=True)
class Report:
    """What protects this machine from hostile media."""

    landlock: int
    """Version of Landlock, which denies files and TCP; 0 where the kernel has none."""
    call_filter: bool
    """Whether new processes, sockets and the like are refused by a filter of system calls."""

    def __str__(self) -> str:
        walls = ["resource limits"]
        if self.landlock:
            walls.append(f"Landlock {self.landlock}")
        if self.call_filter:
            walls.append("system call filter")
        return ", ".join(walls)


def report() -> Report:
    """Say which walls stand round a decoder on this machine."""
    return Report(landlock_version(), filters_calls())
