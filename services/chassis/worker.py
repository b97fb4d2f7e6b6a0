"""The Kafka door of a stage: takes tasks off its topic, has the crew do them, and reports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final, Self
from uuid import uuid4

from rostrum.director.v1 import line_pb2 as pb

from services.chassis.answers import Answer, Outcome, Stopped
from services.chassis.bus import Bus, Outgoing, Partition
from services.chassis.bus.limits import refuse_oversize
from services.chassis.control import Control
from services.chassis.crew import Crew
from services.chassis.envelope import dead_letter, wrap
from services.chassis.errors import Invalid
from services.chassis.intake import Fetched, Refused, fetched
from services.chassis.post import Patience, Post
from services.chassis.reports import (
    LACKS_ENGINE,
    OVERTAKEN,
    PROGRESS,
    STARTED,
    Event,
    cancelled,
    event_of,
    report_on,
)
from services.chassis.tally import Tally
from services.chassis.telemetry.logs import bound, get_log
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import trace_id
from services.chassis.topics import TOPICS, WORKERS, dead_of, tasks_of

QUIET_SECONDS: Final = 90.0
"""A member that the broker has not heard for so long, while it answers others, is lost for good."""
STEP_SECONDS: Final = 120.0
"""A round of the loop that takes longer hangs."""
LOOKS: Final = 10
"""So many in a row must find it unsound."""
LAST_WORDS_SECONDS: Final = 5.0
"""How long after its grace a draining worker tries to get its last reports through."""


@dataclass(frozen=True)
class Pace:
    """How often a worker does what it does again and again, in seconds."""

    progress_seconds: float = 5.0
    """Between two reports on a task in work, and two of the worker's own status."""
    poll_seconds: float = 1.0
    """The longest it waits for tasks, and so the longest it takes to hear anything else."""


class Worker:
    """Works for the line in a thread of its own while it is entered.

    A record is taken for good, its offset committed, once the broker has the report that work on
    it has started, and that waits for a free slot; what was fetched and not begun is forgotten
    when its partition goes to another worker. The report of a task's end is kept until the broker
    has it: without a broker a worker ends what it has in hand.
    """

    def __init__(  # noqa: PLR0913  # what stands around it, and two clocks
        self,
        crew: Crew,
        bus: Bus,
        metrics: Metrics,
        name: str = "",
        pace: Pace | None = None,
        *,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
        utc: Callable[[], float] = time.time,
    ) -> None:
        self.stage = crew.stage
        self.name = name or f"{crew.stage}-{uuid4().hex[:8]}"
        self._crew = crew
        self._bus = bus
        self._tally = Tally(crew.stage, metrics)
        self._pace = pace or Pace()
        self._clock = clock
        self._utc = utc
        self._topic = tasks_of(crew.stage)
        self._post = Post(bus, patience or Patience(), clock)
        self._reader = bus.join(f"rostrum.{crew.stage}", [self._topic.name], self._on_change)
        self._control = Control(bus, self._pace.poll_seconds, clock)
        self._waiting: list[Fetched | Refused] = []
        self._working: dict[str, Fetched] = {}
        self._ended: SimpleQueue[tuple[str, Outcome]] = SimpleQueue()
        self._status = pb.WorkerStatus()
        self._status_due = float("-inf")
        self._drain_until: float | None = None
        self._stepped = clock()
        self._unsound = 0
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def __enter__(self) -> Self:
        self._stepped = self._clock()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._drain_until is None:
            self.drain(0.0)
        self._thread.join()

    def drain(self, grace_seconds: float) -> None:
        """Take no more tasks; end those in hand within the grace, then give back what is left.

        Returns at once; leaving the `with` waits for the end.
        """
        self._drain_until = self._clock() + grace_seconds

    def await_end(self) -> None:
        """Wait until it has drained, or ought to have: a loop that hangs never does."""
        until = self._drain_until or 0.0
        self._thread.join(max(until + LAST_WORDS_SECONDS - self._clock(), 0.0))

    def is_alive(self) -> bool:
        """Return whether the process is worth keeping for the line; ask every second or so.

        It is not where the loop has ended or hangs, or where the broker answers others and has
        long not heard from this member. A process that was stopped has some looks to recover.
        """
        if self._drain_until is not None:
            return True
        self._unsound = 0 if self._is_sound() else self._unsound + 1
        return self._thread.is_alive() and self._unsound < LOOKS

    def _is_sound(self) -> bool:
        if self._clock() - self._stepped > STEP_SECONDS:
            return False
        return self._reader.quiet_seconds() <= QUIET_SECONDS or not self._bus.healthy()

    def step(self) -> bool:
        """Do one round of the loop; return whether there must be another."""
        self._stepped = self._clock()
        self._cancel(self._control.cancelled())
        if self._drain_until is not None:
            self._give_up(self._drain_until)
        self._receive()
        self._begin()
        self._hear()
        self._report_progress()
        self._report_status()
        return not self._is_done()

    def _run(self) -> None:
        try:
            while self.step():
                pass
        finally:
            self.close()
        if self._post.kept:
            get_log().error("the broker did not take the last reports", reports=self._post.kept)

    def close(self) -> None:
        """Leave the group: tasks that were not begun go to others at once."""
        self._reader.close()
        self._control.close()

    # What comes in.

    def _receive(self) -> None:
        """Fetch tasks while there is room for them; else only keep the membership."""
        room = self._room()
        if room:
            self._reader.resume()
        else:
            self._reader.pause()
        idle, busy = self._pace.poll_seconds, self._pace.poll_seconds / 6
        seconds = (busy if self._working else idle) if room else 0.0
        for record in self._reader.poll(seconds, max(room, 1)):
            found = fetched(record, self._crew.offer.kinds)
            if found is None:
                get_log().info("passed over a tombstone", topic=record.topic)
                if not self._waiting:  # a commit speaks for all that lies before it
                    self._reader.commit(record)
            else:
                self._waiting.append(found)

    def _room(self) -> int:
        """Return how many tasks could begin now besides those that wait."""
        if self._drain_until is not None:
            return 0
        return max(self._crew.free - len(self._waiting), 0)

    def _on_change(self, _given: frozenset[Partition], lost: frozenset[Partition]) -> None:
        self._forget(lost)

    def _forget(self, lost: frozenset[Partition]) -> None:
        """Let go of what was not begun: whoever reads these partitions next is given it."""
        self._waiting = [
            held for held in self._waiting if (held.record.topic, held.record.partition) not in lost
        ]
        if not self._waiting:
            self._crew.unclaim(kept=False)

    def _cancel(self, keys: frozenset[str]) -> None:
        """Stop, or never begin, what nobody wants any more."""
        for held in self._waiting:
            if isinstance(held, Fetched) and held.task.key in keys:
                held.is_unwanted = True
        for name, held in self._working.items():
            if held.task.key in keys:
                self._crew.stop(name)

    # What becomes of it.

    def _begin(self) -> None:
        """Begin or refuse what waits, in order, as far as slots and broker allow."""
        waited = bool(self._waiting)
        while self._waiting and self._settle(self._waiting[0]):
            del self._waiting[0]
        if waited and not self._waiting:
            self._crew.unclaim(kept=False)  # what waited for a slot may have been refused since

    def _settle(self, held: Fetched | Refused) -> bool:
        """Return whether a record is done with, or in work."""
        if isinstance(held, Refused):
            return self._park(held)
        if (running := self._running(held)) is not None:
            return self._adopt(running, held)
        if (event := self._refusal(held)) is not None:
            return self._refuse(held, event)
        return self._start(held)

    def _refuse(self, held: Fetched, event: Event) -> bool:
        if not self._close(held, event):
            self._crew.unclaim(kept=False)  # it waits for the broker, for a slot no more
            return False
        self._tally.refused(held.request, lacks_engine=event is LACKS_ENGINE)
        return True

    def _start(self, held: Fetched) -> bool:
        if not self._crew.claim():
            return False
        if not self._close(held, STARTED):
            self._crew.unclaim(kept=True)
            return False
        held.said = self._clock()
        self._working[held.name] = held
        self._crew.begin(held.name, held.work, lambda end: self._ended.put((held.name, end)))
        return True

    def _close(self, held: Fetched, event: Event) -> bool:
        """Report, and commit once the broker has the report."""
        if not self._post.send([self._report(held, event)]):
            return False
        self._reader.commit(held.record)
        return True

    def _adopt(self, running: Fetched, again: Fetched) -> bool:
        """Have an answer of work that goes on here stand for the attempt that was sent meanwhile.

        No other end of it does: a process that slept, or reads what somebody else has since put
        right, may fail where an attempt from the start does not.
        """
        if again.task.attempt > running.task.attempt:
            if not self._close(again, STARTED):
                return False
            running.envelope, running.is_overtaken = again.envelope, True
        else:
            self._reader.commit(again.record)  # delivered twice
        return True

    def _running(self, held: Fetched) -> Fetched | None:
        return next((each for each in self._working.values() if each.is_same_work(held)), None)

    def _refusal(self, held: Fetched) -> Event | None:
        """Return what is said of a task instead of doing it; None where it is to be done."""
        deadline = held.task.deadline_unix_ms
        if held.is_unwanted:
            return cancelled("CANCELLED")
        if deadline and deadline <= self._utc() * 1000:
            return cancelled("DEADLINE")
        with suppress(Invalid):
            if self._crew.fingerprint(held.request) == held.task.fingerprint:
                return None
        return LACKS_ENGINE

    def _park(self, refused: Refused) -> bool:
        """Put a record aside that nobody can read, and say so where it says whose it is."""
        reason, letters = refused.error.violations[0].reason, [self._dead_letter(refused)]
        if refused.envelope is not None:
            failure = event_of(refused.error)
            letters.append(report_on(refused.envelope, self.stage, self.name, failure))
        if not self._post.send(letters):
            return False
        self._reader.commit(refused.record)
        self._tally.parked(self._topic.name)
        get_log().error("a message was put aside", reason=reason, why=str(refused.error))
        return True

    def _dead_letter(self, refused: Refused) -> Outgoing:
        letter = dead_letter(refused.record, refused.error)
        try:
            refuse_oversize(TOPICS[letter.topic], letter)
        except Invalid:  # its reason and its place are better than nothing
            headers = letter.headers[-3:]
            return Outgoing(dead_of(self._topic).name, None, headers=headers)
        return letter

    # What is said of it.

    def _hear(self) -> None:
        """Report what has ended; wait for it where nothing else can be done."""
        seconds = 0.0 if self._room() or self._is_done() else self._pace.poll_seconds
        try:
            name, outcome = self._ended.get(timeout=seconds)
        except Empty:
            return
        held = self._working.pop(name)
        ids = {"task": held.task.key, "video": held.task.video_id, "team": held.task.team}
        with bound(**ids, trace=trace_id(held.envelope.trace)):
            _log(outcome)
        self._post.keep(self._report(held, _event_of_end(held, outcome)))
        self._post.send()

    def _report(self, held: Fetched, event: Event) -> Outgoing:
        return report_on(held.envelope, self.stage, self.name, event)

    def _report_progress(self) -> None:
        now = self._clock()
        due = [
            held
            for held in self._working.values()
            if now - held.said >= self._pace.progress_seconds
        ]
        if self._post.send([self._report(held, PROGRESS) for held in due]):
            for held in due:
                held.said = now

    def _report_status(self) -> None:
        status, now = self._current_status(), self._clock()
        if status == self._status and now < self._status_due:
            return
        message = wrap(WORKERS, status, id=uuid4().hex, source=self.name, key=self.name)
        if self._post.send([message]):
            self._status, self._status_due = status, now + self._pace.progress_seconds

    def _current_status(self) -> pb.WorkerStatus:
        in_hand = [*self._working.values(), *self._waiting]
        return pb.WorkerStatus(
            worker=self.name,
            stage=self.stage,
            partitions=sorted(number for _, number in self._reader.partitions()),
            free_slots=self._room(),
            task_keys=sorted(held.task.key for held in in_hand if isinstance(held, Fetched)),
            engines=[
                pb.EngineInfo(name=name, fingerprint=fingerprint)
                for name, fingerprint in self._crew.offer.engines
            ],
            draining=self._drain_until is not None,
        )

    # How it ends.

    def _give_up(self, until: float) -> None:
        """Begin nothing more; after the grace, end what still runs."""
        self._forget(self._reader.partitions())
        if self._clock() >= until:
            for name in self._working:
                self._crew.stop(name, "draining")

    def _is_done(self) -> bool:
        if self._drain_until is None or self._working:
            return False
        return not self._post.kept or self._clock() >= self._drain_until + LAST_WORDS_SECONDS


def _event_of_end(held: Fetched, outcome: Outcome) -> Event:
    if held.is_overtaken and not isinstance(outcome, Answer | Stopped):
        return OVERTAKEN
    return event_of(outcome)


def _log(outcome: Outcome) -> None:
    if isinstance(outcome, Answer):
        get_log().info("task finished", seconds=outcome.seconds, reused=outcome.reused)
    else:
        get_log().warning("task not finished", how=type(outcome).__name__, why=str(outcome))
