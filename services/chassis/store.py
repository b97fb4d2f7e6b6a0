"""Objects under the digest of their bytes and results under the key of their task, written once."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore

from services.chassis.errors import Corrupt, Invalid, Transient

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
REALM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of data as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


class Store:
    """One team's objects and results. Safe to share between processes over one folder.

    Every read is checked against its digest. Nothing is ever overwritten: a second put of the same
    bytes finds the first.
    """

    def __init__(self, objects: ObjectStore, realm: str = "public") -> None:
        if not REALM.fullmatch(realm):
            raise Invalid("realm", "REALM_INVALID", "use lower-case letters, digits and hyphens")
        self._objects = objects
        self.realm = realm

    @classmethod
    def in_folder(cls, folder: Path, realm: str = "public") -> Store:
        """Open a store in a folder, which is made where it does not exist."""
        return cls(LocalStore(prefix=folder, mkdir=True), realm)

    @classmethod
    def in_memory(cls, realm: str = "public") -> Store:
        """Make a store that lives as long as the process."""
        return cls(MemoryStore(), realm)

    def put(self, data: bytes) -> str:
        """Store data and return its digest."""
        digest = digest_of(data)
        self._create(self._object_path(digest), data)
        return digest

    def get(self, digest: str) -> bytes:
        """Return an object's bytes. Raises Corrupt where they are missing or altered."""
        try:
            data = bytes(obstore.get(self._objects, self._object_path(digest)).bytes())
        except FileNotFoundError:
            raise Corrupt(digest, "ASSET_NOT_FOUND") from None
        if digest_of(data) != digest:
            raise Corrupt(digest, "ASSET_DIGEST_MISMATCH")
        return data

    def has(self, digest: str) -> bool:
        """Return whether the object is there; its bytes are not looked at."""
        try:
            obstore.head(self._objects, self._object_path(digest))
        except FileNotFoundError:
            return False
        return True

    def put_file(self, path: Path) -> str:
        """Store a file's bytes and return their digest."""
        return self.put(path.read_bytes())

    def fetch(self, digest: str, path: Path) -> Path:
        """Write a verified copy of an object to path, and return path."""
        path.write_bytes(self.get(digest))
        return path

    def result(self, key: str) -> bytes | None:
        """Return what a task's key led to, or None where it was never done."""
        try:
            return bytes(obstore.get(self._objects, self._result_path(key)).bytes())
        except FileNotFoundError:
            return None

    def keep_result(self, key: str, response: bytes) -> bytes:
        """Accept a task's response, and return the one that stands: the first ever accepted."""
        self._create(self._result_path(key), response)
        accepted = self.result(key)
        if accepted is None:
            raise Transient(f"the store lost results/{key} right after taking it")
        return accepted

    def forget_result(self, key: str) -> None:
        """Drop a result whose outputs turned out to be missing or altered."""
        obstore.delete(self._objects, self._result_path(key))

    def quarantine(self, digest: str) -> None:
        """Move an altered object out of the way, so that its producer can write it anew."""
        path = self._object_path(digest)
        try:
            obstore.rename(self._objects, path, f"{self.realm}/quarantine/{digest}")
        except FileNotFoundError:
            return

    def _create(self, path: str, data: bytes) -> None:
        try:
            obstore.put(self._objects, path, data, mode="create")
        except AlreadyExistsError:
            return
        except BaseError as error:
            raise Transient(f"STORAGE_UNAVAILABLE: {path}: {error}") from error

    def _object_path(self, digest: str) -> str:
        return f"{self.realm}/objects/{_hexadecimal(digest, 'digest')}"

    def _result_path(self, key: str) -> str:
        return f"{self.realm}/results/{_hexadecimal(key, 'key')}"


def _hexadecimal(text: str, field: str) -> str:
    if not DIGEST.fullmatch(text):
        remedy = "an object is named by 64 lower-case hexadecimal digits; no path, no address"
        raise Invalid(field, "URL_NOT_ALLOWED" if "://" in text else "OBJECT_KEY_INVALID", remedy)
    return text
