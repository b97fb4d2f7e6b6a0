"""The words of the line: states of tasks, and the rules an operator may turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.chassis.topics import REPORTS

READY: Final = "ready"
SENT: Final = "sent"
RUNNING: Final = "running"
FINISHED: Final = "finished"
FAILED: Final = "failed"
PARKED: Final = "parked"
DROPPED: Final = "dropped"

OPEN: Final = (READY, SENT, RUNNING)
"""States of tasks that will come to something by themselves."""
OUT: Final = (SENT, RUNNING)
"""States of tasks that a worker has, or soon will."""

DEATHS: Final = 3
"""A task that has ended so many workers is parked."""
STAGES: Final = ("speech", "motion", "restoration", "lipsync", "compositing")
"""In the order in which a video goes through them."""

SLOWEST: Final = "compositing"
"""Stage that has most of a video's work: its slots bound what is done at once."""


@dataclass(frozen=True)
class Rules:
    """What an operator may turn on the line; times in ms."""

    lease_ms: int = 30_000
    """Silence about a running task after which it is sent again."""
    silence_ms: int = 15_000
    """Silence of a worker after which it is held for dead."""
    window: int = 4
    """Videos of one channel in work at a time, before free workers ask for more."""
    lookahead: int = 8
    """Queued videos of one channel whose orders are checked ahead."""
    minds: int = 128
    """Videos whose results are kept in memory."""
    ahead_seconds: float = 1.5
    """Work left with a worker below which it is sent its next task ahead."""
    told_ms: int = 2_000
    """Between two progress events of one video."""
    outputs_days: int = 30
    """How long ended videos' tasks are remembered."""
    events_days: int = 14
    """How long events can be watched again."""
    inbox_hours: int = 96
    """How long message ids are remembered: longer than the topic keeps messages."""


def part_of(video: str) -> int:
    """Return the report partition of a video."""
    return int(video[:8], 16) % REPORTS.partitions
