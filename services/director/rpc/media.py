"""The door Media: files in and out, by digest, within the caller's team."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Final

from rostrum.director.v1 import media_pb2 as pb

from services.chassis.calls import Call
from services.chassis.door import Door, Function, door
from services.chassis.errors import Corrupt, Invalid
from services.chassis.names import check_digest
from services.chassis.shelf import Shelf
from services.chassis.status import Refused
from services.chassis.store import Store
from services.director import assets
from services.director.kinds import HEAD_BYTES, Kind, check_extension, check_head, check_length
from services.director.rpc.desk import Desk
from services.director.uploads import Part, Uploads


@dataclass(frozen=True)
class Limits:
    """How much may be handed in."""

    team_bytes: int = 100 << 30
    """By one team, over all."""
    uploads: int = 8
    """At a time; each holds one of the server's threads, and calls need some too."""
    team_uploads: int = 4
    """At a time, by one team."""


USUAL: Final = Limits()


class Media:
    """Answers the methods of Media. For many threads; memory does not grow with files.

    What is handed in lies apart from what stages write. A team's files are both in its realm of the
    store, and what is published to all, but for outputs that are withheld.
    """

    def __init__(
        self,
        store: Store,
        desk: Desk,
        uploads: Uploads,
        limits: Limits = USUAL,
    ) -> None:
        self._store = store
        self._desk = desk
        self._uploads = uploads
        self._limits = limits
        self._coming: dict[tuple[str, str], int] = {}
        self._lock = Lock()

    def door(self) -> Door:
        """Return the methods under the names that the proto gives them."""
        functions: dict[str, Function] = {
            "Upload": self.upload,
            "GetUpload": self.get_upload,
            "Download": self.download,
        }
        return door(pb.DESCRIPTOR.services_by_name["Media"], functions)

    def upload(self, requests: Iterator[pb.UploadRequest], call: Call) -> pb.UploadResponse:
        """Take a file in. Raises Invalid, Refused and what a store raises."""
        head = _head_of(requests)
        kind = check_extension(head.extension)
        check_length(kind, head.size_bytes)
        self._uploads.discard_old()
        if not self._is_there(call.team, head, kind):
            with self._uploads.open(call.team, head.digest) as part, self._counted(call.team, head):
                _receive(part, head, kind, requests)
                self._keep(call.team, head, part)
        with self._desk.writing() as connection:
            assets.remember(connection, call.team, head, self._desk.now_ms())
        return pb.UploadResponse(digest=head.digest, size_bytes=head.size_bytes)

    def get_upload(self, request: pb.GetUploadRequest, call: Call) -> pb.GetUploadResponse:
        """Return how much of a file has arrived. Raises Invalid for what is no digest."""
        check_digest(request.digest, "digest")
        if self._intake(call.team).has(request.digest):
            return pb.GetUploadResponse(complete=True)
        received = self._uploads.received_bytes(call.team, request.digest)
        return pb.GetUploadResponse(received_bytes=received)

    def download(self, request: pb.DownloadRequest, call: Call) -> Iterator[pb.DownloadResponse]:
        """Yield a file from an offset on; it has been verified before the first byte leaves.

        Raises Invalid for what is not there and for an offset behind its end, Corrupt where it was
        altered.
        """
        check_digest(request.digest, "digest")
        with self._desk.reading() as connection:
            withheld = assets.is_withheld(connection, call.team, request.digest)
        store = self._store.in_realm(call.team)
        shelf = store if store.has(request.digest) else store.intake
        if withheld or not shelf.has(request.digest):
            remedy = "no file of yours has this digest"
            raise Invalid("digest", "ASSET_NOT_FOUND", remedy)
        with _quarantining(shelf):
            stream = shelf.stream(request.digest, request.offset_bytes)
        size_bytes = stream.size_bytes
        for piece in stream.pieces:
            yield pb.DownloadResponse(data=piece, size_bytes=size_bytes)
            size_bytes = 0  # said once
        if size_bytes:
            yield pb.DownloadResponse(size_bytes=size_bytes)

    def _is_there(self, team: str, head: pb.UploadHead, kind: Kind) -> bool:
        """Return whether the file was handed in already, unaltered and such as the head says."""
        intake = self._intake(team)
        if not intake.has(head.digest):
            return False
        try:
            with _quarantining(intake):
                stream = intake.stream(head.digest)
        except Corrupt:
            return False
        if stream.size_bytes != head.size_bytes:
            remedy = f"the file with this digest has {stream.size_bytes} bytes"
            raise Invalid("head.size_bytes", "UPLOAD_SIZE_MISMATCH", remedy)
        check_head(kind, next(stream.pieces)[:HEAD_BYTES])
        return True

    def _keep(self, team: str, head: pb.UploadHead, part: Part) -> None:
        part.flush()
        try:
            self._intake(team).put_file(part.path, head.digest, lasting=True)
        except Invalid as refusal:
            part.discard()
            raise refusal.under("head.digest") from None
        part.discard()

    def _intake(self, team: str) -> Shelf:
        return self._store.in_realm(team).intake

    @contextmanager
    def _counted(self, team: str, head: pb.UploadHead) -> Iterator[None]:
        """Hold room for a file while it comes in. Raises Invalid and Refused where there is none.

        What has arrived of other files, and what is announced of them, counts as handed in.
        """
        with self._desk.reading() as connection:
            stored = assets.stored_bytes(connection, team)
        with self._lock:
            coming = {
                digest: size for (whose, digest), size in self._coming.items() if whose == team
            }
            if (
                len(self._coming) >= self._limits.uploads
                or len(coming) >= self._limits.team_uploads
            ):
                raise Refused("BUSY", "too many files come in at the moment", 2.0)
            others = {**self._uploads.sizes(team), **coming, head.digest: head.size_bytes}
            if stored + sum(others.values()) > self._limits.team_bytes:
                remedy = f"a team may hand in {self._limits.team_bytes:,} bytes; remove some first"
                raise Invalid("head.size_bytes", "QUOTA_STORAGE", remedy)
            self._coming[team, head.digest] = head.size_bytes
        try:
            yield
        finally:
            with self._lock:
                self._coming.pop((team, head.digest), None)


def _head_of(requests: Iterator[pb.UploadRequest]) -> pb.UploadHead:
    first = next(requests, None)
    if first is None or first.WhichOneof("part") != "head":
        raise Invalid("head", "FIELD_REQUIRED", "begin with the head, then send bytes")
    check_digest(first.head.digest, "head.digest")
    return first.head


def _receive(
    part: Part, head: pb.UploadHead, kind: Kind, requests: Iterator[pb.UploadRequest]
) -> None:
    """Write what a call brings behind what has arrived. Raises Invalid where it does not fit."""
    _go_on(part, head)
    received, looked_at = part.received_bytes, False
    while True:
        if not looked_at and received >= min(HEAD_BYTES, head.size_bytes):
            _check_beginning(part, kind)
            looked_at = True
        if (request := next(requests, None)) is None:
            break
        if request.WhichOneof("part") != "data":
            raise Invalid("head", "FIELD_REPEATED", "send the head once, then bytes alone")
        received += len(request.data)
        if received > head.size_bytes:
            part.discard()
            remedy = f"more than the {head.size_bytes} bytes that were announced have come"
            raise Invalid("head.size_bytes", "UPLOAD_SIZE_MISMATCH", remedy)
        part.append(request.data)
    if received < head.size_bytes:
        remedy = f"{received} of {head.size_bytes} bytes have arrived; go on from there"
        raise Invalid("data", "UPLOAD_INCOMPLETE", remedy)


def _go_on(part: Part, head: pb.UploadHead) -> None:
    received = part.received_bytes
    if head.offset_bytes not in (0, received):
        remedy = f"{received} bytes have arrived; begin there, or at 0"
        raise Invalid("head.offset_bytes", "UPLOAD_OFFSET_INVALID", remedy)
    if head.offset_bytes == 0:
        part.restart()


def _check_beginning(part: Part, kind: Kind) -> None:
    try:
        check_head(kind, part.head(HEAD_BYTES))
    except Invalid:
        part.discard()
        raise


@contextmanager
def _quarantining(shelf: Shelf) -> Iterator[None]:
    """Move an object away that turns out to be altered, so that it can be made anew."""
    try:
        yield
    except Corrupt as corrupt:
        shelf.quarantine(corrupt.digest)
        raise
