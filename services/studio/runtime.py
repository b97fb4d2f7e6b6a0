"""Leads orders through director and workers until each video is delivered, or cannot be."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NoReturn

from services.chassis.answers import NOTHING, Answer, Bug, Work, read_answer
from services.chassis.errors import Corrupt, Invalid, StageError, Transient
from services.chassis.pool import Done, Pool
from services.chassis.store import Store
from services.director.dispatch import Director
from services.director.recipes import Output
from services.director.videos import CHECKED, FAILED, RUNNING, Task, Video
from services.studio import events
from services.studio.delivery import deliver
from services.studio.events import Event, Outcome, TaskEnded, TaskStarted, Trouble, Warned
from services.studio.forecast import Forecast
from services.studio.orders import Job
from services.studio.signals import Stop
from services.studio.stages import STAGES

DEATHS: Final = 3
"""A task that has ended so many workers is not tried again."""
LOOK_SECONDS: Final = 1.0
"""How often pauses and overdue tasks are looked at while nothing happens."""

Record = Callable[[Video, Sequence[Output]], Mapping[str, Any]]
"""Returns what a video was made from, for its record."""


@dataclass
class Run:
    """A job that the director has taken in."""

    job: Job
    video: Video
    rank: int
    since: float | None = None
    """When its first task started; None until then."""
    warned: set[str] = field(default_factory=set)
    """Steps whose warnings have been told."""


class Runtime:
    """The embedded production line: one director, one pool, one folder that videos go to."""

    def __init__(
        self,
        director: Director,
        pool: Pool,
        store: Store,
        record: Record,
        tell: Callable[[Event], None],
    ) -> None:
        self._director = director
        self._pool = pool
        self._store = store
        self._record = record
        self._tell = tell
        self._forecast = Forecast(director, pool.size)
        self._runs: dict[str, Run] = {}
        self._queue: list[tuple[bool, int, int, Task]] = []
        self._queued = 0
        self._working: dict[str, Task] = {}
        self._deaths: Counter[str] = Counter()
        self._outcomes: dict[int, Outcome] = {}

    def run(self, jobs: Sequence[Job], out: Path | None, stop: Stop) -> list[Outcome]:
        """Make every video, or only check the orders where `out` is None.

        Returns an outcome for each job, in order; what had not ended when `stop` was requested is
        "stopped". Raises StageError where the store cannot be read or written now.
        """
        for rank, job in enumerate(jobs):
            self._admit(job, rank, checks_only=out is None)
        while self._runs and not stop.requested:
            self._ask()
            self._conclude(out)
            self._start()
            if self._runs:
                for done in self._pool.wait([stop.descriptor], self._patience()):
                    self._take(done)
        for run in list(self._runs.values()):
            self._end(run, self._outcome(run, events.STOPPED))
        return [self._outcomes[rank] for rank in sorted(self._outcomes)]

    def _admit(self, job: Job, rank: int, *, checks_only: bool) -> None:
        if job.commission is None:
            complaints = tuple(job.complaints)
            self._outcomes[rank] = Outcome(job.name, events.INVALID, complaints=complaints)
            self._tell(self._outcomes[rank])
            return
        video = self._director.admit(job.commission, checks_only=checks_only)
        video.complain(tuple(job.violations))
        self._runs[video.id] = Run(job, video, rank)

    def _ask(self) -> None:
        """Queue what the director has ready: checks first, then videos in order."""
        for run in self._runs.values():
            video, steps = run.video, len(run.video.steps)
            if not (video.stale or video.wakes):
                continue
            for task in self._director.ready(video):
                self._queued += 1
                is_check = bool(task.step.reads)  # only checks name the fields they read
                heapq.heappush(self._queue, (not is_check, run.rank, self._queued, task))
            if len(video.steps) > steps:
                self._warn(run)
                if not video.checks_only:
                    self._tell(self._forecast.progress(video))

    def _start(self) -> None:
        while self._queue and self._pool.free:
            *_, task = heapq.heappop(self._queue)
            self._pool.start(task.key, Work(task.key, task.request, self._store.realm))
            self._working[task.key] = task
            run = self._runs.get(task.video)
            if run is not None:
                run.since = run.since or time.monotonic()
                self._tell(TaskStarted(run.job.name, task.stage, task.name, task.attempt))

    def _patience(self) -> float:
        return 0.0 if any(run.video.stale for run in self._runs.values()) else LOOK_SECONDS

    def _take(self, done: Done) -> None:
        """Hand a task back to the director, with its answer or with what became of it."""
        task = self._working.pop(done.name)
        try:
            answer = read_answer(done.answer) if done.answer is not None else self._died(task)
            response = task.step.response.FromString(answer.response)
        except (StageError, Bug) as error:
            self._reject(task, error)
            return
        self._director.accept(task, response, answer.seconds)
        self._forecast.learn(task.step.weight, answer.seconds)
        self._tell(self._ended(task, "finished", answer))

    def _died(self, task: Task) -> NoReturn:
        self._deaths[task.key] += 1
        if self._deaths[task.key] >= DEATHS:
            raise Bug(f"{task.name} has ended {DEATHS} workers; it is not tried again")
        raise Transient(f"the worker that did {task.name} died")

    def _reject(self, task: Task, error: StageError | Bug) -> None:
        if not isinstance(error, Invalid):
            text = error.trace if isinstance(error, Bug) else str(error)
            self._tell(Trouble(self._name(task), f"{task.name} {task.key}", text))
        self._director.reject(task, error)
        again = isinstance(error, Transient | Corrupt)
        self._tell(self._ended(task, "again" if again else "failed"))

    def _ended(self, task: Task, outcome: str, answer: Answer = NOTHING) -> TaskEnded:
        took = (answer.seconds, answer.cpu_seconds)
        return TaskEnded(self._name(task), task.stage, task.name, outcome, *took)

    def _name(self, task: Task) -> str:
        run = self._runs.get(task.video)
        return run.job.name if run is not None else ""

    def _conclude(self, out: Path | None) -> None:
        """Deliver what is finished, and let go of what has ended."""
        for run in list(self._runs.values()):
            if run.video.finished is not None and run.video.status == RUNNING and out is not None:
                self._deliver(run, out)
            elif run.video.status == CHECKED:
                self._end(run, self._outcome(run, events.CHECKED))
            elif run.video.status == FAILED:
                self._end(run, self._failure(run))

    def _deliver(self, run: Run, out: Path) -> None:
        video = run.video
        folder = out / video.name
        assert video.finished is not None
        try:
            outputs = self._director.deliver(video)
            paths = deliver(self._store, outputs, self._record(video, outputs), folder)
        except Corrupt as error:
            self._director.repair(video, error)
            return
        except Invalid:
            return  # consent has run out meanwhile; the director has ended the video
        except OSError as error:
            self._director.cancel(video)
            fault = f"{folder} cannot be written: {error.strerror}"
            self._end(run, replace(self._outcome(run, events.FAILED), fault=fault))
            return
        self._director.delivered(video)
        outcome = self._outcome(run, events.FINISHED)
        self._end(
            run,
            replace(
                outcome,
                folder=str(folder),
                outputs=tuple(map(str, paths)),
                video_seconds=video.finished.seconds,
            ),
        )

    def _failure(self, run: Run) -> Outcome:
        complaints = tuple(run.job.all_complaints(run.video.complaints))
        if complaints:
            return replace(self._outcome(run, events.INVALID), complaints=complaints)
        return replace(self._outcome(run, events.FAILED), fault=str(run.video.error))

    def _outcome(self, run: Run, status: str) -> Outcome:
        video = run.video
        counts = {
            stage: {"ran": video.ran[stage], "reused": video.reused[stage]}
            for stage in STAGES
            if video.ran[stage] or video.reused[stage]
        }
        seconds = time.monotonic() - run.since if run.since is not None else 0.0
        return Outcome(run.job.name, status, seconds=seconds, tasks=counts)

    def _warn(self, run: Run) -> None:
        """Say what stages want a person to know, once."""
        for step, warnings in run.video.warnings.items():
            if step not in run.warned:
                run.warned.add(step)
                for said in warnings:
                    self._tell(Warned(run.job.name, said.field, said.reason, said.message))

    def _end(self, run: Run, outcome: Outcome) -> None:
        self._outcomes[run.rank] = outcome
        self._tell(outcome)
        self._forecast.forget(run.video)
        del self._runs[run.video.id]
