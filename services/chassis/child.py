"""A child process: does one task at a time for its parent, and ends with it."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from google.protobuf.any_pb2 import Any as Envelope
from google.protobuf.message import Message

from services.chassis.answers import (
    Answer,
    Bug,
    Ready,
    Work,
    is_bug,
    read_work,
    write_answer,
    write_error,
    write_ready,
)
from services.chassis.engines import Engines
from services.chassis.errors import Corrupt, Invalid, StageError, Transient
from services.chassis.store import Store

PR_SET_PDEATHSIG: Final = 1
REALMS: Final = 16
"""Stores of so many teams are kept: stages remember what they read by the store it came from."""
NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)

Method = tuple[type[Message], Callable[[Any, Store], Message]]
Span = Callable[[Work, str], AbstractContextManager[None]]


@dataclass(frozen=True)
class Offer:
    """What a child can do; made in the child, where engines may be loaded."""

    method: Callable[[str], Method]
    """Returns type and function by the full name of a request. Raises KeyError for none."""
    ready: Ready = field(default_factory=Ready)
    """What the parent is told of it."""
    probe: Callable[[Store], Message] | None = None
    """Puts what it reads into a store, and returns a request. It is answered once before the first
    task, so that all is loaded and works."""


@dataclass(frozen=True)
class Sight:
    """What a child shows of itself, as its service does."""

    service: str
    log_level: str = "INFO"
    traces: str = ""
    """OTLP endpoint; empty: none."""


@dataclass(frozen=True)
class Setup:
    """What a child is started with. It is pickled: functions are top-level ones, or partials."""

    open_offer: Callable[[], Offer]
    open_store: Callable[[], Store]
    """Opens the store; each task then works in its team's realm of it."""
    log: Path | None = None
    """Where what libraries print goes; None: to the parent's log where it shows anything of
    itself, else to the parent's own streams."""
    scratch: Path | None = None
    """Folder that children have their temporary folders in; None: the system's."""
    sight: Sight | None = None
    """What it shows of itself; None: nothing."""


def offer_of(package: str) -> Offer:
    """Return what a stage of ours offers, for example that of "services.lipsync"."""
    loaded = import_module(f"{package}.engines")
    engines: Engines[Any] = loaded.load()
    stage = import_module(f"{package}.stage")
    methods = stage.methods(engines)
    named = {kind.DESCRIPTOR.full_name: (kind, method) for kind, method in methods.items()}
    prints = tuple((name, engines.pick(name).fingerprint) for name in engines.names())
    return Offer(named.__getitem__, Ready(prints, tuple(sorted(named))), stage.probe)


def serve(
    connection: Connection,
    setup: Setup,
    folder: Path | None,
    parent: int,
    printed: Connection | None = None,
) -> None:
    """Do tasks until the parent closes the connection or dies, or until a bug shows.

    printed: where what libraries print goes, where that is the parent's log.
    """
    die_with(parent)
    if setup.log is not None:
        write_to(setup.log)
    if folder is not None:
        work_in(folder)
    span, close = open_sight(setup.sight, print_to(printed) if printed is not None else 2)
    try:
        offer, store = setup.open_offer(), setup.open_store()
        warm_up(offer)
    except Exception as error:  # noqa: BLE001  # the parent says it; nothing works here
        connection.send_bytes(write_error(_ours(error)))
        return
    connection.send_bytes(write_ready(offer.ready))
    realm = lru_cache(REALMS)(store.in_realm)
    with suppress(EOFError):
        while True:
            answer = answer_to(connection.recv_bytes(), offer, realm, span)
            if folder is not None:
                empty(folder)
            connection.send_bytes(answer)
            if is_bug(answer):
                break
    close()


def open_sight(sight: Sight | None, log: int = 2) -> tuple[Span, Callable[[], None]]:
    """Return what is entered around each task, and what is called at the end.

    log: descriptor that log lines are written to.
    """
    if sight is None:
        return lambda _work, _name: nullcontext(), lambda: None
    from services.chassis.telemetry import logs, traces  # noqa: PLC0415  # not on one machine

    stream = os.fdopen(log, "w", encoding="ascii", closefd=False)
    logs.set_up(sight.service, sight.log_level, stream)
    opened = traces.open_traces(sight.service, sight.traces)

    @contextmanager
    def span(work: Work, name: str) -> Iterator[None]:
        ids = {"task": work.key, "team": work.team, **work.ids}
        with logs.bound(**ids), opened.span(name, work.trace, "consumer", **ids):
            yield

    return span, opened.close


def warm_up(offer: Offer) -> None:
    """Answer the probe of an offer, over a store that is thrown away."""
    if offer.probe is not None:
        store = Store.in_memory()
        request = offer.probe(store)
        _, method = offer.method(request.DESCRIPTOR.full_name)
        method(request, store)


def answer_to(data: bytes, offer: Offer, realm: Callable[[str], Store], span: Span) -> bytes:
    """Do a task, and return what the parent is told of it. realm: opens a team's store."""
    work, envelope = read_work(data)
    try:
        with span(work, envelope.TypeName()):
            answer = do(work, envelope, offer, realm(work.team))
    except Exception as error:  # noqa: BLE001  # reported; a bug ends the process
        return write_error(_ours(error))
    return write_answer(answer)


def do(work: Work, envelope: Envelope, offer: Offer, store: Store) -> Answer:
    """Return the answer that stands for a task: what was ever accepted first, else ours."""
    before = store.moved
    if not work.anew and (standing := store.result(work.key)) is not None:
        return Answer(standing, 0.0, 0.0, reused=True, moved=store.moved.since(before))
    kind, method = offer.method(envelope.TypeName())
    wall, cpu = time.monotonic(), cpu_seconds()
    try:
        response = method(kind.FromString(envelope.value), store)
    except Corrupt as error:
        prove(store, error)
        raise
    standing = store.keep_result(work.key, response.SerializeToString(deterministic=True))
    took = (time.monotonic() - wall, cpu_seconds() - cpu)
    return Answer(standing, *took, moved=store.moved.since(before))


def prove(store: Store, error: Corrupt) -> None:
    """Move an object that is altered out of the way. Raises Transient if it is whole after all."""
    shelf = store.intake if error.handed_in else store
    try:
        shelf.get(error.digest)
    except Corrupt:
        shelf.quarantine(error.digest)
    else:
        raise Transient(f"STORAGE_UNAVAILABLE: {error.digest} was read wrong, once") from error


def die_with(parent: int) -> None:
    """Have the kernel end this process, and leave the terminal's Ctrl-C to the parent.

    The process leads a session of its own, so that the parent can end it with all it has started.
    The kernel ends it when the parent's thread that started it ends: one that lives as long.
    """
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it died before the call


def write_to(log: Path) -> None:
    """Let what libraries print go to the log: the terminal is the parent's."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)


def print_to(parent: Connection) -> int:
    """Let what libraries print go to the parent; return what was standard error."""
    kept = os.dup(2)
    for stream in (1, 2):
        os.dup2(parent.fileno(), stream)
    parent.close()
    return kept


def work_in(folder: Path) -> None:
    """Have temporary files made in a folder, by this process and by what it starts."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # so that it is looked up anew


def empty(folder: Path) -> None:
    """Remove what a folder holds; make one that somebody has cleared away."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)


def cpu_seconds() -> float:
    """Return what this process and the programs it has run to their end have used."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def _ours(error: Exception) -> StageError | Bug:
    if isinstance(error, Invalid | Transient | Corrupt):
        return error
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return Transient(f"STORAGE_FULL: {error.strerror} in the worker's scratch folder")
    return Bug("".join(traceback.format_exception(error)))
