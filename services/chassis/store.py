"""Objects under the digest of their bytes and results under the key of their task, written once."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from services.chassis.blobs import Blobs
from services.chassis.cache import Cache
from services.chassis.errors import Invalid, Transient
from services.chassis.names import DIGEST, REALM, digest_of
from services.chassis.places import open_place
from services.chassis.shelf import INTAKE, OBJECTS, Shelf, Stored, Stream
from services.chassis.traffic import Moved

__all__ = ["DIGEST", "PUBLIC", "Store", "Stored", "Stream", "digest_of"]

PUBLIC: Final = "public"
"""The realm whose objects every team may read."""
LEFTOVER: Final = re.compile(r".*#\d+")
"""How the folder store names a file while it is being written."""


class Store(Shelf):
    """One team's objects and results. Safe to share between processes over one folder or bucket.

    What it reads is what stages have written; files that callers handed in lie on a shelf of their
    own. Objects that the team does not have are read from the realm "public"; nothing is written
    there but by whoever opened it. Every call raises Transient where what lies beneath is away
    (STORAGE_UNAVAILABLE) or has no room (STORAGE_FULL).
    """

    def __init__(self, blobs: Blobs, realm: str = PUBLIC, cache: Cache | None = None) -> None:
        if not REALM.fullmatch(realm):
            raise Invalid("realm", "REALM_INVALID", "use lower-case letters, digits and hyphens")
        realms = tuple(dict.fromkeys([realm, PUBLIC]))
        super().__init__(blobs, OBJECTS, realms, cache)
        self.intake = Shelf(blobs, INTAKE, realms)
        """Files as they were handed in: for Import methods, who decode them in the sandbox, and for
        whoever handed them in. They are read once, so that no copies are kept."""

    @classmethod
    def open(
        cls,
        url: str,
        realm: str = PUBLIC,
        *,
        cache_folder: Path | None = None,
        cache_bytes: int = 0,
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> Store:
        """Open file:///path, s3://bucket/prefix, or memory://, which lives as long as the process.

        With a cache folder of some bytes, verified copies of what was read or written are kept
        there. `options` are S3's: see `places.OPTIONS`. Raises Invalid for any other address, for
        options nobody knows, and for an endpoint in the open.
        """
        cache = Cache(cache_folder, cache_bytes) if cache_folder and cache_bytes else None
        return cls(open_place(url, options), realm, cache)

    @classmethod
    def in_folder(cls, folder: Path, realm: str = PUBLIC) -> Store:
        """Open a store in a folder, which is made where it does not exist."""
        return cls(Blobs.in_folder(folder), realm)

    @classmethod
    def in_memory(cls, realm: str = PUBLIC) -> Store:
        """Make a store that lives as long as the process."""
        return cls(Blobs.in_memory(), realm)

    def in_realm(self, realm: str) -> Store:
        """Return another team's store in the same place."""
        return Store(self._blobs, realm, self._cache)

    def result(self, key: str) -> bytes | None:
        """Return what a task's key led to, or None where it was never done or was altered.

        A key is made with the realm in it, so nobody else's result could be meant.
        """
        record = self._blobs.read(self._result_path(key))
        if record is None:
            return None
        digest, response = record[:64], record[64:]
        return response if digest == digest_of(response).encode() else None

    def keep_result(self, key: str, response: bytes) -> bytes:
        """Accept a task's response, and return the one that stands: the first ever accepted."""
        record = digest_of(response).encode() + response
        self._write(
            self._result_path(key),
            record,
            lambda: self.result(key) is not None,
            lambda: self.forget_result(key),
        )
        accepted = self.result(key)
        if accepted is None:
            raise Transient(f"STORAGE_UNAVAILABLE: results/{key} was lost right after it was taken")
        return accepted

    def forget_result(self, key: str) -> None:
        """Drop a result whose outputs turned out to be missing or altered."""
        self._blobs.delete(self._result_path(key))

    @property
    def moved(self) -> Moved:
        """What was moved since the store was opened, in all realms that share it."""
        return self._blobs.traffic.moved

    def healthy(self) -> bool:
        """Return whether the folder or bucket answers."""
        return self._blobs.healthy(f"{self.realm}/healthy")

    def discard_leftovers(self, older_than_seconds: float) -> int:
        """Remove what writers that were killed left half written; return how many files.

        Only a folder has such files. Anything younger may still be in somebody's hands.
        """
        if self._blobs.folder is None:
            return 0
        before = time.time() - older_than_seconds
        realm = self._blobs.folder / self.realm
        left = [path for path in realm.glob("*/*#*") if LEFTOVER.fullmatch(path.name)]
        old = [path for path in left if path.lstat().st_mtime < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _result_path(self, key: str) -> str:
        return self._path(self.realm, "results", key, "key")
