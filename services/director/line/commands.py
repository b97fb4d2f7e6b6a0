"""What people tell the line to do: stop, go on, try again, forget a likeness.

Each function is for the caller's transaction and speaks of one team's videos. Raises Invalid with
field "id": VIDEO_NOT_FOUND, VIDEO_ALREADY_TERMINAL, VIDEO_NOT_ENDED.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Connection, or_, select, update

from services.chassis.errors import Invalid
from services.director.database import insert_into
from services.director.line.consent import REVOKED
from services.director.line.lookups import among
from services.director.line.losses import TASK_PARKED
from services.director.line.tasks import drop_unwanted, hold, save, wake
from services.director.line.videos import SHOWN, change, ended, reopen_rundown
from services.director.line.words import DROPPED, FAILED, PARKED
from services.director.messages import OPEN, QUEUED, complaints_text
from services.director.tables import revocations, tasks, video_tasks, videos, withheld
from services.director.videos import CANCELLED, FINISHED

Row = Mapping[str, Any]

CAPTIONS: Final = frozenset({"srt", "vtt"})
"""Kinds of outputs that are words alone."""


def cancel(connection: Connection, team: str, video: str, now_ms: int) -> Row:
    """Stop a video: tasks that nobody else wants are dropped; what is finished stays.

    Returns its row as it is then. Raises Invalid for one that has ended.
    """
    find(connection, team, video)
    drop_unwanted(connection, [video], now_ms)
    still = among(videos.c.state, sorted(OPEN))
    row = change(connection, video, CANCELLED, now_ms, ended(CANCELLED, now_ms), still)
    if row is None:
        state = find(connection, team, video)["state"]
        remedy = f"it is {state} and stays so"
        raise Invalid("id", "VIDEO_ALREADY_TERMINAL", remedy)
    return row


def retry(connection: Connection, team: str, video: str, now_ms: int) -> Row:
    """Queue a failed or cancelled video again; its failed tasks are tried afresh.

    Returns its row as it is then. Raises Invalid for one that is finished or has not ended.
    """
    row = find(connection, team, video)
    if row["state"] == FINISHED:
        raise Invalid("id", "VIDEO_ALREADY_TERMINAL", "it is finished and stays so")
    _try_afresh(connection, [video], FAILED, now_ms)
    again = _requeue(connection, row, now_ms)
    if again is None:
        raise Invalid("id", "VIDEO_NOT_ENDED", f"it is {row['state']}; it goes on by itself")
    return again


def redrive(
    connection: Connection, team: str, now_ms: int, stage: str = "", video: str = ""
) -> tuple[int, list[str]]:
    """Try parked tasks again, of one stage or of all, for one video or for all of the team.

    Returns how many tasks, and the videos that failed for want of them and now go on. Raises
    Invalid for a video nobody knows. Once redriven, the same call finds nothing.
    """
    parked = select(tasks.c.key).where(tasks.c.team == team, among(tasks.c.state, [PARKED]))
    if stage:
        parked = parked.where(tasks.c.stage == stage)
    if video:
        find(connection, team, video)
        waits = select(video_tasks.c.key).where(video_tasks.c.video == video)
        parked = parked.where(tasks.c.key.in_(waits))
    keys = sorted(connection.execute(parked).scalars())
    driven = _let_try_again(connection, keys, PARKED, now_ms)
    waits = select(video_tasks.c.video).where(video_tasks.c.key.in_(driven))
    failed = select(*SHOWN).where(videos.c.id.in_(waits), videos.c.state == FAILED)
    going = []
    for row in connection.execute(failed.order_by(videos.c.id)).mappings().all():
        if _waited_for_parked(dict(row)) and _requeue(connection, dict(row), now_ms):
            going.append(str(row["id"]))
    return len(driven), going


def revoke(
    connection: Connection, team: str, now_ms: int, subject: str = "", portrait_digest: str = ""
) -> list[str]:
    """Withdraw consent to a likeness: by the person, by the portrait as handed in, or both.

    What uses it is cancelled with CONSENT_REVOKED; finished videos keep their state, and none of
    their files but captions is delivered any more. Returns the ids of all of them. Again: finds
    what came since. Raises Invalid where neither is said.
    """
    if not subject and not portrait_digest:
        raise Invalid("subject", "FIELD_REQUIRED", "say whose consent: subject or portrait_digest")
    for named in ({"subject": subject}, {"portrait_digest": portrait_digest}):
        if any(named.values()):
            row = {"team": team, "subject": "", "portrait_digest": "", "time_ms": now_ms, **named}
            new = insert_into(connection, revocations).values(row)
            connection.execute(new.on_conflict_do_nothing())
    meant = [videos.c.subject == subject] if subject else []
    meant += [videos.c.portrait == portrait_digest] if portrait_digest else []
    uses = select(videos.c.id, videos.c.state).where(videos.c.team == team, or_(*meant))
    found = {row.id: row.state for row in connection.execute(uses.order_by(videos.c.id))}
    stopped = _stop(connection, [id_ for id_, state in found.items() if state in OPEN], now_ms)
    # What is open no more finished meanwhile, or failed: its row, once it is held, says which.
    meanwhile = {id_ for id_, state in found.items() if state in OPEN} - set(stopped)
    over = meanwhile.union(id_ for id_, state in found.items() if state == FINISHED)
    return sorted([*stopped, *_withhold(connection, team, over, now_ms)])


def find(connection: Connection, team: str, video: str) -> Row:
    """Return a team's video without its order. Raises Invalid where the team has none of the id."""
    mine = select(*SHOWN).where(videos.c.id == video, videos.c.team == team)
    row = connection.execute(mine).mappings().first()
    if row is None:
        raise Invalid("id", "VIDEO_NOT_FOUND", "there is no such video")
    return dict(row)


def _stop(connection: Connection, ids: Collection[str], now_ms: int) -> list[str]:
    if not ids:
        return []
    drop_unwanted(connection, ids, now_ms)
    values = ended(CANCELLED, now_ms) | {"complaints": complaints_text([REVOKED])}
    still = among(videos.c.state, sorted(OPEN))
    changed = (change(connection, each, CANCELLED, now_ms, values, still) for each in sorted(ids))
    return [str(row["id"]) for row in changed if row is not None]


def _withhold(connection: Connection, team: str, ids: Collection[str], now_ms: int) -> list[str]:
    """Have no file of finished videos delivered any more that shows or sounds like somebody.

    Captions stay: the same words under another presenter are the same bytes.
    """
    held = []
    for id_ in sorted(ids):
        delivered = (videos.c.expired_ms.is_(None)) & (videos.c.state == FINISHED)
        before = select(videos.c.outputs).where(videos.c.id == id_, delivered)
        outputs = connection.execute(before.with_for_update()).scalar()
        if outputs is None:
            continue
        held.append(id_)
        files = [
            {"team": team, "digest": file["digest"], "time_ms": now_ms}
            for file in json.loads(outputs)
            if file["kind"] not in CAPTIONS
        ]
        if files:
            new = insert_into(connection, withheld)
            connection.execute(new.on_conflict_do_nothing(), files)
        gone = update(videos).where(videos.c.id == id_)
        connection.execute(gone.values(outputs="[]", expired_ms=now_ms))
    return held


def _try_afresh(connection: Connection, ids: Collection[str], state: str, now_ms: int) -> None:
    waits = select(video_tasks.c.key).where(video_tasks.c.video.in_(sorted(ids)))
    failed = select(tasks.c.key).where(tasks.c.key.in_(waits), tasks.c.state == state)
    _let_try_again(connection, list(connection.execute(failed).scalars()), state, now_ms)


def _let_try_again(
    connection: Connection, keys: Collection[str], state: str, now_ms: int
) -> list[str]:
    """Have tasks of a state as if nothing had failed; their attempts are counted on.

    They are ready once a recipe wants them, not before: consent is asked for there. Returns them.
    """
    held = {key: row for key, row in hold(connection, keys).items() if row["state"] == state}
    for row in held.values():
        row |= {"state": DROPPED, "failures": 0, "deaths": 0, "ended_ms": now_ms}
        row |= {"error": None, "worker": None, "partition": None}
    columns = ("state", "failures", "deaths", "ended_ms", "error", "worker", "partition")
    save(connection, [held[key] for key in sorted(held)], columns)
    wake(connection, held)
    return sorted(held)


def _requeue(connection: Connection, row: Row, now_ms: int) -> Row | None:
    """Queue an ended video again, as if it had just come; nobody's memory of it holds any more."""
    fresh = videos.c.changes + 2  # as no director's mind has it
    values = {"state": QUEUED, "changes": fresh, "seen": fresh, "stage": "", "ended_ms": None}
    values |= {"complaints": "[]", "warnings": "[]", "expected_ms": None}
    over = videos.c.state.in_([FAILED, CANCELLED])
    again = change(connection, row["id"], "progress", now_ms, values, over)
    if again is not None and row["rundown"]:
        reopen_rundown(connection, row["rundown"])
    return again


def _waited_for_parked(row: Row) -> bool:
    return any(said["reason"] == TASK_PARKED for said in json.loads(row["complaints"]))
