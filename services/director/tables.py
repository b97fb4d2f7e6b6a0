"""The director's tables. Times are ms since 1970 UTC; those of leases are the broker's."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

LONG: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER keys alone
NO: Final = text("false")
NONE: Final = text("0")
EMPTY: Final = text("''")
EMPTY_LIST: Final = text("'[]'")


def _partial(name: str, *columns: str, where: str) -> Index:
    """Return an index of the few rows that are looked for among many."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


videos = Table(
    "videos",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(63), nullable=False),
    Column("channel", String(80), nullable=False, server_default=EMPTY),
    Column("name", String(80), nullable=False),
    Column("request_id", String(256)),  # the caller's; unique within the team
    Column("request_digest", String(64)),
    Column("commission", LargeBinary, nullable=False),  # serialised, defaults filled in
    Column("state", String(16), nullable=False),
    Column("stage", String(32), nullable=False, server_default=EMPTY),
    Column("progress_permille", Integer, nullable=False, server_default=NONE),
    Column("priority", Integer, nullable=False, server_default=text("5")),
    Column("deadline_ms", BigInteger),
    Column("rundown", String(32)),
    Column("section", String(80), nullable=False, server_default=EMPTY),
    Column("position", Integer, nullable=False, server_default=NONE),  # in its rundown
    Column("part", Integer, nullable=False, server_default=NONE),  # of rostrum.reports
    # A video is stale while changes > seen: its recipe is to be asked. A count, not a flag, so
    # that what happens while the recipe is asked is not taken for seen.
    Column("changes", Integer, nullable=False, server_default=NONE),
    Column("seen", Integer, nullable=False, server_default=NONE),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("expected_ms", BigInteger),
    Column("expired_ms", BigInteger),  # since then its outputs are not delivered any more
    Column("seq", Integer, nullable=False, server_default=NONE),  # of its last event
    Column("left_weight", Float),  # seconds of one core that are still to be spent
    Column(
        "complaints", Text, nullable=False, server_default=EMPTY_LIST
    ),  # {field, reason, remedy}
    Column("warnings", Text, nullable=False, server_default=EMPTY_LIST),  # {field, reason, message}
    # JSON list of {name, kind, digest}, of pictures with format {aspect, height}
    Column("outputs", Text, nullable=False, server_default=EMPTY_LIST),
    Column("frame_count", Integer),
    Column("frame_rate", Integer),
    Column("subject", Text, nullable=False, server_default=EMPTY),  # of its consent
    Column("portrait", String(64), nullable=False, server_default=EMPTY),  # digest as handed in
    Column("trace", String(55), nullable=False, server_default=EMPTY),  # W3C traceparent
    UniqueConstraint("team", "request_id", name="videos_request"),
    Index("videos_by_name", "team", "name", "created_ms"),
    Index("videos_by_age", "team", "created_ms", "id"),
    Index("videos_of_channel", "team", "channel", "created_ms", "id"),
    Index("videos_of_state", "team", "state", "created_ms", "id"),
    _partial("videos_of_rundown", "rundown", "created_ms", "id", where="rundown IS NOT NULL"),
    _partial("videos_queued", "team", "channel", where="state = 'queued'"),
    _partial("videos_running", "team", "channel", where="state = 'running'"),
    _partial("videos_stale", "part", where="changes > seen"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("team", String(63), nullable=False),
    Column("channel", String(80), nullable=False, server_default=EMPTY),  # whose share it takes
    Column("stage", String(32), nullable=False),
    Column("request_type", String(120), nullable=False),
    Column("request", LargeBinary, nullable=False),  # serialised: what it is made from
    Column("engine", String(120), nullable=False),
    Column("fingerprint", Text, nullable=False),
    # ready, sent, running, finished, failed, parked (it killed too often), dropped (unwanted)
    Column("state", String(16), nullable=False),
    Column("is_check", Boolean, nullable=False, server_default=NO),
    Column("weight", Float, nullable=False, server_default=NONE),  # expected seconds of one core
    Column("priority", Integer, nullable=False, server_default=text("5")),
    Column("deadline_ms", BigInteger),
    Column("video", String(32)),  # whose report partition it answers on
    Column("part", Integer, nullable=False, server_default=NONE),  # that partition
    Column("born_ms", BigInteger, nullable=False, server_default=NONE),  # its video's age
    Column("position", Integer, nullable=False, server_default=NONE),  # its video's, in a rundown
    Column("step", Integer, nullable=False, server_default=NONE),  # its place in the video
    Column("attempt", Integer, nullable=False, server_default=NONE),  # counted when sent
    Column("failures", Integer, nullable=False, server_default=NONE),  # in passing, charged
    Column("deaths", Integer, nullable=False, server_default=NONE),
    Column("not_before_ms", BigInteger, nullable=False, server_default=NONE),  # ready from then on
    Column("partition", Integer),  # it was sent to
    Column("worker", String(120)),
    Column("sent_ms", BigInteger),  # by the broker's clock, as the director knows it
    Column("heard_ms", BigInteger),  # LogAppendTime of its last report: the lease runs from here
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("seconds", Float),
    Column("cpu_seconds", Float),
    Column("digests", Text, nullable=False, server_default=EMPTY_LIST),  # what it made
    Column("error", Text),  # JSON {kind, reason, message, digest, faults}
    Column("anew", Boolean, nullable=False, server_default=NO),  # its objects were lost once
    _partial("tasks_ready", "stage", "fingerprint", "team", "channel", where="state = 'ready'"),
    _partial("tasks_out", "stage", "part", where="state IN ('sent', 'running')"),
    _partial("tasks_parked", "team", "stage", where="state = 'parked'"),
    Index("tasks_by_end", "ended_ms"),
)

video_tasks = Table(
    "video_tasks",
    metadata,
    Column("video", String(32), ForeignKey("videos.id"), primary_key=True),
    Column("name", String(80), primary_key=True),  # the step's: "lipsync/3"
    Column("key", String(64), ForeignKey("tasks.key"), nullable=False),
    Column("reused", Boolean, nullable=False, server_default=NO),
    Index("video_tasks_by_key", "key"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", LONG, primary_key=True, autoincrement=True),
    Column("topic", String(120), nullable=False),
    Column("partition", Integer),  # null: by key
    Column("key", String(120), nullable=False, server_default=EMPTY),
    Column("headers", Text, nullable=False, server_default=EMPTY_LIST),  # JSON list of [name, text]
    Column("value", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", String(120), primary_key=True),  # the message's own, whoever sends it again
    Column("topic", String(120), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Index("inbox_by_age", "received_ms"),
)

offsets = Table(
    "offsets",
    metadata,
    Column("topic", String(120), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", LONG, primary_key=True, autoincrement=True),  # the cursor of Watch calls
    Column("video", String(32), nullable=False),
    Column("team", String(63), nullable=False),
    Column("rundown", String(32)),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("video_bytes", LargeBinary, nullable=False),  # a Video message as it was then
    Index("events_of_video", "video", "id"),
    _partial("events_of_rundown", "rundown", "id", where="rundown IS NOT NULL"),
    sqlite_autoincrement=True,
)

rundowns = Table(
    "rundowns",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(63), nullable=False),
    Column("name", String(80), nullable=False),
    Column("request_id", String(256)),
    Column("request_digest", String(64)),
    Column("deadline_ms", BigInteger),
    Column("created_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("expected_ms", BigInteger),
    UniqueConstraint("team", "request_id", name="rundowns_request"),
    Index("rundowns_by_age", "team", "created_ms", "id"),
)

shares = Table(
    "shares",
    metadata,
    Column("stage", String(32), primary_key=True),
    Column("team", String(63), primary_key=True),  # empty: the stage's own virtual time
    Column("channel", String(80), primary_key=True),
    Column("served", Float, nullable=False),  # virtual seconds of work
)

engines = Table(
    "engines",
    metadata,
    Column("stage", String(32), primary_key=True),
    Column("name", String(120), primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("rank", Integer, nullable=False),  # the first answers requests that name none
    Column("seen_ms", BigInteger, nullable=False),
)

presenters = Table(
    "presenters",
    metadata,
    Column("team", String(63), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("message", LargeBinary, nullable=False),  # a Presenter, serialised
)

channels = Table(
    "channels",
    metadata,
    Column("team", String(63), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("message", LargeBinary, nullable=False),  # a Channel, serialised
)

revocations = Table(
    "revocations",
    metadata,
    Column("team", String(63), primary_key=True),
    Column("subject", String(200), primary_key=True),  # empty: any
    Column("portrait_digest", String(64), primary_key=True),  # empty: any
    Column("time_ms", BigInteger, nullable=False),
)

withheld = Table(
    "withheld",
    metadata,
    Column("team", String(63), primary_key=True),
    Column("digest", String(64), primary_key=True),  # an output that is not delivered any more
    Column("time_ms", BigInteger, nullable=False),
)

assets = Table(
    "assets",
    metadata,
    Column("team", String(63), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("extension", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False),
)
