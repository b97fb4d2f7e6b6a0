"""Logs: one JSON line an event on standard error, whoever wrote it."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars

from services.chassis.telemetry.sieve import Sieve, kind_of

LEVELS: Final[Mapping[str, int]] = logging.getLevelNamesMapping()
QUIET: Final = ("kafka", "alembic", "sqlalchemy", "opentelemetry")
"""Libraries that tell more than an operator wants; their warnings are heard."""
MUTE: Final = ("kafka.net.selector",)
"""Tells when a busy machine was late by a tenth of a second; its errors are heard."""
SECRETS: Final = ("password", "secret", "token", "authorization", "credential", "private")
TEXTS: Final = ("script", "order", "request", "response", "data", "transcript")
"""Fields that would show what people wrote, or whole messages of it."""
LONGEST: Final = 8_000
HIDDEN: Final = "[hidden]"

Event = MutableMapping[str, Any]
Log = structlog.typing.FilteringBoundLogger


def get_log() -> Log:
    """Return what writes lines: log.info("task finished", seconds=1.2)."""
    log: Log = structlog.get_logger()
    return log


def bound(**ids: str) -> AbstractContextManager[None]:
    """Put ids on every line that this thread writes meanwhile; empty ones are left out."""
    return bound_contextvars(**{name: value for name, value in ids.items() if value})


def set_up(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Have all of this process's lines written as JSON, warnings and last words included.

    Call it before anything else is imported, so that what goes wrong there is such a line too, and
    again once settings are read. gRPC's core writes past it; it looks for GRPC_VERBOSITY when it is
    imported, and is silent unless that is set: our own lines tell of what fails. Of lines that say
    the same at WARNING or above, one passes in 10 s, with the count of those `held_back`.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    structlog.configure(
        processors=[
            merge_contextvars,
            structlog.processors.add_log_level,
            _write_exception,
            _Thin(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _Sign(service),
            _hide,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.captureWarnings(capture=True)
    logging.basicConfig(handlers=[_Foreign(Sieve())], level=LEVELS[level], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(LEVELS["WARNING"], LEVELS[level]))
    for name in MUTE:
        logging.getLogger(name).setLevel(LEVELS["ERROR"])
    sys.excepthook = _last_words
    threading.excepthook = _last_words_of_thread


class _Sign:
    """Says on every line who writes it."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        return {"service": self._service, "pid": os.getpid(), **event}


class _Thin:
    """Holds back warnings and errors that say again, word for word, what was just said."""

    def __init__(self) -> None:
        self._sieve = Sieve()

    def __call__(self, _logger: object, method: str, event: Event) -> Event:
        if LEVELS.get(method.upper(), 0) < logging.WARNING or "logger" in event:
            return event  # what libraries say has gone through a sieve of its own
        held = self._sieve.passes(repr(sorted(event.items(), key=lambda field: field[0])))
        if held is None:
            raise structlog.DropEvent
        return {**event, "held_back": held} if held else event


class _Foreign(logging.Handler):
    """Takes what libraries log through Python's own logging, one line of a kind at a time."""

    def __init__(self, sieve: Sieve) -> None:
        super().__init__()
        self._sieve = sieve

    def emit(self, record: logging.LogRecord) -> None:
        """Write a library's line as one of ours."""
        text = record.getMessage()
        held = self._sieve.passes((record.name, record.levelno, kind_of(text)))
        if held is not None:
            log = get_log().bind(logger=record.name, **({"held_back": held} if held else {}))
            log.log(record.levelno, text, exc_info=record.exc_info)


def _write_exception(_logger: object, _method: str, event: Event) -> Event:
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__name__}: {error}"
        event["trace_of_error"] = "".join(traceback.format_exception(error))
    return event


def _hide(_logger: object, _method: str, event: Event) -> Event:
    """Leave out what nobody should read in a log."""
    for name, value in event.items():
        if name in TEXTS or any(word in name.lower() for word in SECRETS):
            event[name] = HIDDEN
        elif isinstance(value, str) and len(value) > LONGEST:
            event[name] = f"{value[: LONGEST // 2]} … {value[-LONGEST // 2 :]}"
    return event


def _render(_logger: object, _method: str, event: Event) -> str:
    """Return one line of ASCII: no control character or line separator gets through."""
    return json.dumps(event, default=str, ensure_ascii=True)


def _last_words(
    _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    if isinstance(error, KeyboardInterrupt):
        return
    get_log().critical("nobody foresaw this", exc_info=error)


def _last_words_of_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
        get_log().critical("nobody foresaw this", exc_info=told.exc_value)
