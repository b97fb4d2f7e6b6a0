"""Files up and down, by digest: what is there is not sent, what broke off goes on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rostrum.director.v1.director_pb2 import MediaFile
from rostrum.director.v1.media_pb2 import (
    DownloadRequest,
    GetUploadRequest,
    UploadHead,
    UploadRequest,
)

from services.client.connection import Connection
from services.client.errors import RostrumError
from services.client.patience import Attempts

PIECE_BYTES: Final = 512 << 10
GO_ON: Final = frozenset({"UPLOAD_OFFSET_INVALID", "UPLOAD_INCOMPLETE"})
"""What another look at how much has arrived mends."""


def upload(connection: Connection, path: Path) -> MediaFile:
    """Hand a file in, as far as it is not there, and return its name in orders."""
    extension = path.suffix.lower().removeprefix(".")
    head = UploadHead(digest=digest_of(path), size_bytes=path.stat().st_size, extension=extension)
    attempts, arrived = Attempts(connection.patience), 0
    while True:
        try:
            there = connection.try_once(
                connection.media.GetUpload, GetUploadRequest(digest=head.digest)
            )
            if there.received_bytes > arrived:
                arrived = there.received_bytes
                attempts.succeeded()
            head.offset_bytes = min(there.received_bytes, head.size_bytes)
            seconds = connection.patience.stream_seconds
            sent = [UploadRequest(head=head)] if there.complete else _parts(head, path)
            connection.try_once(connection.media.Upload, iter(sent), seconds)
        except RostrumError as error:
            error.retryable |= error.reason in GO_ON
            attempts.failed(error)
        else:
            return MediaFile(digest=head.digest, extension=extension)


def download(connection: Connection, digest: str, path: Path) -> Path:
    """Fetch a file to path, whole or not at all; what a call before this one left goes on."""
    if path.is_file() and digest_of(path) == digest:
        return path
    part = path.with_name(f".{path.name}.{digest[:16]}.part")
    _fetch(connection, digest, part)
    if digest_of(part) != digest:  # what was left here was not the file's beginning
        part.unlink()
        _fetch(connection, digest, part)
    if digest_of(part) != digest:
        part.unlink()
        remedy = "what came is not what was asked for; fetch it again"
        raise RostrumError("ASSET_DIGEST_MISMATCH", remedy)
    _settle(part, path)
    return path


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 lower-case hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parts(head: UploadHead, path: Path) -> Iterator[UploadRequest]:
    yield UploadRequest(head=head)
    with path.open("rb") as file:
        file.seek(head.offset_bytes)
        while piece := file.read(PIECE_BYTES):
            yield UploadRequest(data=piece)


def _fetch(connection: Connection, digest: str, part: Path) -> None:
    attempts = Attempts(connection.patience)
    with part.open("ab") as file:
        while True:
            request = DownloadRequest(digest=digest, offset_bytes=file.tell())
            try:
                for answer in connection.stream(connection.media.Download, request):
                    file.write(answer.data)
                    attempts.succeeded()
            except RostrumError as error:
                if error.reason == "OFFSET_OUT_OF_RANGE" and file.tell():
                    file.seek(0)
                    file.truncate()
                else:
                    attempts.failed(error)
            else:
                return


def _settle(part: Path, path: Path) -> None:
    """Give a file that is whole its name, so that it is there after a power cut."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
