"""Thinks out what a video needs next: its recipe's word, losses, consent. Writes no row of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.chassis.errors import Violation
from services.director.asking import may_start, objections, outstanding
from services.director.line.consent import REVOKED
from services.director.line.losses import loss_of, said_of
from services.director.line.minds import Mind
from services.director.line.tasks import trouble_of
from services.director.line.words import FAILED, FINISHED
from services.director.messages import QUEUED
from services.director.recipes import Finished, Step
from services.director.videos import Part

Row = Mapping[str, Any]
Mend = Callable[[Mind, Row], bool]
"""Has a task's broken object made again; returns whether the task can go on."""


@dataclass(frozen=True)
class Thought:
    """What came of asking a recipe: all that is to be written."""

    steps: Sequence[Step[Any]] = ()
    """To be done or being done, what is wanted soonest first."""
    parts: Sequence[Part] = ()
    """Results that are news."""
    finished: Finished | None = None
    failed: Sequence[Violation] = ()
    """Why the video ends here."""
    withdrawn: bool = False
    """True where it ends because consent was withdrawn."""
    states: Mapping[str, str] = field(default_factory=dict)
    """Tasks it was linked with before: key -> state, as they were read."""


@dataclass(frozen=True)
class Known:
    """What was read of a video before its recipe is asked."""

    row: Row
    tasks: Sequence[Row]
    """Those linked with it, each with the step's name."""
    withdrawn: bool
    """Whether consent to its likeness was withdrawn."""


def think(mind: Mind, known: Known, now: datetime, mend: Mend) -> Thought:
    """Return what a video needs next, or how it ends. Raises WorkersAwaited and Transient."""
    video, results = mind.video, mind.results
    states = {task["key"]: task["state"] for task in known.tasks}
    if known.withdrawn:
        return Thought(failed=(REVOKED,), withdrawn=True, states=states)
    video.checks_only = known.row["state"] == QUEUED
    for key, state in states.items():
        if state == FINISHED:
            results.expect(key)
    losses = {task["key"]: loss_of(task, known.row) for task in known.tasks}
    _mend_all(mind, known, losses, mend)
    steps, parts = outstanding(video, results, losses.get)
    if video.error is not None:
        return Thought(parts=parts, failed=said_of(video.error), states=states)
    against = objections(video, now)
    if isinstance(steps, Finished):
        return Thought(parts=parts, finished=None if against else steps, failed=against)
    wanted = [step for step in steps if may_start(video, step, against)]
    wanted = [step for step in wanted if losses.get(results.key_of(step)) is None]
    failed = () if wanted else tuple(video.complaints)
    return Thought(wanted, parts, failed=failed, states=states)


def _mend_all(mind: Mind, known: Known, losses: dict[str, Exception | None], mend: Mend) -> None:
    """Take the losses back that come of a broken object, where it can be made again."""
    broken = [task for task in known.tasks if losses[task["key"]] and _is_broken(task)]
    if broken:
        outstanding(mind.video, mind.results, lambda _: None)  # so that the makers are known
    for task in broken:
        if mend(mind, task):
            losses[task["key"]] = None


def _is_broken(task: Row) -> bool:
    return bool(task["state"] == FAILED and trouble_of(task["error"]).kind == "corrupt")
