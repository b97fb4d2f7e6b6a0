"""A worker process: takes one request at a time, answers it by its stage, ends with its parent."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import Message

from services.chassis.errors import StageError
from services.chassis.store import Store
from services.studio.stages import methods_of
from services.studio.tasks import Answer, Bug, read_request, write_answer, write_error

PR_SET_PDEATHSIG: Final = 1


def serve(connection: Connection, store_folder: Path, log: Path, parent: int) -> None:
    """Answer requests until the parent closes the connection or dies."""
    die_with(parent)
    write_to(log)
    import_module("cv2").setNumThreads(1)  # a core is shared by processes, not by threads
    store = Store.in_folder(store_folder)
    while True:
        try:
            envelope = read_request(connection.recv_bytes())
        except EOFError:
            return
        name = envelope.TypeName()
        try:
            kind, method = methods_of(name.split(".")[1])[name]
            answer = write_answer(work(method, kind.FromString(envelope.value), store))
        except StageError as error:
            answer = write_error(error)
        except Exception:  # noqa: BLE001  # reported to the parent, which stops: it is a bug
            answer = write_error(Bug(traceback.format_exc()))
        connection.send_bytes(answer)


def die_with(parent: int) -> None:
    """Have the kernel end this process, and leave the terminal's Ctrl-C to the parent.

    The process leads a session of its own, so that the parent can end it with all it has started.
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


def work(method: Callable[[Any, Store], Message], request: Message, store: Store) -> Answer:
    """Call a stage and measure what it costs."""
    wall, cpu = time.monotonic(), cpu_seconds()
    response = method(request, store).SerializeToString(deterministic=True)
    return Answer(response, time.monotonic() - wall, cpu_seconds() - cpu)


def cpu_seconds() -> float:
    """Return what this process and the programs it has run to their end have used."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)
