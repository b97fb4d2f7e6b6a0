"""Files on their way in: what has arrived of each, kept on disk for a day."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from services.chassis.errors import Transient
from services.chassis.status import Refused

KEPT_SECONDS: Final = 86400
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Part:
    """A file of which some bytes have arrived; one call at a time writes to it."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file

    @property
    def received_bytes(self) -> int:
        """How much has arrived."""
        return self._file.seek(0, os.SEEK_END)

    def append(self, data: bytes) -> None:
        """Add the next bytes. Raises Transient where the disk is full."""
        with _troubles():
            self._file.write(data)

    def head(self, size_bytes: int) -> bytes:
        """Return the first bytes."""
        self._file.seek(0)
        return self._file.read(size_bytes)

    def restart(self) -> None:
        """Forget what has arrived."""
        self._file.truncate(0)

    def flush(self) -> None:
        """See to it that what has arrived lies in the file."""
        with _troubles():
            self._file.flush()

    def discard(self) -> None:
        """Remove the file: it is in the store, or is not what it was said to be."""
        self.path.unlink(missing_ok=True)


class Uploads:
    """A folder of files on their way in, by team and digest. Survives its process.

    It is one machine's own: what arrived at another director is sent here anew.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder

    def received_bytes(self, team: str, digest: str) -> int:
        """Return how much of a file has arrived."""
        return self.sizes(team).get(digest, 0)

    def sizes(self, team: str) -> Mapping[str, int]:
        """Return how much has arrived of each file of a team."""
        sizes = {}
        for path in (self._folder / team).glob("*"):
            with suppress(FileNotFoundError):
                sizes[path.name] = path.stat().st_size
        return sizes

    @contextmanager
    def open(self, team: str, digest: str) -> Iterator[Part]:
        """Open a file to go on with. Raises Refused where another call is at it."""
        path = self._folder / team / digest
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with path.open("a+b") as file:
            _lock(file, path)
            part = Part(path, file)
            try:
                yield part
            finally:
                part.flush()
                if not part.received_bytes:
                    part.discard()

    def discard_old(self) -> None:
        """Remove what nobody has gone on with for a day."""
        before = time.time() - KEPT_SECONDS
        for path in self._folder.glob("*/*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()


def _lock(file: BinaryIO, path: Path) -> None:
    """Lock a file until it is closed or its process dies; another call may just have ended it."""
    busy = Refused("UPLOAD_IN_PROGRESS", "another call sends this file; go on when it has ended")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino != os.fstat(file.fileno()).st_ino:
            raise busy
    except (BlockingIOError, FileNotFoundError):
        raise busy from None


@contextmanager
def _troubles() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise Transient(f"STORAGE_FULL: uploads: {error.strerror}") from error
