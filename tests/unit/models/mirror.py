"""A source of files over https on this machine, which can be as bad as sources are."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import OpenerDirector

from services.models.fetching import open_web
from tests.unit.chassis.doors import Authority


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing: callers leave as soon as they have seen enough."""


class Mirror:
    """Serves `files` by path. What it was asked for is in `asked`: path and range."""

    def __init__(self, folder: Path) -> None:
        self.files: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}
        """Path -> the address it redirects to."""
        self.breaks: dict[str, int] = {}
        """Path -> after how many bytes the connection breaks; once."""
        self.deaf = False
        """Whether it gives whole files, whatever part is asked for."""
        self.lies = 0
        """How many bytes more it announces than it has."""
        self.asked: list[tuple[str, str]] = []
        authority = Authority(folder, "mirror")
        pair = authority.vouch("localhost")
        self._server = Server(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.opener: OpenerDirector = open_web(
            ssl.create_default_context(cafile=str(authority.certificate))
        )

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def address(self, path: str) -> str:
        return f"https://localhost:{self._server.server_port}{path}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def answer(self, call: BaseHTTPRequestHandler) -> None:
        wanted = call.headers.get("Range", "")
        self.asked.append((call.path, wanted))
        if call.path in self.moved:
            call.send_response(302)
            call.send_header("Location", self.moved[call.path])
            call.end_headers()
        elif call.path not in self.files:
            call.send_error(404)
        else:
            self._send(call, self.files[call.path], 0 if self.deaf else first_of(wanted))

    def _send(self, call: BaseHTTPRequestHandler, data: bytes, begin: int) -> None:
        if begin and begin >= len(data):
            call.send_error(416)
            return
        call.send_response(206 if begin else 200)
        if begin:
            call.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        call.send_header("Content-Length", str(len(data) - begin + self.lies))
        call.end_headers()
        end = self.breaks.pop(call.path, len(data))
        call.wfile.write(data[begin : max(begin, end)])


def first_of(wanted: str) -> int:
    """The first byte that a Range asks for."""
    return int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
