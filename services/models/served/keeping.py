"""What is kept of pictures on the device, under their digests, up to so many bytes."""

from __future__ import annotations

from random import Random

from services.models.runners import Features


class Kept:
    """Features by digest; where room is wanted, lots say what goes. Not for threads.

    A loop is asked for from end to end, again and again. If it is a little longer than what may be
    kept, the longest unused would ever be the next one wanted, and nothing would be found at all;
    by lot most of it is, and a new loop still takes the place of an old one.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._by_digest: dict[bytes, Features] = {}
        self._digests: list[bytes] = []
        self._lots = Random(0)  # noqa: S311  # nobody need be surprised
        self.bytes = 0
        """What is kept now takes up."""

    def find(self, digest: bytes) -> Features | None:
        """Return what is kept under a digest."""
        return self._by_digest.get(digest)

    def keep(self, digest: bytes, features: Features) -> None:
        """Keep features, unless they alone are more than may be kept."""
        size = size_bytes(features)
        if digest in self._by_digest or size > self._most_bytes:
            return
        while self.bytes + size > self._most_bytes:
            self._drop_one()
        self._by_digest[digest] = features
        self._digests.append(digest)
        self.bytes += size

    def _drop_one(self) -> None:
        at = self._lots.randrange(len(self._digests))
        self._digests[at], self._digests[-1] = self._digests[-1], self._digests[at]
        self.bytes -= size_bytes(self._by_digest.pop(self._digests.pop()))


def size_bytes(features: Features) -> int:
    """Return how much of the device's memory features take."""
    return sum(part.nbytes for part in features)
