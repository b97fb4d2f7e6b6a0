"""Links videos with their tasks: what is wanted becomes ready, what was found counts as done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf.message import Message
from sqlalchemy import Connection, case, or_

from services.chassis.fields import digests_in
from services.director.database import insert_into
from services.director.line.minds import Mind
from services.director.line.tasks import Trouble, hold, save
from services.director.line.thinking import Thought
from services.director.line.words import DROPPED, FAILED, FINISHED, OPEN, READY
from services.director.recipes import Step
from services.director.retries import ATTEMPTS
from services.director.tables import tasks, video_tasks

Row = Mapping[str, Any]

OWNED: Final = ("channel", "video", "part", "born_ms", "position", "step", "not_before_ms")
"""What a task that nobody wanted any more takes over from the video that wants it again."""


def link(connection: Connection, mind: Mind, row: Row, thought: Thought, now_ms: int) -> bool:
    """Write down the tasks that a video wants and the results that it found.

    Returns True where a wanted task has ended by now that had not when the recipe was asked: it is
    to be asked again.
    """
    asked = [_wanted(mind, row, step, now_ms) for step in thought.steps]
    wanted = [task for task in asked if thought.states.get(task["key"]) not in OPEN]
    found = [
        _found(mind, row, part.task.step, now_ms) | _made(part.response) for part in thought.parts
    ]
    states = _upsert(connection, [*wanted, *found])
    ended = {task["key"] for task in wanted if states[task["key"]] not in OPEN}
    revived = _revive(connection, ended & thought.states.keys(), thought.states, now_ms)
    _link_names(connection, mind, row, thought)
    return bool(ended - revived)


def _upsert(connection: Connection, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Insert tasks, or join those that are there; return the state of each."""
    by_key = {row["key"]: row for row in rows}
    if not by_key:
        return {}
    new = insert_into(connection, tasks)
    said, there = new.excluded, tasks.c
    found = (said.state == FINISHED) & or_(
        *(there.state == open_one for open_one in (*OPEN, DROPPED))
    )
    revived = (there.state == DROPPED) & (said.state == READY)
    state = case((found | revived, said.state), else_=there.state)
    sooner = case(
        (there.deadline_ms.is_(None), said.deadline_ms),
        (said.deadline_ms < there.deadline_ms, said.deadline_ms),
        else_=there.deadline_ms,
    )
    joined = new.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "state": state,
            "priority": case((said.priority > there.priority, said.priority), else_=there.priority),
            "deadline_ms": sooner,
            "digests": case((found, said.digests), else_=there.digests),
            "ended_ms": case((found, said.ended_ms), (revived, None), else_=there.ended_ms),
            **{name: case((revived, said[name]), else_=there[name]) for name in OWNED},
        },
    )
    returned = joined.returning(tasks.c.key, tasks.c.state)
    written = connection.execute(returned, [by_key[key] for key in sorted(by_key)])
    return {row.key: row.state for row in written}


def _revive(
    connection: Connection, keys: set[str], states: Mapping[str, str], now_ms: int
) -> set[str]:
    """Make tasks ready again that were done or had failed, and are wanted all the same.

    Those done have lost their result: that counts as a failure, for nothing may go round for ever.
    Those failed did so before this video was there. Returns the keys that are as they were read.
    """
    held = hold(connection, keys)
    same = {key: row for key, row in held.items() if row["state"] == states[key]}
    for row in same.values():
        if row["state"] == FINISHED:
            row["anew"], row["failures"] = True, row["failures"] + 1
        else:
            row["failures"] = 0
        row["state"], row["not_before_ms"], row["ended_ms"] = READY, now_ms, None
        if row["failures"] >= ATTEMPTS:
            lost = f"the result of {row['key']} was lost {ATTEMPTS} times"
            row["state"], row["ended_ms"] = FAILED, now_ms
            row["error"] = Trouble("transient", "RESULT_LOST", f"RESULT_LOST: {lost}").text()
    columns = ("state", "anew", "failures", "not_before_ms", "ended_ms", "error")
    save(connection, [same[key] for key in sorted(same)], columns)
    return {key for key, row in same.items() if row["state"] == READY}


def _link_names(connection: Connection, mind: Mind, row: Row, thought: Thought) -> None:
    named = [(step.name, mind.results.key_of(step), False) for step in thought.steps]
    named += [(part.task.name, part.task.key, True) for part in thought.parts]
    fresh = [
        {"video": row["id"], "name": name, "key": key, "reused": reused}
        for name, key, reused in named
        if mind.links.get(name) != key
    ]
    if fresh:
        new = insert_into(connection, video_tasks)
        again = {"key": new.excluded.key, "reused": new.excluded.reused}
        names = ["video", "name"]
        connection.execute(new.on_conflict_do_update(index_elements=names, set_=again), fresh)


def _wanted(mind: Mind, row: Row, step: Step[Any], now_ms: int) -> dict[str, Any]:
    return _identity(mind, row, step, now_ms) | {
        "state": READY,
        "not_before_ms": now_ms,
        "digests": "[]",
        "ended_ms": None,
    }


def _found(mind: Mind, row: Row, step: Step[Any], now_ms: int) -> dict[str, Any]:
    return _identity(mind, row, step, now_ms) | {
        "state": FINISHED,
        "not_before_ms": now_ms,
        "ended_ms": now_ms,
    }


def _made(response: Message) -> dict[str, Any]:
    return {"digests": json.dumps(digests_in(response))}


def _identity(mind: Mind, row: Row, step: Step[Any], now_ms: int) -> dict[str, Any]:
    number = step.name.rpartition("/")[2]
    return {
        "key": mind.results.key_of(step),
        "team": row["team"],
        "channel": row["channel"],
        "stage": step.stage,
        "request_type": step.request.DESCRIPTOR.full_name,
        "request": step.request.SerializeToString(deterministic=True),
        "engine": getattr(step.request, "engine", ""),
        "fingerprint": mind.results.fingerprint_of(step),
        "is_check": bool(step.reads),
        "weight": step.weight,
        "priority": row["priority"],
        "deadline_ms": row["deadline_ms"],
        "video": row["id"],
        "part": row["part"],
        "born_ms": row["created_ms"],
        "position": row["position"],
        "step": int(number) if number.isdigit() else 0,
        "created_ms": now_ms,
    }
