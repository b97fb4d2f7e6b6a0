"""What tasks have led to: kept in the store for ever, and in memory while the director works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from services.chassis.errors import Corrupt
from services.chassis.fields import digests_in
from services.chassis.keys import task_key
from services.chassis.store import Store
from services.director.recipes import Step

R = TypeVar("R", bound=Message)

Fingerprint = Callable[[str, Message], str]
"""Stage and request -> fingerprint of the engine that answers it. Raises Invalid for none."""


class Results:
    """Results by task key. What is in the store is found by whoever asks for the same task."""

    def __init__(self, store: Store, fingerprint: Fingerprint) -> None:
        self._store = store
        self._fingerprint = fingerprint
        self._names: dict[tuple[str, bytes], tuple[str, str]] = {}
        self._known: dict[str, Message] = {}
        self._absent: set[str] = set()
        self._remade: dict[str, Sequence[str]] = {}

    def key_of(self, step: Step[R]) -> str:
        """Return the key of a step's task. Raises Invalid where no engine answers it."""
        return self._identify(step)[0]

    def fingerprint_of(self, step: Step[R]) -> str:
        """Return the fingerprint of the engine that answers a step."""
        return self._identify(step)[1]

    def find(self, step: Step[R]) -> R | None:
        """Return what a step led to, or None where that has to be found out first.

        The store is asked once for each task; a result whose outputs are gone counts for nothing.
        """
        key = self.key_of(step)
        if key not in self._known and key not in self._absent:
            self._load(key, step)
        response = self._known.get(key)
        return response if isinstance(response, step.response) else None

    def keep(self, key: str, response: R) -> R:
        """Accept a task's response and return the one that stands: the first ever accepted."""
        data = self._store.keep_result(key, response.SerializeToString(deterministic=True))
        standing = type(response).FromString(data)
        self._absent.discard(key)
        self._known[key] = standing
        return standing

    def repair(self, corrupt: Corrupt) -> bool:
        """See to it that an object is made again; return whether there is hope.

        Its bytes move to quarantine and the results that name it are forgotten, so that the recipe
        asks for their tasks anew. That happens once for each object: what comes back broken again
        is not the store's fault. Files from outside have no task that could make them again.
        """
        digest = corrupt.digest
        if self.intact(digest):
            return True
        if digest in self._remade:
            return any(key in self._absent for key in self._remade[digest])
        self._remade[digest] = makers = self.makers_of(digest)
        self.discard(digest, makers)
        return bool(makers)

    def expect(self, key: str) -> None:
        """Look for a task's result again, though it was not there before."""
        self._absent.discard(key)

    def intact(self, digest: str) -> bool:
        """Return whether an object is there and is what its digest says."""
        try:
            self._store.get(digest)
        except Corrupt:
            return False
        return True

    def makers_of(self, digest: str) -> list[str]:
        """Return the keys of the tasks, among those known here, whose results name an object."""
        return [key for key, known in self._known.items() if digest in digests_in(known)]

    def discard(self, digest: str, makers: Iterable[str]) -> None:
        """Put an object into quarantine and forget the results that name it."""
        self._store.quarantine(digest)
        for key in makers:
            self._forget(key)

    def _identify(self, step: Step[R]) -> tuple[str, str]:
        request = step.request
        said = (request.DESCRIPTOR.full_name, request.SerializeToString(deterministic=True))
        if said not in self._names:
            fingerprint = self._fingerprint(step.stage, request)
            key = task_key(self._store.realm, request, fingerprint)
            self._names[said] = (key, fingerprint)
        return self._names[said]

    def _load(self, key: str, step: Step[R]) -> None:
        response = self._read(key, step)
        if response is None:
            self._absent.add(key)
        elif all(map(self._store.has, digests_in(response))):
            self._known[key] = response
        else:
            self._forget(key)

    def _read(self, key: str, step: Step[R]) -> R | None:
        data = self._store.result(key)
        if data is None:
            return None
        try:
            return step.response.FromString(data)
        except DecodeError:
            self._forget(key)
            return None

    def _forget(self, key: str) -> None:
        with suppress(FileNotFoundError):  # another director was faster
            self._store.forget_result(key)
        self._known.pop(key, None)
        self._absent.add(key)
