"""Weights on their way in: downloaded or copied, measured as they come, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import ssl
import stat
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from services.chassis.errors import Invalid, Transient, Violation
from services.models.manifest import WeightsFile
from services.models.shelf import Shelf, check_digest, check_size

Told = Callable[[WeightsFile, int], None]
"""Hears how many bytes of a file have come."""

PIECE_BYTES: Final = 1 << 20
SILENCE_SECONDS: Final = 30
"""A source that says nothing for so long is away."""
ATTEMPTS: Final = 3
"""In a row at one source that breaks off; what has come is kept."""
BUSY: Final = frozenset({408, 429})
RANGE_BEYOND_END: Final = 416
SERVERS_FAULT: Final = 500
"""From here on a status is the server's trouble; below, the file is not to be had there."""


def fetch(file: WeightsFile, shelf: Shelf, opener: OpenerDirector, told: Told) -> None:
    """Download a file from the first source that has it; go on where an earlier call broke off.

    Raises Invalid where sources are gone or have other bytes, Transient where all are just away.
    """
    with shelf.locked(file.name):
        if _is_here(file, shelf):
            return
        with Arrival(file, shelf) as arrival:
            if not any(_come_from(each, arrival, opener, told) for each in file.sources):
                raise arrival.trouble()


def copy(file: WeightsFile, folder: Path, shelf: Shelf, told: Told) -> None:
    """Take a file from a folder, under the name it was published as. Raises Invalid."""
    with shelf.locked(file.name):
        if _is_here(file, shelf):
            return
        with Arrival(file, shelf) as arrival:
            arrival.restart()
            for piece in _pieces_of(file, folder / file.file):
                arrival.take(piece)
                told(file, arrival.count)
            arrival.finish()


def open_web(context: ssl.SSLContext | None = None) -> OpenerDirector:
    """Return what opens https addresses, and redirects to such, and nothing else."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPSHandler(context=context),
        HTTPErrorProcessor(),
        HTTPDefaultErrorHandler(),
        HttpsRedirects(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


class HttpsRedirects(HTTPRedirectHandler):
    """Follows redirects to https alone."""

    def redirect_request(  # noqa: PLR0913, PLR0917 - urllib's signature
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Return the request to go on with. Raises HTTPError where it would leave https."""
        if urlsplit(newurl).scheme != "https":
            raise HTTPError(req.full_url, code, "it sends us away from https", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Away(Exception):
    """A source does not answer, or broke off; it may be well again later."""


class Gone(Exception):
    """A source does not have the file, or not for us."""


class Arrival:
    """A file as far as it has come: counted and digested piece by piece, never beyond its limit."""

    def __init__(self, file: WeightsFile, shelf: Shelf) -> None:
        self.file = file
        self._partial = shelf.partial(file)
        self._whole = shelf.original(file)
        self._complaints: list[Violation] = []
        self._away: list[str] = []

    def __enter__(self) -> Self:
        self._partial.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self._partial.open("a+b")
        self._stream.seek(0)
        self._begin()
        while piece := self._stream.read(PIECE_BYTES):
            self._digest.update(piece)
            self.count += len(piece)
        if self.count > self.file.most_bytes:
            self.restart()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()
        if isinstance(error, Invalid) or not self.count:
            self._partial.unlink(missing_ok=True)

    def take(self, piece: bytes) -> None:
        """Keep the next bytes. Raises Invalid where they are more than the file has."""
        if self.count + len(piece) > self.file.most_bytes:
            check_size(self.file, self.count + len(piece))
        self._stream.write(piece)
        self._digest.update(piece)
        self.count += len(piece)

    def restart(self) -> None:
        """Throw away what has come."""
        self._stream.truncate(0)
        self._begin()

    def finish(self) -> None:
        """Make it the original. Raises Invalid where it is not the published file."""
        check_size(self.file, self.count)
        check_digest(self.file, self._digest.hexdigest())
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._partial.replace(self._whole)

    def note(self, source: str, trouble: Away | Gone | Invalid) -> None:
        """Remember why a source did not help."""
        host = urlsplit(source).hostname
        if isinstance(trouble, Away):
            self._away.append(f"{host}: {trouble}")
        elif isinstance(trouble, Gone):
            remedy = f"{host}: {trouble}; get {self.file.file} elsewhere, and use --from FOLDER"
            self._complaints.append(Violation(self.file.name, "WEIGHTS_SOURCE_GONE", remedy))
        else:
            told = (Violation(v.field, v.reason, f"{host}: {v.remedy}") for v in trouble.violations)
            self._complaints.extend(told)

    def trouble(self) -> Invalid | Transient:
        """Return why no source helped."""
        if self._away:
            others = (str(complaint) for complaint in self._complaints)
            return Transient(f"{self.file.name}: {'; '.join([*self._away, *others])}")
        return Invalid.every(self._complaints)

    def _begin(self) -> None:
        self._digest = hashlib.sha256()
        self.count = 0


def _is_here(file: WeightsFile, shelf: Shelf) -> bool:
    try:
        shelf.check_original(file)
    except Invalid:
        return False  # missing or altered: it is fetched, and takes the other's place
    return True


def _come_from(source: str, arrival: Arrival, opener: OpenerDirector, told: Told) -> bool:
    """Return whether the file is here, whole, after asking this source; else note why not."""
    resumed = arrival.count > 0
    try:
        _download(source, arrival, opener, told)
        arrival.finish()
    except (Away, Gone) as trouble:
        arrival.note(source, trouble)
        return False
    except Invalid as trouble:
        arrival.restart()
        if resumed:  # the wrong bytes may have come from elsewhere, before
            return _come_from(source, arrival, opener, told)
        arrival.note(source, trouble)
        return False
    return True


def _download(source: str, arrival: Arrival, opener: OpenerDirector, told: Told) -> None:
    """Bring in all that is still to come. Raises Away, Gone, or Invalid for more than there is."""
    for attempt in range(ATTEMPTS):
        before = arrival.count
        try:
            _download_once(source, arrival, opener, told)
        except Away:
            if attempt == ATTEMPTS - 1 or arrival.count <= before:
                raise
        else:
            return


def _download_once(source: str, arrival: Arrival, opener: OpenerDirector, told: Told) -> None:
    if arrival.count == arrival.file.size_bytes:
        return
    with _ask(source, arrival.count, opener) as response:
        if not _goes_on_at(arrival.count, response):
            arrival.restart()
        whole = _announced(arrival.count, response)
        if whole is not None:
            check_size(arrival.file, whole)
        while piece := _read(response):
            arrival.take(piece)
            told(arrival.file, arrival.count)
    if whole is not None and arrival.count < whole:
        raise Away(f"it broke off after {arrival.count:,} of {whole:,} bytes")


def _ask(source: str, begin: int, opener: OpenerDirector) -> HTTPResponse:
    headers = {"User-Agent": "rostrum"} | ({"Range": f"bytes={begin}-"} if begin else {})
    try:
        response = opener.open(Request(source, headers=headers), timeout=SILENCE_SECONDS)  # noqa: S310 - this opener knows https alone
    except HTTPError as error:
        error.close()
        if error.code == RANGE_BEYOND_END and begin:
            return _ask(source, 0, opener)
        kind = Away if error.code in BUSY or error.code >= SERVERS_FAULT else Gone
        raise kind(f"{error.reason} ({error.code})") from None
    except (OSError, HTTPException) as error:
        raise Away(str(error) or type(error).__name__) from None
    assert isinstance(response, HTTPResponse)
    return response


def _goes_on_at(begin: int, response: HTTPResponse) -> bool:
    said = response.headers.get("Content-Range", "")
    return response.status == HTTPStatus.PARTIAL_CONTENT and said.startswith(f"bytes {begin}-")


def _announced(begin: int, response: HTTPResponse) -> int | None:
    length = response.headers.get("Content-Length", "")
    return begin + int(length) if length.isdecimal() else None


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read(PIECE_BYTES)
    except (OSError, HTTPException) as error:
        raise Away(str(error) or type(error).__name__) from None


def _pieces_of(file: WeightsFile, path: Path) -> Iterator[bytes]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Invalid(file.name, "WEIGHTS_NOT_THERE", f"{path}: {error.strerror}") from None
    with os.fdopen(handle, "rb") as stream:
        state = os.fstat(stream.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise Invalid(file.name, "WEIGHTS_NOT_THERE", f"{path} is not a regular file")
        check_size(file, state.st_size)
        while piece := stream.read(PIECE_BYTES):
            yield piece
