"""What is kept of pictures on the device, under their digests, up to so many bytes."""

from __future__ import annotations

from collections import OrderedDict

from services.models.runners import Features


class Kept:
    """Features by digest; those that nobody has asked for longest make room. Not for threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._by_digest: OrderedDict[bytes, Features] = OrderedDict()
        self.bytes = 0
        """What is kept now takes up."""

    def find(self, digest: bytes) -> Features | None:
        """Return what is kept under a digest."""
        if (found := self._by_digest.get(digest)) is not None:
            self._by_digest.move_to_end(digest)
        return found

    def keep(self, digest: bytes, features: Features) -> None:
        """Keep features, unless they alone are more than may be kept."""
        size = size_bytes(features)
        if digest in self._by_digest or size > self._most_bytes:
            return
        self._by_digest[digest] = features
        self.bytes += size
        while self.bytes > self._most_bytes:
            _, oldest = self._by_digest.popitem(last=False)
            self.bytes -= size_bytes(oldest)


def size_bytes(features: Features) -> int:
    """Return how much of the device's memory features take."""
    return sum(part.nbytes for part in features)
