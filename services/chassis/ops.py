"""The ops port: metrics, life and readiness over plain HTTP; no names, texts or media."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self

from prometheus_client import CONTENT_TYPE_LATEST

from services.chassis.addresses import split, with_port
from services.chassis.errors import Invalid, StageError
from services.chassis.telemetry.metrics import Metrics

PLAIN: Final = "text/plain; charset=utf-8"
REQUEST_SECONDS: Final = 5.0

Checks = Mapping[str, Callable[[], bool]]
"""By a word of ours ("bus", "store", "database", "engine"): whether it works. Each is quick."""


def announce(service: str, **addresses: str) -> None:
    """Say on standard output, in one line of JSON, that a service is ready, and at which doors.

    Whoever started it with port 0 reads the ports here: {"event": "ready", "service": …, "pid": …,
    "listen": "127.0.0.1:41327", "ops": "127.0.0.1:40211"}.
    """
    said = {"event": "ready", "service": service, "pid": os.getpid(), **addresses}
    sys.stdout.write(f"{json.dumps(said)}\n")
    sys.stdout.flush()


class Ops:
    """Serves the ops port while it is entered.

    `live` says whether the process should go on living, `ready` whether it should be asked.
    Making it raises Invalid for an address that cannot be had.
    """

    def __init__(self, listen: str, metrics: Metrics, ready: Checks, live: Checks) -> None:
        try:
            self._server = _Server(split(listen), metrics, {"/readyz": ready, "/livez": live})
        except OSError as error:
            remedy = f"{listen}: {error.strerror}"
            raise Invalid("ROSTRUM_OPS_LISTEN", "ADDRESS_UNUSABLE", remedy) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="ops", daemon=True)
        self.address: str = with_port(listen, self._server.server_address[1])
        """Where it is served, with the port it got."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16

    def __init__(
        self, address: tuple[str, int], metrics: Metrics, checks: Mapping[str, Checks]
    ) -> None:
        self.metrics = metrics
        self.checks = checks
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over a caller that went away."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "rostrum"
    sys_version = ""
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        """Answer one of the three paths."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(HTTPStatus.OK, self.server.metrics.text(), CONTENT_TYPE_LATEST)
        elif path in self.server.checks:
            failing = failing_checks(self.server.checks[path])
            status = HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK
            text = f"waits for {', '.join(failing)}\n" if failing else "ok\n"
            self._answer(status, text.encode(), PLAIN)
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"/metrics, /livez, /readyz\n", PLAIN)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Log no scrapes."""

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def failing_checks(checks: Checks) -> list[str]:
    """Return the words of those that do not hold."""
    return [word for word, holds in checks.items() if not _holds(holds)]


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (StageError, OSError):
        return False
