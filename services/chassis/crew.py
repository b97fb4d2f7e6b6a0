"""The work processes of a service, shared by its two doors: as many tasks at a time as slots."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, Self
from uuid import uuid4

from google.protobuf.message import Message

from services.chassis.answers import (
    Answer,
    Cause,
    Outcome,
    Ready,
    Stopped,
    Work,
    read_outcome,
)
from services.chassis.calls import Call
from services.chassis.child import Setup
from services.chassis.errors import Invalid, Transient
from services.chassis.keys import task_key
from services.chassis.pool import Done, Limits, Pool
from services.chassis.status import Refused
from services.chassis.tally import Tally
from services.chassis.telemetry.logs import get_log
from services.chassis.telemetry.metrics import Metrics

LOOK_SECONDS: Final = 1.0
"""How often hanging tasks are looked for while nothing happens."""
LONGEST_PAUSE_SECONDS: Final = 30.0
"""Between two tries to start a process, where none becomes ready."""
RETRY_SECONDS: Final = 1.0
"""When callers that found all slots taken should come again."""
Ended = Callable[[Outcome], None]


class Crew:
    """Does tasks in processes of its own, for callers and for the line; safe for many threads.

    One thread of its own looks after the processes, which end when it does.
    """

    def __init__(
        self,
        stage: str,
        setup: Setup,
        metrics: Metrics,
        slots: int = 1,
        limits: Limits | None = None,
    ) -> None:
        self.stage = stage
        self.slots = slots
        self.offer = Ready()
        """What it can do; known once it was entered."""
        self._tally = Tally(stage, metrics)
        self._pool = Pool(setup, slots, limits)
        self._thread = threading.Thread(target=self._run, name="crew", daemon=True)
        self._loaded = threading.Event()
        self._closing = False
        self._woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._ready = 0
        self._claimed = 0
        self._line_waits = False
        self._gone = False
        self._in_hand: dict[str, tuple[str, Ended]] = {}
        self._next_try = 0.0
        self._failures = 0

    def __enter__(self) -> Self:
        """Load, and return when a process has answered its probes; raise what kept it from it."""
        self._thread.start()
        self._loaded.wait()
        if self._pool.offer is None:
            trouble = self._pool.trouble
            self.close()
            raise trouble or RuntimeError("no work process could be started")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, with what they do."""
        self._closing = True
        self._wake()
        self._thread.join()
        with self._lock:
            os.close(self._woken)
            os.close(self._waker)
            self._waker = -1

    def is_ready(self) -> bool:
        """Return whether it works: its processes load, and have answered their probe."""
        return self.is_alive() and self._pool.offer is not None and not self._failures

    def is_alive(self) -> bool:
        """Return whether anybody looks after the processes."""
        return self._thread.is_alive()

    @property
    def free(self) -> int:
        """How many tasks could begin now."""
        with self._lock:
            return max(self._ready - self._claimed, 0)

    def fingerprint(self, request: Message) -> str:
        """Return the fingerprint of the engine that a request names, or of the first.

        Raises Invalid for an engine that is not here.
        """
        engines = dict(self.offer.engines)
        name = getattr(request, "engine", "") or next(iter(engines), "")
        if name not in engines:
            offered = ", ".join(engines)
            raise Invalid(
                "engine", "ENGINE_UNKNOWN", f"{name!r} is not here; choose from {offered}"
            )
        return engines[name]

    def claim(self) -> bool:
        """Keep a slot for the line, which `begin` then uses; return whether one was free.

        Where none was, the next that is free is kept for the line's next claim: callers do not
        get ahead of it.
        """
        with self._lock:
            free = self._ready > self._claimed
            self._claimed += free
            self._line_waits = not free
            return free

    def unclaim(self, *, kept: bool) -> None:
        """Give a slot back that the line has `kept`, or no longer wait for one."""
        with self._lock:
            self._claimed -= kept
            self._line_waits = False

    def begin(self, name: str, work: Work, ended: Ended) -> None:
        """Hand a task to the slot that was claimed for it.

        name: unlike that of every other task in hand. `ended` is called once, on the crew's
        thread, with what became of it.
        """
        engine = self._engine_of(work.request)
        with self._lock:
            gone = self._gone
            if not gone:
                self._in_hand[name] = engine, ended
        if gone:
            ended(Stopped("draining"))
        else:
            self._tell(partial(self._start, name, work))

    def stop(self, name: str, cause: Cause = "cancelled") -> None:
        """End a task and whatever it has started: it becomes `Stopped`, unless it has ended."""
        self._tell(partial(self._kill, name, cause))

    def answer(self, request: Message, call: Call) -> bytes:
        """Do a task for a caller, and return the response that stands, serialised.

        Raises Refused BUSY where no slot is free, Late or Abandoned when the call was stopped, and
        what the stage raises; `Bug` is what nobody foresaw.
        """
        work = self._work(request, call)
        name, box = uuid4().hex, SimpleQueue[Outcome]()
        if not self._claim_for_caller():
            raise Refused("BUSY", "every work slot is taken; try again", RETRY_SECONDS)
        self.begin(name, work, box.put)
        call.on_stop(partial(self.stop, name))
        outcome = self._wait(name, box, call)
        if isinstance(outcome, Answer):
            return outcome.response
        call.check()
        if isinstance(outcome, Stopped):
            raise Transient("DRAINING: this process ends; another will do it")
        raise outcome

    def _work(self, request: Message, call: Call) -> Work:
        key = task_key(call.team, request, self.fingerprint(request))
        return Work(key, request, call.team, trace=call.trace)

    def _claim_for_caller(self) -> bool:
        with self._lock:
            free = self._ready - self._claimed - self._line_waits > 0
            self._claimed += free
            return free

    def _wait(self, name: str, box: SimpleQueue[Outcome], call: Call) -> Outcome:
        try:
            return box.get(timeout=call.remaining())
        except Empty:
            self.stop(name)
            return box.get()

    def _engine_of(self, request: Message) -> str:
        return getattr(request, "engine", "") or next((name for name, _ in self.offer.engines), "")

    def _tell(self, command: Callable[[], None]) -> None:
        self._commands.put(command)
        self._wake()

    def _wake(self) -> None:
        with self._lock, suppress(BlockingIOError):  # enough may lie there to wake it
            if self._waker >= 0:
                os.write(self._waker, b"x")

    def _run(self) -> None:
        try:
            with self._pool:
                while not self._closing:
                    self._fill()
                    self._look()
        finally:
            self._abandon()

    def _look(self) -> None:
        """Wait until something happens, and see to it."""
        for done in self._pool.wait([self._woken], LOOK_SECONDS):
            self._take(done)
        with suppress(BlockingIOError):
            os.read(self._woken, 4096)
        while not self._commands.empty():
            self._commands.get()()
        if self._pool.offer is not None:
            self.offer = self._pool.offer
        if self._pool.offer is not None or self._pool.failures:
            self._loaded.set()
        self._count()

    def _fill(self) -> None:
        """Start what is missing; after failures only now and then."""
        pool = self._pool
        if pool.failures > self._failures:
            pause = min(2.0 ** (pool.failures - 1), LONGEST_PAUSE_SECONDS)
            self._next_try = time.monotonic() + pause
            get_log().error("no work process could be started", why=str(pool.trouble))
        self._failures = pool.failures
        if time.monotonic() >= self._next_try or not pool.failures:
            pool.fill()

    def _start(self, name: str, work: Work) -> None:
        self._pool.start(name, work)
        with self._lock:
            self._claimed -= 1
            self._ready = self._pool.ready

    def _kill(self, name: str, cause: Cause) -> None:
        if self._pool.kill(name):
            self._end(name, Stopped(cause))

    def _take(self, done: Done) -> None:
        self._end(done.name, read_outcome(done.answer))

    def _end(self, name: str, outcome: Outcome) -> None:
        with self._lock:
            engine, ended = self._in_hand.pop(name)
            self._ready = self._pool.ready
        self._tally.ended(engine, outcome)
        ended(outcome)

    def _count(self) -> None:
        with self._lock:
            self._ready = self._pool.ready
            busy = len(self._in_hand)
        self._tally.slots(busy, self.slots)

    def _abandon(self) -> None:
        """Tell everybody who waits that nothing comes any more."""
        with self._lock:
            self._ready, self._gone = 0, True
            left, self._in_hand = list(self._in_hand.values()), {}
        self._loaded.set()
        for _, ended in left:
            ended(Stopped("draining"))
