"""The director: asks recipes what to do, hands out tasks and takes their results back."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import Message
from rostrum.director.v1.director_pb2 import Commission

from services.chassis.errors import Corrupt, Invalid, Transient
from services.chassis.store import Store
from services.director.asking import may_start, objections, outstanding, task_for
from services.director.orders import complete, order_complaints
from services.director.recipes import Finished, Output, Planned, Step, talking_head
from services.director.results import Fingerprint, Results
from services.director.retries import ATTEMPTS, pause_after
from services.director.videos import (
    CANCELLED,
    CHECKED,
    FAILED,
    FINISHED,
    RUNNING,
    Task,
    Video,
)

if TYPE_CHECKING:  # the database is slow to import, and only the caller needs it
    from services.director.state import State

R = TypeVar("R", bound=Message)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Director:
    """Leads videos from order to delivery. It does no stage's work and knows no queue.

    A runtime admits commissions, asks `ready` for tasks, has them done wherever it likes and hands
    each back to `accept` or `reject`. What several videos ask for is handed out once. All of it is
    for one thread.
    """

    def __init__(
        self,
        store: Store,
        state: State,
        fingerprint: Fingerprint,
        clock: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._state = state
        self._results = Results(store, fingerprint)
        self._clock = clock
        self._jitter = jitter
        self._videos: dict[str, Video] = {}
        self._running: dict[str, Task] = {}
        self._attempts: Counter[str] = Counter()
        self._paused: dict[str, datetime] = {}
        self._lost: dict[str, Exception] = {}
        self._waiting: defaultdict[str, set[str]] = defaultdict(set)

    def admit(self, commission: Commission, *, checks_only: bool = False) -> Video:
        """Take a commission in, defaults filled in, and return the video that it becomes.

        It never raises Invalid: whatever is wrong with an order ends its video once all checks that
        can still be made are done, so that everything is said at once.
        """
        full = complete(commission)
        began = self._state.begin_video(full, self._clock(), in_work=self._videos)
        video = Video(began, full, checks_only)
        video.complain(tuple(order_complaints(full)))
        if full.presenter.name:
            video.complain(objections(video, self._clock()))
        self._videos[video.id] = video
        return video

    def ready(self, video: Video) -> list[Task]:
        """Return the tasks to do now for a video, each handed out once; or end the video.

        It has ended when its status is no longer "running"; while `finished` is set it waits for
        its delivery. Cheap to call again while nothing has happened.
        """
        now = self._clock()
        overslept = video.wakes is not None and now >= video.wakes
        if video.status != RUNNING or not (video.stale or overslept):
            return []
        video.stale, video.wakes = False, None
        try:
            return self._advance(video, now)
        except Invalid as error:  # an engine that is not here
            video.complain(error.violations)
            self._fail(video)
            return []

    def accept(self, task: Task, response: Message, seconds: float) -> None:
        """Take a task's response; the first that was ever accepted stands.

        Raises TypeError for the answer to another question. A store that cannot take the response
        now costs the task an attempt.
        """
        if not isinstance(response, task.step.response):
            raise TypeError(f"{task.name}: {type(response).__name__} is no answer to it")
        try:
            standing = self._results.keep(task.key, response)
        except Transient as error:
            self.reject(task, error)
            return
        self._state.task_finished(task.key, standing, seconds, self._clock())
        self._videos[task.video].ran_keys.add(task.key)
        self._release(task)

    def reject(self, task: Task, error: Exception) -> None:
        """Take a task back undone. It is tried again, or its videos fail, as the error says.

        What is no `StageError` is a bug of the stage: it fails the videos that need the task.
        """
        now = self._clock()
        self._state.task_failed(task.key, error, now)
        if self._hopeless(task, error):
            self._lost[task.key] = error
        elif isinstance(error, Transient):
            self._paused[task.key] = now + pause_after(task.attempt, self._jitter())
        self._release(task)

    def deliver(self, video: Video) -> tuple[Output, ...]:
        """Return the files to deliver. Raises Invalid, and ends the video, without consent."""
        assert video.finished is not None, "ready() sets it"
        if complaints := objections(video, self._clock()):
            video.complain(complaints)
            self._fail(video)
            raise Invalid.every(complaints)
        return video.finished.outputs

    def delivered(self, video: Video) -> None:
        """End a video whose files all are where they belong."""
        assert video.finished is not None, "ready() sets it"
        self._end(video, FINISHED)

    def repair(self, video: Video, error: Corrupt) -> None:
        """Have a file made again that turned out broken at delivery; go on with `ready`."""
        video.finished = None
        video.stale = True
        if not self._results.repair(error):
            self._fail(video, error)

    def cancel(self, video: Video) -> None:
        """End a video that nobody wants any more. Tasks in work may finish; results are kept."""
        self._end(video, CANCELLED)

    def outline(self, video: Video) -> tuple[Planned, ...]:
        """Return the steps a video is expected to need; those in `video.steps` are done."""
        return talking_head.outline(video.commission, self._results.find)

    def _advance(self, video: Video, now: datetime) -> list[Task]:
        steps, parts = outstanding(video, self._results, self._lost.get)
        if parts:
            self._state.link(video.id, parts)
        if video.error is not None:
            self._fail(video, video.error)
            return []
        if isinstance(steps, Finished):
            video.finished = steps
            return []
        tasks = []
        for step in steps:
            self._waiting[self._results.key_of(step)].add(video.id)
            if self._startable(video, step, now):
                tasks.append(self._start(video, step, now))
        if not any(self._is_awaited(video, step) for step in steps):
            self._conclude(video)
        return tasks

    def _startable(self, video: Video, step: Step[Any], now: datetime) -> bool:
        key = self._results.key_of(step)
        if key in self._running or key in self._lost:
            return False
        if not may_start(video, step, objections(video, now)):
            return False
        pause_ends = self._paused.get(key, now)
        if pause_ends > now:
            video.wakes = min(video.wakes or pause_ends, pause_ends)
        return pause_ends <= now

    def _start(self, video: Video, step: Step[Any], now: datetime) -> Task:
        key = self._results.key_of(step)
        self._paused.pop(key, None)
        self._attempts[key] += 1
        task = task_for(video, self._results, step, self._attempts[key])
        self._running[key] = task
        self._state.task_started(task, now)
        return task

    def _is_awaited(self, video: Video, step: Step[Any]) -> bool:
        """Return whether a step is being done or will be, after a pause."""
        key = self._results.key_of(step)
        return key in self._running or (key in self._paused and not video.blocked(step))

    def _conclude(self, video: Video) -> None:
        """End a video for which nothing is left to do: it is checked, or cannot be made."""
        if video.complaints:
            self._fail(video)
        else:
            self._end(video, CHECKED)

    def _hopeless(self, task: Task, error: Exception) -> bool:
        if isinstance(error, Corrupt) and not self._results.repair(error):
            return True
        return not isinstance(error, Corrupt | Transient) or task.attempt >= ATTEMPTS

    def _release(self, task: Task) -> None:
        """Take a task out of work and wake the videos that wait for it."""
        self._running.pop(task.key, None)
        for video in self._waiting.pop(task.key, ()):
            self._videos[video].stale = True

    def _fail(self, video: Video, error: Exception | None = None) -> None:
        video.error = error or Invalid.every(video.complaints)
        self._end(video, FAILED)

    def _end(self, video: Video, status: str) -> None:
        video.status = status
        outputs = video.finished.outputs if video.finished is not None else ()
        self._state.end_video(video.id, status, self._clock(), video.error, outputs)
