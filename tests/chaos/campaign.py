"""One run: jobs handed in while a line is broken and mended, and the verdict."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Final

import grpc
import psycopg

from tests.chaos.audit import Audit, share
from tests.chaos.checker import complaints
from tests.chaos.doors import Doors
from tests.chaos.faults import Faults, Plan
from tests.chaos.jobs import Files, Job
from tests.chaos.line import Line
from tests.chaos.noise import Noise

TICK_SECONDS: Final = 0.1
LOOK_SECONDS: Final = 2.0
AHEAD_SHARE: Final = 0.2
AHEAD_MOST: Final = 20
"""Jobs that are handed in ahead of their share of the faults, so that faults meet work."""
TWICE_SHARE: Final = 0.1
"""Of jobs that are handed in a second time."""
QUIET_SECONDS: Final = 120.0
"""A line that does nothing for so long, though there is work and nobody disturbs it, is stuck.

A broker that hardly gets the processor shuts itself out, and was seen to take 65 s to come back.
"""
SETTLE_SECONDS: Final = 60.0
WORD_SECONDS: Final = 20.0

Say = Callable[[str], None]


@dataclass
class Verdict:
    """What came of a run."""

    seconds: float
    jobs: int
    counts: Mapping[str, int]
    """What was done to the line."""
    redriven: int
    """Tasks that were quarantined by chance and sent again."""
    repeated: int
    """Records that were delivered twice."""
    recovery_seconds: Sequence[float]
    """From the kill of a worker with a task to the report of the next one that has it."""
    complaints: list[str] = field(default_factory=list)
    surprises: Sequence[str] = ()
    """Processes that ended though nobody killed them. They are started again, as a cluster would,
    and what must hold must hold all the same; that none said of a bug is a part of it."""

    @property
    def good(self) -> bool:
        """Whether all held."""
        return not self.complaints

    def lines(self) -> list[str]:
        """Return it for a person."""
        done = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        half, most = (share(self.recovery_seconds, part) for part in (0.5, 0.99))
        return [
            f"{self.jobs} jobs in {self.seconds:.0f} s; {done or 'undisturbed'}",
            f"{self.repeated} records delivered twice; {self.redriven} tasks redriven",
            f"{len(self.recovery_seconds)} tasks of killed workers were with another one after: "
            f"p50 {half:.1f} s, p99 {most:.1f} s",
            *(f"ended by itself: {said}" for said in self.surprises),
            *(f"WRONG: {said}" for said in self.complaints[:20]),
            f"{len(self.complaints)} complaints" if self.complaints else "all held",
        ]

    def figures(self) -> dict[str, object]:
        """Return it for a program."""
        return {
            "good": self.good,
            "seconds": round(self.seconds, 1),
            "jobs": self.jobs,
            "faults": dict(self.counts),
            "records_delivered_twice": self.repeated,
            "tasks_redriven": self.redriven,
            "recoveries": len(self.recovery_seconds),
            "recovery_p50_seconds": round(share(self.recovery_seconds, 0.5), 2),
            "recovery_p99_seconds": round(share(self.recovery_seconds, 0.99), 2),
            "ended_by_themselves": len(self.surprises),
            "complaints": len(self.complaints),
        }


class Campaign:
    """Hands jobs in, disturbs, waits for quiet, judges."""

    def __init__(
        self, line: Line, wanted: Mapping[str, Files], jobs: Sequence[Job], seed: int
    ) -> None:
        self._line = line
        self._wanted = wanted
        self._jobs = jobs
        self._seed = seed
        self._audit = Audit(line.postgres.url)
        self._doors = Doors(line.doors)
        self._ids: dict[str, str] = {}
        self._handed_in = threading.Event()
        self._end = threading.Event()
        self._trouble: list[str] = []
        self._redriven = 0

    def run(self, plan: Plan, seconds: float, say: Say) -> Verdict:
        """Break the line as planned, for `seconds` at most, and return what came of it."""
        began = time.monotonic()
        with ExitStack() as stack:
            stack.enter_context(self._line)
            stack.callback(self._doors.close)
            self._audit.install()
            faults = Faults(self._line, self._audit, plan, self._seed)
            noise = stack.enter_context(Noise(self._line.bus_settings, self._seed))
            hand_in = threading.Thread(target=self._hand_in, args=[faults], daemon=True)
            hand_in.start()
            stack.callback(hand_in.join)
            stack.callback(self._end.set)
            self._disturb(faults, began + seconds, say)
            noise.stop()
            self._settle(faults)
            self._end.set()
            found = list(complaints(self._line, self._doors, self._audit, self._wanted, self._ids))
            return Verdict(
                time.monotonic() - began,
                len(self._jobs),
                faults.counts,
                self._redriven,
                noise.count,
                self._recoveries(faults),
                self._trouble + found + self._line.bugs(),
                self._line.surprises(),
            )

    def _recoveries(self, faults: Faults) -> list[float]:
        times = (self._audit.taken_over(claim, since) for claim, since in faults.orphaned)
        return sorted(seconds for seconds in times if seconds is not None)

    def _hand_in(self, faults: Faults) -> None:
        """Hand jobs in, some of them twice, as the faults go on."""
        chance = random.Random(self._seed)
        doors = Doors(self._line.doors)
        ahead = min(AHEAD_SHARE * len(self._jobs), AHEAD_MOST)
        for number, job in enumerate(self._jobs):
            while number > faults.share_done * len(self._jobs) + ahead:
                if self._end.wait(TICK_SECONDS):
                    return
            try:
                video = doors.create(job).id
                if chance.random() < TWICE_SHARE and doors.create(job).id != video:
                    self._trouble.append(f"job {job.id} handed in twice became two videos")
            except grpc.RpcError as error:
                self._trouble.append(f"job {job.id} was refused: {error.details()}")
                continue
            self._ids[job.id] = video
        doors.close()
        self._handed_in.set()

    def _disturb(self, faults: Faults, deadline: float, say: Say) -> None:
        watch = _Watch()
        next_look = 0.0
        while time.monotonic() < deadline:
            self._line.keep_up()
            faults.tick()
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + LOOK_SECONDS
                if self._look(faults, watch, say):
                    return
            time.sleep(TICK_SECONDS)
        self._trouble.append("the time was over before all was done")

    def _look(self, faults: Faults, watch: _Watch, say: Say) -> bool:
        """Return whether it is over: all is done, or nothing goes on any more."""
        with suppress(psycopg.OperationalError):
            states = self._audit.states()
            if self._audit.parked():
                self._redriven += self._doors.redrive()
            ended = states["finished"] + states["failed"] + states["cancelled"]
            if watch.speaks():
                said = f"{ended} of {len(self._jobs)} jobs ended, {faults.share_done:.0%} of faults"
                say(f"{said}; {dict(states)}")
            if faults.over and self._handed_in.is_set() and ended == len(self._ids):
                return True
            if watch.is_quiet(self._audit.marks()) and faults.over:
                self._trouble.append(f"the line is stuck: {dict(states)}")
                return True
        return False

    def _settle(self, faults: Faults) -> None:
        """Let what is under way come to its end: messages out, reports in."""
        deadline = time.monotonic() + SETTLE_SECONDS
        marks = (-1, -1)
        while time.monotonic() < deadline:
            self._line.keep_up()
            faults.tick()
            time.sleep(LOOK_SECONDS)
            with suppress(psycopg.OperationalError):
                before, marks = marks, self._audit.marks()
                [(waiting,)] = self._audit.rows("select count(*) from outbox")
                if before == marks and not waiting:
                    return


class _Watch:
    """Says since when nothing has changed, and when it is time for a word."""

    def __init__(self) -> None:
        self._marks = (-1, -1)
        self._since = time.monotonic()
        self._spoke = 0.0

    def speaks(self) -> bool:
        if time.monotonic() - self._spoke < WORD_SECONDS:
            return False
        self._spoke = time.monotonic()
        return True

    def is_quiet(self, marks: tuple[int, int]) -> bool:
        now = time.monotonic()
        if marks != self._marks:
            self._marks, self._since = marks, now
        return now - self._since > QUIET_SECONDS
