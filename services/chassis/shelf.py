"""Objects of one kind under the digest of their bytes, written once and verified at every read."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from services.chassis.blobs import BLOCK_BYTES, Blobs, digest_of_blocks
from services.chassis.cache import Cache, blocks_of
from services.chassis.errors import Corrupt, Invalid, Transient
from services.chassis.names import DIGEST, check_digest, digest_of, has_link
from services.chassis.traffic import Moved

OBJECTS: Final = "objects"
"""What stages have written."""
INTAKE: Final = "intake"
"""What callers have handed in, which is hostile until proven otherwise."""
LARGEST_BYTES: Final = 2 << 30
PIECE_BYTES: Final = 256 << 10
WRITE_ATTEMPTS: Final = 4
T = TypeVar("T")


@dataclass(frozen=True)
class Stream:
    """A verified object on its way out."""

    size_bytes: int
    """Of the whole object, wherever the pieces begin."""
    pieces: Iterator[bytes]
    """At most `PIECE_BYTES` each."""


@dataclass(frozen=True)
class Stored:
    """An object in a listing."""

    digest: str
    size_bytes: int
    written: datetime


class Shelf:
    """The objects of one kind in the first of some realms; what it lacks is read from the others.

    Every read is checked against the digest. Nothing is ever overwritten: a second put of the same
    bytes finds the first, or replaces it where it was altered.
    """

    def __init__(
        self, blobs: Blobs, kind: str, realms: Sequence[str], cache: Cache | None = None
    ) -> None:
        self._blobs = blobs
        self._kind = kind
        self._realms = realms
        self._cache = cache
        self.realm = realms[0]

    def put(self, data: bytes) -> str:
        """Store data and return its digest. Raises Invalid for more than 2 GiB."""
        _check_size(len(data))
        digest = digest_of(data)
        self._write_object(digest, data)
        if self._cache is not None:
            self._cache.keep(self.realm, digest, data)
        return digest

    def put_file(self, path: Path, expected: str = "", *, lasting: bool = False) -> str:
        """Store a file's bytes and return their digest; the file is never in memory as a whole.

        Nobody may write to it meanwhile. `lasting`: it outlives a power cut, because nobody could
        make it again. Raises Invalid for more than 2 GiB, and where it does not have the digest
        that was expected of it.
        """
        size_bytes = path.stat().st_size
        _check_size(size_bytes)
        if not size_bytes:
            return self._put_checked(b"", expected, lasting)
        with path.open("rb") as file:  # unmapped when the last request lets go of it
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._put_checked(data, expected, lasting)

    def get(self, digest: str) -> bytes:
        """Return an object's bytes. Raises Corrupt where they are missing or altered."""
        paths = self._object_paths(digest)
        if (copy := self._cached(digest, Cache.read)) is not None:
            return copy
        data = next((data for path in paths if (data := self._blobs.read(path)) is not None), None)
        if data is None:
            raise self._corrupt(digest, "ASSET_NOT_FOUND")
        if digest_of(data) != digest:
            raise self._corrupt(digest, "ASSET_DIGEST_MISMATCH")
        if self._cache is not None:
            self._cache.keep(self.realm, digest, data)
        return data

    def has(self, digest: str) -> bool:
        """Return whether the object is there; its bytes are not looked at."""
        return any(self._blobs.size_of(path) is not None for path in self._object_paths(digest))

    def stream(self, digest: str, offset_bytes: int = 0) -> Stream:
        """Return an object from an offset on, in pieces and in constant memory.

        The whole object is verified before this returns: the cache's copy of it, or else the object
        itself, which is then read twice. Raises Corrupt where it is missing or altered, and Invalid
        for an offset behind its end.
        """
        path, size_bytes = self._locate(digest)
        if offset_bytes > size_bytes:
            remedy = f"the file has {size_bytes} bytes; begin at one of them"
            raise Invalid("offset_bytes", "OFFSET_OUT_OF_RANGE", remedy)
        if size_bytes <= BLOCK_BYTES:
            blocks = iter([self.get(digest)[offset_bytes:]])
        elif (file := self._copy(digest, path, size_bytes)) is not None:
            blocks = _blocks_from(file, offset_bytes)
        elif digest_of_blocks(self._blobs.blocks(path, size_bytes)) == digest:
            blocks = self._blobs.blocks(path, size_bytes, offset_bytes)
        else:
            raise self._corrupt(digest, "ASSET_DIGEST_MISMATCH")
        return Stream(size_bytes, _pieces(blocks))

    def fetch(self, digest: str, path: Path) -> Path:
        """Write a verified copy of an object to path, and return path.

        Raises Corrupt where it is missing or altered; nothing is left at path then.
        """
        place, size_bytes = self._locate(digest)
        try:
            with path.open("wb") as file:
                if size_bytes <= BLOCK_BYTES:
                    file.write(self.get(digest))
                else:
                    self._copy_into(file, digest, place, size_bytes)
        except Corrupt:
            path.unlink(missing_ok=True)
            raise
        return path

    def quarantine(self, digest: str) -> None:
        """Move an altered object out of the way, so that its producer can write it anew.

        One that is whole stays: somebody was faster, or it was altered on its way to the reader.
        """
        if not self._is_whole(digest):
            self._move_away(digest)

    def listed(self, older_than_seconds: float = 0) -> Iterator[Stored]:
        """Yield the realm's own objects that were written longer ago than that."""
        before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
        for entry in self._blobs.listed(f"{self.realm}/{self._kind}"):
            digest = entry.path.rpartition("/")[2]
            if DIGEST.fullmatch(digest) and entry.modified <= before:
                yield Stored(digest, entry.size_bytes, entry.modified)

    def delete(self, digest: str) -> None:
        """Remove an object that nothing names any more; copies go as their caches forget them."""
        self._blobs.delete(self._object_path(digest))

    def _put_checked(self, data: bytes | mmap.mmap, expected: str, lasting: bool) -> str:
        digest = digest_of(data)
        if expected not in ("", digest):
            remedy = f"the bytes have the digest {digest}; hand in the file again"
            raise Invalid("digest", "ASSET_DIGEST_MISMATCH", remedy)
        self._write_object(digest, data)
        if lasting:
            self._blobs.sync(self._object_path(digest))
        return digest

    def _write_object(self, digest: str, data: bytes | mmap.mmap) -> None:
        self._write(
            self._object_path(digest),
            data,
            lambda: self._is_whole(digest),
            lambda: self._move_away(digest),
        )

    def _write(
        self,
        path: str,
        data: bytes | mmap.mmap,
        is_good: Callable[[], bool],
        make_way: Callable[[], None],
    ) -> None:
        """Write where nothing good is.

        What a bucket answers to a write that fails is a matter of luck, so what is there decides.
        """
        for _ in range(WRITE_ATTEMPTS):
            try:
                if self._blobs.create(path, data):
                    return
            except Transient:
                if is_good():
                    return
                raise
            if is_good():
                return
            make_way()
        raise Transient(f"STORAGE_UNAVAILABLE: {path}: refused, though nothing is there")

    def _is_whole(self, digest: str) -> bool:
        path = self._object_path(digest)
        size_bytes = self._blobs.size_of(path)
        if size_bytes is None:
            return False
        return digest_of_blocks(self._blobs.blocks(path, size_bytes)) == digest

    def _move_away(self, digest: str) -> None:
        self._blobs.move(self._object_path(digest), f"{self.realm}/quarantine/{digest}")

    def _locate(self, digest: str) -> tuple[str, int]:
        """Return where an object lies and how long it is. Raises Corrupt where it is missing."""
        for path in self._object_paths(digest):
            if (size_bytes := self._blobs.size_of(path)) is not None:
                return path, size_bytes
        raise self._corrupt(digest, "ASSET_NOT_FOUND")

    def _cached(self, digest: str, look: Callable[[Cache, str, str], T | None]) -> T | None:
        if self._cache is None:
            return None
        found = look(self._cache, self.realm, digest)
        missed = found is None
        self._blobs.traffic.add(Moved(cache_hits=int(not missed), cache_misses=int(missed)))
        return found

    def _copy(self, digest: str, path: str, size_bytes: int) -> BinaryIO | None:
        """Open the cache's verified copy of an object, which is fetched where it has none."""
        if (file := self._cached(digest, Cache.open)) is not None:
            return file
        if self._cache is None:
            return None

        def write(file: BinaryIO) -> None:
            self._copy_into(file, digest, path, size_bytes)

        kept = self._cache.fill(self.realm, digest, size_bytes, write)
        return self._cache.open(self.realm, digest) if kept else None

    def _copy_into(self, file: BinaryIO, digest: str, path: str, size_bytes: int) -> None:
        checksum = hashlib.sha256()
        for block in self._blobs.blocks(path, size_bytes):
            checksum.update(block)
            file.write(block)
        if checksum.hexdigest() != digest:
            raise self._corrupt(digest, "ASSET_DIGEST_MISMATCH")

    def _corrupt(self, digest: str, reason: str) -> Corrupt:
        return Corrupt(digest, reason, handed_in=self._kind == INTAKE)

    def _object_paths(self, digest: str) -> list[str]:
        return [self._path(realm, self._kind, digest, "digest") for realm in self._realms]

    def _object_path(self, digest: str) -> str:
        return self._path(self.realm, self._kind, digest, "digest")

    def _path(self, realm: str, kind: str, name: str, field: str) -> str:
        path = f"{realm}/{kind}/{check_digest(name, field)}"
        if self._blobs.folder and has_link(self._blobs.folder, path):
            remedy = f"{path} leads elsewhere; a store holds files, never links"
            raise Invalid(field, "OBJECT_KEY_INVALID", remedy)
        return path


def _blocks_from(file: BinaryIO, offset_bytes: int) -> Iterator[bytes]:
    with file:
        file.seek(offset_bytes)
        yield from blocks_of(file)


def _pieces(blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), PIECE_BYTES):
            yield block[start : start + PIECE_BYTES]


def _check_size(size_bytes: int) -> None:
    if size_bytes > LARGEST_BYTES:
        remedy = f"{size_bytes:,} bytes; at most {LARGEST_BYTES:,} are taken"
        raise Invalid("asset", "ASSET_TOO_LARGE", remedy)
