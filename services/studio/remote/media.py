"""Files up and down, by digest: what is there is not sent, what broke off goes on."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from rostrum.director.v1.director_pb2 import MediaFile
from rostrum.director.v1.media_pb2 import (
    DownloadRequest,
    GetUploadRequest,
    UploadHead,
    UploadRequest,
)

from services.chassis.errors import Corrupt
from services.studio.remote.connection import Connection
from services.studio.remote.patience import patiently

PIECE_BYTES: Final = 512 * 1024
UPLOAD_SECONDS: Final = 600.0


def upload(connection: Connection, file: MediaFile, data: bytes) -> None:
    """Hand a file in, as far as it is not there. Raises StageError."""
    patiently(lambda: _upload(connection, file, data))


def _upload(connection: Connection, file: MediaFile, data: bytes) -> None:
    there = connection.ask(connection.media.GetUpload, GetUploadRequest(digest=file.digest))
    if not there.complete:
        parts = _parts(file, data, min(there.received_bytes, len(data)))
        connection.ask(connection.media.Upload, parts, UPLOAD_SECONDS)


def _parts(file: MediaFile, data: bytes, offset: int) -> Iterator[UploadRequest]:
    head = UploadHead(
        digest=file.digest,
        size_bytes=len(data),
        extension=file.extension,
        offset_bytes=offset,
    )
    yield UploadRequest(head=head)
    for start in range(offset, len(data), PIECE_BYTES):
        yield UploadRequest(data=data[start : start + PIECE_BYTES])


def download(connection: Connection, digest: str, part: Path) -> None:
    """Fetch a file into `part`, going on where it broke off. Raises StageError, OSError.

    What arrives is judged by its digest; Corrupt means that nothing is left there.
    """
    patiently(lambda: _download(connection, digest, part))
    if _digest_of(part) != digest:
        part.unlink()
        raise Corrupt(digest, "ASSET_DIGEST_MISMATCH")


def _download(connection: Connection, digest: str, part: Path) -> None:
    with part.open("ab") as file:
        request = DownloadRequest(digest=digest, offset_bytes=file.tell())
        for answer in connection.follow(connection.media.Download, request):
            file.write(answer.data)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        hashed = sha256()
        while piece := file.read(PIECE_BYTES):
            hashed.update(piece)
    return hashed.hexdigest()
