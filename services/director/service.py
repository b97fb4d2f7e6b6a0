"""The director's process: its doors, its part in the line, and what it stands on."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

from services.chassis.bus.kafka import KafkaBus
from services.chassis.errors import Invalid, Transient
from services.chassis.ops import Checks, Ops, announce
from services.chassis.server import Server
from services.chassis.service import BROKEN, notice_seconds, stay
from services.chassis.store import Store
from services.chassis.tally import StoreTally
from services.chassis.telemetry.logs import get_log
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import open_traces
from services.director import migrations
from services.director.database import database_errors, open_database, reading
from services.director.line.loop import Line, LineThread
from services.director.line.means import Means
from services.director.rpc.desk import Desk
from services.director.rpc.feed import Feed
from services.director.rpc.media import Limits, Media
from services.director.rpc.production import production
from services.director.settings import DirectorSettings
from services.director.uploads import Uploads

SERVICE = "director"
AGAIN_SECONDS: Final = 1.0
"""Between two looks whether the database is there, at the start."""


def serve(settings: DirectorSettings, stop: threading.Event) -> int:
    """Lead videos and answer callers until told to stop; return the exit status."""
    if not settings.brokers:
        raise Invalid("ROSTRUM_BROKERS", "SETTING_REQUIRED", "say where Kafka is: host:port")
    metrics, traces = Metrics(SERVICE), open_traces(SERVICE, settings.traces)
    with ExitStack() as stack:
        stack.callback(traces.close)
        engine = open_database(settings.database_url, settings.connections)
        stack.callback(engine.dispose)
        store, bus = open_store(settings), KafkaBus(settings)
        metrics.before_reading(StoreTally(store, metrics).look)
        stack.callback(bus.close)
        database, is_open = partial(answers, engine), threading.Event()
        ready: Checks = {"database": database, "store": store.healthy}
        live: dict[str, Callable[[], bool]] = {}
        checks = {**ready, "bus": bus.healthy, "doors": is_open.is_set}
        ops = stack.enter_context(Ops(settings.ops_listen, metrics, ready=checks, live=live))
        if not await_tables(engine, stop):
            return 0
        desk = Desk(engine, lambda: int(time.time() * 1000))
        feed = Feed(desk)
        stack.callback(feed.close)
        uploads = Uploads(uploads_folder(settings, stack))
        media = Media(store, desk, uploads, Limits(team_bytes=settings.team_bytes))
        means = Means(engine, bus, store.in_realm, metrics, settings.rules())
        line = stack.enter_context(LineThread(Line(means)))
        live["line"] = line.is_alive
        server = Server([production(desk, feed), media.door()], settings, metrics, traces)
        server.start()
        server.set_serving(serving=True)
        is_open.set()
        announce(SERVICE, listen=server.address, ops=ops.address)
        sound = stay(server, stop, ready, live)
        server.stop(notice_seconds(settings), settings.drain_seconds)
    return 0 if sound else BROKEN


def await_tables(engine: Engine, stop: threading.Event) -> bool:
    """Return True once the database answers, False where we are told to stop before.

    Raises Invalid where its tables are not those of this version.
    """
    while not stop.is_set():
        try:
            with database_errors():
                migrations.check(engine)
        except Transient as error:
            get_log().warning("waiting for the database", why=str(error))
            stop.wait(AGAIN_SECONDS)
        else:
            return True
    return False


def open_store(settings: DirectorSettings) -> Store:
    """Open the store; each team has its realm in it."""
    return Store.open(
        settings.store_url,
        cache_folder=settings.cache_folder,
        cache_bytes=settings.cache_bytes,
        options=settings.plain_store_options,
    )


def uploads_folder(settings: DirectorSettings, stack: ExitStack) -> Path:
    """Return the folder for files on their way in; one of this process's own goes with it."""
    if settings.uploads_folder is not None:
        return settings.uploads_folder
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rostrum-uploads-")))


def answers(engine: Engine) -> bool:
    """Return whether the database answers. Raises Transient where it says why not."""
    with database_errors(), reading(engine) as connection:
        connection.execute(text("SELECT 1"))
    return True
