"""Videos and tasks as the director holds them in mind while it works."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.protobuf.message import Message
from rostrum.director.v1.director_pb2 import Commission
from rostrum.media.v1.media_pb2 import Warning as Caution

from services.chassis.errors import Violation
from services.director.recipes import Finished, Step

RUNNING = "running"
FINISHED = "finished"
FAILED = "failed"
CANCELLED = "cancelled"
CHECKED = "checked"
"""Passed all checks; no more was asked for."""


@dataclass(frozen=True)
class Task:
    """One attempt at one step: what a worker is handed."""

    key: str
    video: str
    """Id of the video that it is done for; others may be waiting for it too."""
    step: Step[Any]
    fingerprint: str
    attempt: int
    """Counted from 1; 0 for a result that was there already."""

    @property
    def stage(self) -> str:
        """Room that answers it."""
        return self.step.stage

    @property
    def name(self) -> str:
        """The step's name, for example "lipsync/3"."""
        return self.step.name

    @property
    def request(self) -> Message:
        """What the stage is asked."""
        request: Message = self.step.request
        return request


@dataclass(frozen=True)
class Part:
    """That a step of a video has a result, new or old."""

    task: Task
    response: Message

    @property
    def warnings(self) -> tuple[Caution, ...]:
        """What the stage wants a person to know; fields are the order's."""
        heard = []
        for warning in getattr(self.response, "warnings", ()):
            path = self.task.step.order_field(warning.field)
            heard.append(Caution(reason=warning.reason, field=path, message=warning.message))
        return tuple(heard)


@dataclass
class Video:
    """A video on its way."""

    id: str
    commission: Commission
    checks_only: bool = False
    """True where nothing is to be rendered: it ends when all checks are answered."""
    status: str = RUNNING
    error: Exception | None = None
    """Why it failed: `Invalid` with the order's own field paths, or a fault."""
    finished: Finished | None = None
    """Set once all its files are in the store; delivering them ends the video."""
    complaints: list[Violation] = field(default_factory=list)
    """What is wrong with its order, as far as it is known; it fails once all checks are done."""
    checked: Commission | None = None
    """The commission as it is checked: with defaults for what was wrong from the beginning."""
    steps: dict[str, str] = field(default_factory=dict)
    """Steps that have a result: name -> task key."""
    ran_keys: set[str] = field(default_factory=set)
    """Tasks done for it since it was admitted."""
    ran: Counter[str] = field(default_factory=Counter)
    """How many those are, by stage."""
    reused: Counter[str] = field(default_factory=Counter)
    """Results that were there already, by stage."""
    warnings: dict[str, tuple[Caution, ...]] = field(default_factory=dict)
    """What a person should know, by the step that saw it; fields are the order's."""
    stale: bool = True
    """True where something has happened since its recipe was asked."""
    wakes: datetime | None = None
    """When the first of its pauses is over."""

    @property
    def name(self) -> str:
        """The order's name."""
        return self.commission.order.name

    def blocked(self, step: Step[Any]) -> bool:
        """Return whether a step would only repeat a known complaint, or show what it must not."""
        wrong = self.wrong_fields()
        return bool(wrong & set(step.reads)) or (step.likeness and "consent" in wrong)

    def wrong_fields(self) -> set[str]:
        """Return the first names of the fields there are complaints about."""
        return {root_of(complaint.field) for complaint in self.complaints}

    def complain(self, violations: tuple[Violation, ...]) -> None:
        """Add complaints; one that was made already is not made again."""
        self.complaints += [
            violation for violation in violations if violation not in self.complaints
        ]

    def note(self, part: Part) -> bool:
        """Count a step's result in; return whether it is news."""
        task = part.task
        if self.steps.get(task.name) == task.key:
            return False
        if task.name not in self.steps:
            mine = task.key in self.ran_keys and task.key not in self.steps.values()
            (self.ran if mine else self.reused)[task.stage] += 1
        self.steps[task.name] = task.key
        if heard := part.warnings:
            self.warnings[task.name] = heard
        return True


def root_of(path: str) -> str:
    """Return the first name of a field path: "data" of "data.skills[3]"."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]
