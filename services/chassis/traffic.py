"""Counts what a store moves, for metrics."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class Moved:
    """What was moved since a store was opened, by all its realms together."""

    cache_hits: int = 0
    cache_misses: int = 0
    read_bytes: int = 0
    """From the folder or bucket itself, those included that were read to verify them."""
    written_bytes: int = 0

    def since(self, earlier: Moved) -> Moved:
        """Return what was moved after an earlier count."""
        return Moved(
            self.cache_hits - earlier.cache_hits,
            self.cache_misses - earlier.cache_misses,
            self.read_bytes - earlier.read_bytes,
            self.written_bytes - earlier.written_bytes,
        )


class Traffic:
    """Adds up what is moved. For many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._moved = Moved()

    @property
    def moved(self) -> Moved:
        """What was moved so far."""
        return self._moved

    def add(self, more: Moved) -> None:
        """Add to it."""
        with self._lock:
            so_far = self._moved
            self._moved = Moved(
                so_far.cache_hits + more.cache_hits,
                so_far.cache_misses + more.cache_misses,
                so_far.read_bytes + more.read_bytes,
                so_far.written_bytes + more.written_bytes,
            )
