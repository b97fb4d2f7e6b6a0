"""The production line: teams, rundowns, leases, events; the first layout had none of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.director.migrations import first_layout

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, and move what one machine's first layout held into them."""
    aside = first_layout.put_aside(op.get_bind())
    _make_tables()
    if aside:
        first_layout.take_over(op.get_bind())


def _make_tables() -> None:
    _make_assets()
    _make_channels()
    _make_engines()
    _make_events()
    _make_inbox()
    _make_offsets()
    _make_outbox()
    _make_presenters()
    _make_revocations()
    _make_rundowns()
    _make_shares()
    _make_tasks()
    _make_videos()
    _make_withheld()
    _make_video_tasks()


def _make_assets() -> None:
    op.create_table(
        "assets",
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("extension", sa.String(length=16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("team", "digest"),
    )


def _make_channels() -> None:
    op.create_table(
        "channels",
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("team", "name"),
    )


def _make_engines() -> None:
    op.create_table(
        "engines",
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stage", "name"),
    )


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("video", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("rundown", sa.String(length=32), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("video_bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "events_of_rundown",
        "events",
        ["rundown", "id"],
        unique=False,
        sqlite_where=sa.text("rundown IS NOT NULL"),
        postgresql_where=sa.text("rundown IS NOT NULL"),
    )
    op.create_index("events_of_video", "events", ["video", "id"], unique=False)


def _make_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("inbox_by_age", "inbox", ["received_ms"], unique=False)


def _make_offsets() -> None:
    op.create_table(
        "offsets",
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition"),
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=120), server_default=sa.text("''"), nullable=False),
        sa.Column("headers", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def _make_presenters() -> None:
    op.create_table(
        "presenters",
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("team", "name"),
    )


def _make_revocations() -> None:
    op.create_table(
        "revocations",
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("portrait_digest", sa.String(length=64), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("team", "subject", "portrait_digest"),
    )


def _make_rundowns() -> None:
    op.create_table(
        "rundowns",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("request_id", sa.String(length=256), nullable=True),
        sa.Column("request_digest", sa.String(length=64), nullable=True),
        sa.Column("deadline_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("expected_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("team", "request_id", name="rundowns_request"),
    )
    op.create_index("rundowns_by_age", "rundowns", ["team", "created_ms", "id"], unique=False)


def _make_shares() -> None:
    op.create_table(
        "shares",
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("channel", sa.String(length=80), nullable=False),
        sa.Column("served", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("stage", "team", "channel"),
    )


def _make_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("channel", sa.String(length=80), server_default=sa.text("''"), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("request_type", sa.String(length=120), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("engine", sa.String(length=120), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("is_check", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("weight", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("deadline_ms", sa.BigInteger(), nullable=True),
        sa.Column("video", sa.String(length=32), nullable=True),
        sa.Column("part", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("born_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deaths", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=True),
        sa.Column("worker", sa.String(length=120), nullable=True),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.Column("heard_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("cpu_seconds", sa.Float(), nullable=True),
        sa.Column("digests", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("anew", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("tasks_by_end", "tasks", ["ended_ms"], unique=False)
    op.create_index(
        "tasks_out",
        "tasks",
        ["stage", "part"],
        unique=False,
        sqlite_where=sa.text("state IN ('sent', 'running')"),
        postgresql_where=sa.text("state IN ('sent', 'running')"),
    )
    op.create_index(
        "tasks_parked",
        "tasks",
        ["team", "stage"],
        unique=False,
        sqlite_where=sa.text("state = 'parked'"),
        postgresql_where=sa.text("state = 'parked'"),
    )
    op.create_index(
        "tasks_ready",
        "tasks",
        ["stage", "fingerprint", "team", "channel"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )


def _make_videos() -> None:
    op.create_table(
        "videos",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("channel", sa.String(length=80), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("request_id", sa.String(length=256), nullable=True),
        sa.Column("request_digest", sa.String(length=64), nullable=True),
        sa.Column("commission", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=32), server_default=sa.text("''"), nullable=False),
        sa.Column("progress_permille", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("deadline_ms", sa.BigInteger(), nullable=True),
        sa.Column("rundown", sa.String(length=32), nullable=True),
        sa.Column("section", sa.String(length=80), server_default=sa.text("''"), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("part", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("changes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("expected_ms", sa.BigInteger(), nullable=True),
        sa.Column("expired_ms", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("left_weight", sa.Float(), nullable=True),
        sa.Column("complaints", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("warnings", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("outputs", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("frame_count", sa.Integer(), nullable=True),
        sa.Column("frame_rate", sa.Integer(), nullable=True),
        sa.Column("subject", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("portrait", sa.String(length=64), server_default=sa.text("''"), nullable=False),
        sa.Column("trace", sa.String(length=55), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("team", "request_id", name="videos_request"),
    )
    op.create_index("videos_by_age", "videos", ["team", "created_ms", "id"], unique=False)
    op.create_index("videos_by_name", "videos", ["team", "name", "created_ms"], unique=False)
    op.create_index(
        "videos_of_channel", "videos", ["team", "channel", "created_ms", "id"], unique=False
    )
    op.create_index(
        "videos_of_rundown",
        "videos",
        ["rundown", "created_ms", "id"],
        unique=False,
        sqlite_where=sa.text("rundown IS NOT NULL"),
        postgresql_where=sa.text("rundown IS NOT NULL"),
    )
    op.create_index(
        "videos_of_state", "videos", ["team", "state", "created_ms", "id"], unique=False
    )
    op.create_index(
        "videos_queued",
        "videos",
        ["team", "channel"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "videos_running",
        "videos",
        ["team", "channel"],
        unique=False,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "videos_stale",
        "videos",
        ["part"],
        unique=False,
        sqlite_where=sa.text("changes > seen"),
        postgresql_where=sa.text("changes > seen"),
    )


def _make_withheld() -> None:
    op.create_table(
        "withheld",
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("team", "digest"),
    )


def _make_video_tasks() -> None:
    op.create_table(
        "video_tasks",
        sa.Column("video", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("reused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["key"],
            ["tasks.key"],
        ),
        sa.ForeignKeyConstraint(
            ["video"],
            ["videos.id"],
        ),
        sa.PrimaryKeyConstraint("video", "name"),
    )
    op.create_index("video_tasks_by_key", "video_tasks", ["key"], unique=False)
