"""What happens while videos are made, for whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.studio.complaints import Complaint

FINISHED: Final = "finished"
CHECKED: Final = "checked"
INVALID: Final = "invalid"
FAILED: Final = "failed"
STOPPED: Final = "stopped"


@dataclass(frozen=True)
class TaskStarted:
    """A worker has begun a task."""

    video: str
    stage: str
    task: str
    """The step's name in the video, for example "lipsync/3"."""
    attempt: int


@dataclass(frozen=True)
class TaskEnded:
    """A task has come back."""

    video: str
    stage: str
    task: str
    outcome: str
    """"finished", "again" (it will be tried once more) or "failed"."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class Warned:
    """Something a person should know about an order, though it is being made."""

    video: str
    field: str
    reason: str
    message: str


@dataclass(frozen=True)
class Trouble:
    """A task failed, and it was nobody's input: for the log."""

    video: str
    task: str
    text: str

    @property
    def last_line(self) -> str:
        """What a person reads; all of it is for the log."""
        return self.text.strip().rpartition("\n")[2]


@dataclass(frozen=True)
class Progress:
    """How far a video is."""

    video: str
    share: float
    """0 to 1, of the work expected."""
    stages: Mapping[str, tuple[int, int]]
    """Steps done and expected, by stage."""
    eta_seconds: float
    """Until all videos of this run are done."""


@dataclass(frozen=True)
class Outcome:
    """How a video ended."""

    name: str
    status: str
    folder: str = ""
    outputs: tuple[str, ...] = ()
    """Paths of the files."""
    seconds: float = 0.0
    """By the wall, from its first task on."""
    video_seconds: float = 0.0
    tasks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By stage: how many "ran" and how many were "reused"."""
    complaints: tuple[Complaint, ...] = ()
    fault: str = ""
    """What went wrong where it was nobody's input."""

    def as_json(self) -> dict[str, Any]:
        """Return it as the summary says it."""
        return {
            "name": self.name,
            "status": self.status,
            "dir": self.folder,
            "outputs": list(self.outputs),
            "seconds": round(self.seconds, 3),
            "video_seconds": self.video_seconds,
            "tasks": self.tasks,
            "error": self._error(),
        }

    def _error(self) -> dict[str, Any] | None:
        if self.complaints:
            first = self.complaints[0]
            violations = [complaint.as_json() for complaint in self.complaints]
            return {"reason": first.reason, "message": str(first), "violations": violations}
        if self.fault:
            return {"reason": self.status.upper(), "message": self.fault, "violations": []}
        return None


Event = TaskStarted | TaskEnded | Warned | Trouble | Progress | Outcome
