"""Named bytes in a folder, a bucket or memory, with our own words for what can go wrong there."""

from __future__ import annotations

import hashlib
import mmap
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore

from services.chassis.errors import Transient
from services.chassis.traffic import Moved, Traffic

FULL: Final = re.compile(r"os error (27|28|122)\b|InsufficientStorage|StorageFull|QuotaExceeded")
"""What no room is called: the file, the disk, or the quota is full; then buckets' words for it."""
NO_BUCKET: Final = "NoSuchBucket"
"""Where this is said, nobody knows whether the blob is there."""
BLOCK_BYTES: Final = 4 << 20
"""How much of a large blob is read at once: each block is a request of its own, with its time."""
BULK_BYTES: Final = 16 << 20
"""From here on a write may take as long as a large file takes."""


@dataclass(frozen=True)
class Entry:
    """A blob in a listing."""

    path: str
    size_bytes: int
    modified: datetime


class Blobs:
    """Bytes under paths. Writes never overwrite; what is half written is seen by nobody.

    Raises Transient where what lies beneath is away (STORAGE_UNAVAILABLE) or has no room
    (STORAGE_FULL).
    """

    def __init__(
        self, objects: ObjectStore, folder: Path | None = None, bulk: ObjectStore | None = None
    ) -> None:
        self._objects = objects
        self._bulk = bulk or objects
        self.folder = folder
        """Where the blobs are files; None where they are not."""
        self.traffic = Traffic()

    @classmethod
    def in_folder(cls, folder: Path) -> Blobs:
        """Open a folder, which is made where it does not exist."""
        try:
            objects = LocalStore(prefix=folder, mkdir=True)
        except OSError as error:
            raise Transient(f"STORAGE_UNAVAILABLE: {folder}: {error}") from error
        return cls(objects, folder.resolve())

    @classmethod
    def in_memory(cls) -> Blobs:
        """Make blobs that live as long as the process."""
        return cls(MemoryStore())

    def read(self, path: str) -> bytes | None:
        """Return a blob's bytes, or None where it is not there."""
        try:
            with _troubles(path):
                data = bytes(obstore.get(self._objects, path).bytes())
        except FileNotFoundError as error:
            if NO_BUCKET in str(error):
                raise Transient(f"STORAGE_UNAVAILABLE: {path}: {_line(error)}") from error
            return None
        self.traffic.add(Moved(read_bytes=len(data)))
        return data

    def size_of(self, path: str) -> int | None:
        """Return a blob's length in bytes, or None where it is not there."""
        try:
            with _troubles(path):
                return int(obstore.head(self._objects, path)["size"])
        except FileNotFoundError:
            return None

    def blocks(self, path: str, size_bytes: int, offset_bytes: int = 0) -> Iterator[bytes]:
        """Yield a blob's bytes from an offset on, a block at a time; a missing blob ends early."""
        for start in range(offset_bytes, size_bytes, BLOCK_BYTES):
            length = min(BLOCK_BYTES, size_bytes - start)
            try:
                with _troubles(path):
                    block = obstore.get_range(self._objects, path, start=start, length=length)
            except FileNotFoundError:
                return
            self.traffic.add(Moved(read_bytes=len(block)))
            yield bytes(block)

    def create(self, path: str, data: bytes | mmap.mmap) -> bool:
        """Write where nothing is, and return whether nothing was.

        A bucket may say no for other reasons, and may have taken what it says it has not: look
        after False and after Transient.
        """
        objects = self._bulk if len(data) > BULK_BYTES else self._objects
        if isinstance(objects, MemoryStore):  # which would keep the file, not its bytes
            data = bytes(data)
        try:
            with _troubles(path):
                obstore.put(objects, path, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        except FileNotFoundError as error:  # blobs need no folder made for them: it is the bucket
            raise Transient(f"STORAGE_UNAVAILABLE: {path}: {_line(error)}") from error
        self.traffic.add(Moved(written_bytes=len(data)))
        return True

    def sync(self, path: str) -> None:
        """Make sure that a blob outlives a power cut; a bucket has seen to it already."""
        if self.folder is None:
            return
        with _troubles(path):
            for place in (self.folder / path, (self.folder / path).parent):
                handle = os.open(place, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def move(self, path: str, to: str) -> None:
        """Move a blob, over whatever is there; one that is gone stays gone."""
        with suppress(FileNotFoundError), _troubles(path):
            obstore.rename(self._objects, path, to)

    def delete(self, path: str) -> None:
        """Remove a blob; one that is gone stays gone."""
        with suppress(FileNotFoundError), _troubles(path):
            obstore.delete(self._objects, path)

    def listed(self, prefix: str) -> Iterator[Entry]:
        """Yield what lies under a prefix, in no order."""
        with suppress(FileNotFoundError), _troubles(prefix):
            for page in obstore.list(self._objects, prefix=prefix):
                for meta in page:
                    yield Entry(meta["path"], meta["size"], meta["last_modified"])

    def healthy(self, prefix: str) -> bool:
        """Return whether the folder or bucket answers."""
        if self.folder is not None:
            return self.folder.is_dir()
        try:
            with _troubles(prefix):
                obstore.list_with_delimiter(self._objects, prefix=prefix)
        except (Transient, FileNotFoundError):
            return False
        return True


def digest_of_blocks(blocks: Iterator[bytes]) -> str:
    """Return the SHA-256 of bytes that come in blocks."""
    checksum = hashlib.sha256()
    for block in blocks:
        checksum.update(block)
    return checksum.hexdigest()


@contextmanager
def _troubles(path: str) -> Iterator[None]:
    """Turn what an object store says into our own words; missing and taken names pass."""
    try:
        yield
    except (AlreadyExistsError, FileNotFoundError):
        raise
    except (BaseError, OSError) as error:
        reason = "STORAGE_FULL" if FULL.search(str(error)) else "STORAGE_UNAVAILABLE"
        raise Transient(f"{reason}: {path}: {_line(error)}") from error


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
