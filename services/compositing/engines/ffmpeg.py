"""Runs ffmpeg: argument lists only, files without names, a time-out, and no child left behind."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from types import TracebackType
from typing import IO, Final, Self

import imageio_ffmpeg

from services.chassis.errors import Transient

TAIL_BYTES: Final = 2_000
"""So much of what ffmpeg said last goes into an error."""

PIPE_BYTES: Final = 1 << 18
"""Room between us and the child: four times the usual, for a third less time in the kernel."""

QUIET: Final = ("-hide_banner", "-nostats", "-loglevel", "error", "-y")
REPRODUCIBLE: Final = {"fflags": "+bitexact", "map_metadata": -1}
"""Output options: nothing of the clock, the library's version or the input's tags in the file."""


@cache
def executable() -> str:
    """Return the path of the ffmpeg that came with the Python packages."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@cache
def version() -> str:
    """Return ffmpeg's version: it shapes the bytes, so fingerprints carry it."""
    return str(imageio_ffmpeg.get_ffmpeg_version())


class Unnamed:
    """A file that has no name in any folder: it is gone with the last process that holds it."""

    def __init__(self, data: bytes = b"") -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self._file.write(data)
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def descriptor(self) -> int:
        """What a child must inherit so that `address` means something to it."""
        return self._file.fileno()

    @property
    def address(self) -> str:
        """Return the file as ffmpeg may open it, for reading and for writing."""
        return f"file:/proc/self/fd/{self.descriptor}"

    def read(self) -> bytes:
        """Return the whole content."""
        self._file.seek(0)
        return self._file.read()


class Ffmpeg:
    """One run of ffmpeg, fed through `stdin`, killed on leaving the block and at its time-out.

    Every run is fed or read through a pipe, so a child whose parent was killed sees the pipe's end
    and stops by itself; it stays in its parent's process group, which may be killed as a whole.
    What it says goes to an unnamed file and can never block it.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        timeout_seconds: float,
        files: Sequence[Unnamed] = (),
        reads_output: bool = False,
    ) -> None:
        self._said = Unnamed()
        self._late = False
        self._process = subprocess.Popen(
            [executable(), *QUIET, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if reads_output else subprocess.DEVNULL,
            stderr=self._said.descriptor,
            pass_fds=[file.descriptor for file in files],
        )
        assert self._process.stdin is not None
        with contextlib.suppress(PermissionError):  # this user's pipes have used up their share
            fcntl.fcntl(self._process.stdin, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._alarm = threading.Timer(timeout_seconds, self._expire)
        self._alarm.daemon = True
        self._alarm.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._alarm.cancel()
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
        self._said.__exit__()

    def write(self, data: memoryview | bytes) -> None:
        """Feed data. Raises like `finish` where ffmpeg is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
        except BrokenPipeError:
            self._process.wait()
            raise self._failure() from None

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes of output, fewer only at its end."""
        assert self._process.stdout is not None
        return self._process.stdout.read(size)

    def finish(self, data: bytes = b"") -> bytes:
        """Feed the last data, wait, and return what is left of the output.

        Raises Transient where ffmpeg was killed, ran out of time or found the disk full; anything
        else it complains of is a bug of ours, and a RuntimeError.
        """
        output, _ = self._process.communicate(data)
        self._alarm.cancel()
        if self._process.returncode != 0:
            raise self._failure()
        return output or b""

    def _expire(self) -> None:
        self._late = True
        self._process.kill()

    def _failure(self) -> Exception:
        said = self._said.read()[-TAIL_BYTES:].decode(errors="replace").strip()
        if self._late:
            return Transient(f"ffmpeg ran out of time: {said}")
        if "No space left on device" in said:
            return Transient(f"STORAGE_FULL: {said}")
        if self._process.returncode < 0:
            return Transient(f"ffmpeg was killed by signal {-self._process.returncode}")
        return RuntimeError(f"ffmpeg ended with {self._process.returncode}: {said}")


def run(
    arguments: Sequence[str],
    data: bytes = b"",
    *,
    timeout_seconds: float,
    files: Sequence[Unnamed] = (),
) -> bytes:
    """Run ffmpeg over data on its standard input and return its standard output."""
    with Ffmpeg(
        arguments, timeout_seconds=timeout_seconds, files=files, reads_output=True
    ) as ffmpeg:
        return ffmpeg.finish(data)
