"""Asking a video's recipe: what its results come to, what is lost, what may be done next.

Shared by the director of one machine and the production line: they differ in where tasks wait and
who does them, never in what a video needs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from services.chassis.errors import Invalid, Violation
from services.director.consent import consent_complaints
from services.director.orders import without
from services.director.recipes import Finished, Step, Steps, talking_head
from services.director.results import Results
from services.director.videos import Part, Task, Video

R = TypeVar("R", bound=Message)

Lost = Callable[[str], Exception | None]
"""Task key -> why the task cannot be done; None where it can."""


def outstanding(video: Video, results: Results, lost: Lost) -> tuple[Steps | Finished, list[Part]]:
    """Return what the recipe wants, once every loss among it was heard of, and what is news.

    Complaints and faults that were heard are in `video` then; the parts are results that it did
    not know of before.
    """
    parts: list[Part] = []
    while True:
        steps = _ask(video, results, parts)
        if isinstance(steps, Finished) or not _hear_of_losses(video, results, steps, lost):
            return steps, parts


def may_start(video: Video, step: Step[Any], consent: tuple[Violation, ...]) -> bool:
    """Return whether a step may be done now, as far as complaints and consent go.

    consent: what speaks against using the likeness; it is heard where the step uses it.
    """
    if step.likeness:
        video.complain(consent)
    return not video.blocked(step)


def objections(video: Video, now: datetime) -> tuple[Violation, ...]:
    """Return what the consent document itself says against using the likeness now."""
    order, consent = video.commission.order, video.commission.presenter.consent
    today = now.astimezone(UTC).date()
    return tuple(consent_complaints(consent, order.channel, order.quality, today))


def task_for(video: Video, results: Results, step: Step[Any], attempt: int) -> Task:
    """Return a step as a task. Raises Invalid where no engine answers it."""
    key, fingerprint = results.key_of(step), results.fingerprint_of(step)
    return Task(key, video.id, step, fingerprint, attempt)


def in_order(step: Step[Any], error: Invalid) -> tuple[Violation, ...]:
    """Return a stage's complaints with the order's field paths in place of the stage's own."""
    return tuple(
        Violation(step.order_field(said.field), said.reason, said.remedy)
        for said in error.violations
    )


def _ask(video: Video, results: Results, parts: list[Part]) -> Steps | Finished:
    """Ask what is next, and note in passing which steps have a result by now."""

    def answer(step: Step[R]) -> R | None:
        response = results.find(step)
        if response is not None:
            part = Part(task_for(video, results, step, attempt=0), response)
            if video.note(part):
                parts.append(part)
        return response

    if video.checked is None:
        video.checked = without(video.commission, video.wrong_fields())
    if video.checks_only or video.complaints:
        return talking_head.admission(video.checked, answer)
    return talking_head.advance(video.commission, answer)


def _hear_of_losses(video: Video, results: Results, steps: Steps, lost: Lost) -> bool:
    """Take over why steps cannot be done; return whether there was a new complaint."""
    before = len(video.complaints)
    for step in steps:
        loss = lost(results.key_of(step))
        if isinstance(loss, Invalid):
            video.complain(in_order(step, loss))
        elif loss is not None:
            video.error = loss
    return len(video.complaints) > before
