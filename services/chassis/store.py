"""Objects under the digest of their bytes and results under the key of their task, written once."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore

from services.chassis.errors import Corrupt, Invalid, Transient

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
REALM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
"""How an address begins; one letter before the colon is a drive."""
FULL: Final = re.compile(r"os error (27|28|122)\b")
"""What no room is called: the file, the disk, or the user's quota is full."""
LEFTOVER: Final = re.compile(r".*#\d+")
"""How the folder store names a file while it is being written."""
LARGEST_BYTES: Final = 2 << 30


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of data as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


class Store:
    """One team's objects and results. Safe to share between processes over one folder.

    Every read is checked against its digest. Nothing is ever overwritten: a second put of the same
    bytes finds the first, or replaces it where it was altered. Every call raises Transient where
    what lies beneath is away (STORAGE_UNAVAILABLE) or has no room (STORAGE_FULL).
    """

    def __init__(
        self, objects: ObjectStore, realm: str = "public", folder: Path | None = None
    ) -> None:
        if not REALM.fullmatch(realm):
            raise Invalid("realm", "REALM_INVALID", "use lower-case letters, digits and hyphens")
        self._objects = objects
        self._folder = folder
        self.realm = realm

    @classmethod
    def in_folder(cls, folder: Path, realm: str = "public") -> Store:
        """Open a store in a folder, which is made where it does not exist."""
        try:
            objects = LocalStore(prefix=folder, mkdir=True)
        except OSError as error:
            raise Transient(f"STORAGE_UNAVAILABLE: {folder}: {error}") from error
        return cls(objects, realm, folder.resolve())

    @classmethod
    def in_memory(cls, realm: str = "public") -> Store:
        """Make a store that lives as long as the process."""
        return cls(MemoryStore(), realm)

    def put(self, data: bytes) -> str:
        """Store data and return its digest. Raises Invalid for more than 2 GiB."""
        _check_size(len(data))
        digest = digest_of(data)
        if not self._create(self._object_path(digest), data) and not self._is_whole(digest):
            self.quarantine(digest)
            self._create(self._object_path(digest), data)
        return digest

    def get(self, digest: str) -> bytes:
        """Return an object's bytes. Raises Corrupt where they are missing or altered."""
        data = self._read(self._object_path(digest))
        if data is None:
            raise Corrupt(digest, "ASSET_NOT_FOUND")
        if digest_of(data) != digest:
            raise Corrupt(digest, "ASSET_DIGEST_MISMATCH")
        return data

    def has(self, digest: str) -> bool:
        """Return whether the object is there; its bytes are not looked at."""
        path = self._object_path(digest)
        try:
            with _troubles(path):
                obstore.head(self._objects, path)
        except FileNotFoundError:
            return False
        return True

    def put_file(self, path: Path) -> str:
        """Store a file's bytes and return their digest. Raises Invalid for more than 2 GiB."""
        _check_size(path.stat().st_size)
        return self.put(path.read_bytes())

    def fetch(self, digest: str, path: Path) -> Path:
        """Write a verified copy of an object to path, and return path."""
        path.write_bytes(self.get(digest))
        return path

    def result(self, key: str) -> bytes | None:
        """Return what a task's key led to, or None where it was never done or was altered."""
        record = self._read(self._result_path(key))
        if record is None:
            return None
        digest, response = record[:64], record[64:]
        return response if digest == digest_of(response).encode() else None

    def keep_result(self, key: str, response: bytes) -> bytes:
        """Accept a task's response, and return the one that stands: the first ever accepted."""
        record = digest_of(response).encode() + response
        if not self._create(self._result_path(key), record) and self.result(key) is None:
            self.forget_result(key)
            self._create(self._result_path(key), record)
        accepted = self.result(key)
        if accepted is None:
            raise Transient(f"the store lost results/{key} right after taking it")
        return accepted

    def forget_result(self, key: str) -> None:
        """Drop a result whose outputs turned out to be missing or altered."""
        path = self._result_path(key)
        with _troubles(path):
            obstore.delete(self._objects, path)

    def quarantine(self, digest: str) -> None:
        """Move an altered object out of the way, so that its producer can write it anew."""
        path = self._object_path(digest)
        try:
            with _troubles(path):
                obstore.rename(self._objects, path, f"{self.realm}/quarantine/{digest}")
        except FileNotFoundError:
            return

    def discard_leftovers(self, older_than_seconds: float) -> int:
        """Remove what writers that were killed left half written; return how many files.

        Only a folder has such files. Anything younger may still be in somebody's hands.
        """
        if self._folder is None:
            return 0
        before = time.time() - older_than_seconds
        realm = self._folder / self.realm
        left = [path for path in realm.glob("*/*#*") if LEFTOVER.fullmatch(path.name)]
        old = [path for path in left if path.lstat().st_mtime < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _is_whole(self, digest: str) -> bool:
        data = self._read(self._object_path(digest))
        return data is not None and digest_of(data) == digest

    def _read(self, path: str) -> bytes | None:
        try:
            with _troubles(path):
                return bytes(obstore.get(self._objects, path).bytes())
        except FileNotFoundError:
            return None

    def _create(self, path: str, data: bytes) -> bool:
        """Write where nothing is, and return whether nothing was."""
        try:
            with _troubles(path):
                obstore.put(self._objects, path, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        return True

    def _object_path(self, digest: str) -> str:
        return self._path("objects", digest, "digest")

    def _result_path(self, key: str) -> str:
        return self._path("results", key, "key")

    def _path(self, kind: str, name: str, field: str) -> str:
        path = f"{self.realm}/{kind}/{_hexadecimal(name, field)}"
        if self._folder and _has_link(self._folder, path):
            remedy = f"{path} leads elsewhere; a store holds files, never links"
            raise Invalid(field, "OBJECT_KEY_INVALID", remedy)
        return path


def _hexadecimal(text: str, field: str) -> str:
    if not DIGEST.fullmatch(text):
        remedy = "an object is named by 64 lower-case hexadecimal digits; no path, no address"
        raise Invalid(
            field, "URL_NOT_ALLOWED" if ADDRESS.match(text) else "OBJECT_KEY_INVALID", remedy
        )
    return text


def _has_link(folder: Path, path: str) -> bool:
    step = folder
    for part in path.split("/"):
        step /= part
        if step.is_symlink():
            return True
    return False


def _check_size(size_bytes: int) -> None:
    if size_bytes > LARGEST_BYTES:
        remedy = f"{size_bytes:,} bytes; at most {LARGEST_BYTES:,} are taken"
        raise Invalid("asset", "ASSET_TOO_LARGE", remedy)


@contextmanager
def _troubles(path: str) -> Iterator[None]:
    """Turn what an object store says into our own words; missing and taken names pass."""
    try:
        yield
    except AlreadyExistsError:
        raise
    except BaseError as error:
        reason = "STORAGE_FULL" if FULL.search(str(error)) else "STORAGE_UNAVAILABLE"
        raise Transient(f"{reason}: {path}: {str(error).splitlines()[0]}") from error
