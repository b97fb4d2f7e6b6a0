"""Verified copies of objects in a folder of this machine: as many as fit, the latest used stay."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from services.chassis.blobs import BLOCK_BYTES

ABANDONED_SECONDS: Final = 3600
"""Nobody writes one copy for longer."""
KEPT_SHARE: Final = 0.9
"""How full it is after copies were thrown out."""
SLACK_SHARE: Final = 0.02
"""What one process may add before it looks again how full the folder is."""


class Cache:
    """A folder that several processes share. Every copy is verified whenever it is read.

    It may hold 2 % more than its limit for each process that fills it at that moment. Where the
    folder is full or away the cache keeps nothing; reads go on without it.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._added_bytes = limit_bytes  # nobody knows yet what is there
        self._discard_abandoned()

    def read(self, realm: str, digest: str) -> bytes | None:
        """Return a copy's bytes, or None where there is none that is right."""
        path = self._folder / realm / digest
        try:
            data = path.read_bytes()
        except OSError:
            return None
        return data if self._judge(path, hashlib.sha256(data).hexdigest() == digest) else None

    def open(self, realm: str, digest: str) -> BinaryIO | None:
        """Open a copy that has been verified from end to end, or return None."""
        path = self._folder / realm / digest
        try:
            file = path.open("rb")
        except OSError:
            return None
        if self._judge(path, hashlib.file_digest(file, "sha256").hexdigest() == digest):
            return file
        file.close()
        return None

    def keep(self, realm: str, digest: str, data: bytes) -> None:
        """Keep verified bytes, where there is room for them."""
        self.fill(realm, digest, len(data), lambda file: file.write(data))

    def fill(
        self, realm: str, digest: str, size_bytes: int, write: Callable[[BinaryIO], object]
    ) -> bool:
        """Have verified bytes written into a copy, and return whether it is kept.

        What `write` raises passes, but OSError: a cache that is full or away is no cache.
        """
        if size_bytes > self._limit_bytes * KEPT_SHARE:
            return False
        with suppress(OSError), self._part_of(realm) as part:
            with part.open("xb") as file:
                write(file)
            part.replace(self._folder / realm / digest)
            self._count(size_bytes)
            return True
        return False

    @contextmanager
    def _part_of(self, realm: str) -> Iterator[Path]:
        folder = self._folder / realm
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = folder / f"{uuid.uuid4().hex}.part"
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    def _judge(self, path: Path, right: bool) -> bool:
        with suppress(OSError):  # another process may have thrown it out
            if right:
                os.utime(path)
            else:
                path.unlink()
        return right

    def _count(self, size_bytes: int) -> None:
        self._added_bytes += size_bytes
        if self._added_bytes >= self._limit_bytes * SLACK_SHARE:
            self._added_bytes = 0
            self._make_room()

    def _make_room(self) -> None:
        """Throw out what was not used for longest, where the folder holds more than it may."""
        copies = sorted(self._copies())
        total_bytes = sum(size for _, size, _ in copies)
        if total_bytes <= self._limit_bytes:
            return
        for _, size, path in copies:
            if total_bytes <= self._limit_bytes * KEPT_SHARE:
                break
            path.unlink(missing_ok=True)
            total_bytes -= size

    def _copies(self) -> Iterator[tuple[int, int, Path]]:
        for path in self._folder.glob("*/*"):
            with suppress(FileNotFoundError):
                state = path.stat()
                yield state.st_mtime_ns, state.st_size, path

    def _discard_abandoned(self) -> None:
        before_ns = time.time_ns() - ABANDONED_SECONDS * 10**9
        for changed_ns, _, path in self._copies():
            if path.suffix == ".part" and changed_ns < before_ns:
                path.unlink(missing_ok=True)


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield what is left of a file, a block at a time."""
    while block := file.read(BLOCK_BYTES):
        yield block
