"""The line's one thread: reports in, videos on, tasks out, silence judged; again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self, cast

from rostrum.director.v1.line_pb2 import WorkerStatus

from services.chassis.bus import Follower, GroupReader, Partition, Record
from services.chassis.envelope import unwrap
from services.chassis.errors import Invalid, Transient
from services.chassis.telemetry.logs import get_log
from services.chassis.telemetry.traces import named
from services.chassis.topics import REPORTS, WORKERS
from services.director.database import AWAY
from services.director.line.advance import Advance
from services.director.line.broker import Broker
from services.director.line.dispatch import Dispatch
from services.director.line.forecast import Forecast
from services.director.line.intake import Intake
from services.director.line.leases import Leases
from services.director.line.locks import locks_for
from services.director.line.means import Means
from services.director.line.pulse import feel
from services.director.line.relay import Relay
from services.director.line.reports import Reports
from services.director.line.retention import AT_ONCE, Retention
from services.director.line.roster import Engines
from services.director.line.words import STAGES
from services.director.line.workers import Workers

GROUP: Final = "rostrum.director"
INTAKE: Final = "intake"
RELAY: Final = "relay"
DUTIES: Final = (INTAKE, RELAY, *(f"dispatch:{stage}" for stage in STAGES))

REPORTS_AT_ONCE: Final = 200
IDLE_SECONDS: Final = 0.2
"""How long one turn waits for reports where there was nothing to do in the last."""
AWAY_SECONDS: Final = 1.0
"""Before the next turn where database, broker or store were away."""
REST_SECONDS: Final = 5.0
"""Before a video is asked again whose results the store could not give."""
LOCKS_SECONDS: Final = 1.0
ROSTER_SECONDS: Final = 2.0
INTAKE_SECONDS: Final = 0.3
SHARE: Final = 0.02
"""Of its time, that the line spends on looking over whole queues."""
SEEN_SECONDS: Final = 5.0
RETENTION_SECONDS: Final = 60.0


class Line:
    """One director's part in the line. Any number may run at once; each may die at any moment.

    All of it belongs to one thread. What it knows is in the database; what it has in mind is only
    there to be quick.
    """

    def __init__(self, means: Means) -> None:
        self._means = means
        self._log = get_log()
        self._broker = Broker(means.monotonic, means.rules.lease_ms)
        self._workers = Workers(means.rules.silence_ms)
        self._engines = Engines(means.engine, means.now_ms, means.rules.silence_ms)
        self._locks = locks_for(means.engine, DUTIES)
        self._reports = Reports(means)
        self._advance = Advance(means)
        self._intake = Intake(means)
        self._dispatch = Dispatch(means, self._workers, self._broker)
        self._leases = Leases(means, self._workers, self._broker)
        self._relay = Relay(means)
        self._forecast = Forecast(means, self._workers, self._broker)
        self._retention = Retention(means)
        self._reader: GroupReader | None = None
        self._follower: Follower | None = None
        self._due: dict[str, float] = {}
        self._resting: dict[str, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop` is set; what is away is waited for. Then leave the group at once."""
        busy = False
        try:
            while not stop.is_set():
                busy = self._try_turn(0.0 if busy else IDLE_SECONDS, stop)
        finally:
            self.close()

    def _try_turn(self, patience_seconds: float, stop: threading.Event) -> bool:
        try:
            return self.turn(patience_seconds)
        except (Transient, *AWAY) as error:
            self._log.warning("away", reason=str(error).splitlines()[0])
            self._broker.was_away()
            stop.wait(AWAY_SECONDS)
            return False

    def turn(self, patience_seconds: float = 0.0) -> bool:
        """Do what there is to do now; return whether there was anything.

        Raises Transient and one of AWAY where broker, store or database are away; nothing is
        lost by it, and the next turn goes on.
        """
        self._join()
        busy = self._listen(patience_seconds)
        self._hear_workers()
        if self._is_due("locks", LOCKS_SECONDS):
            self._locks.renew()
        if self._is_due("roster", ROSTER_SECONDS):
            self._call_roster()
        if self._locks.holds(INTAKE) and self._is_due("intake", INTAKE_SECONDS):
            with self._at_most_a_share("intake"):
                busy |= self._intake.take_up(self._dispatch.idle_slots()) > 0
        busy |= self._lead_on(busy=busy)
        self._judge()
        self._look_around()
        return busy

    def close(self) -> None:
        """Leave the group and let go of every duty."""
        for reader in (self._reader, self._follower):
            if reader is not None:
                reader.close()
        self._reader = self._follower = None
        self._locks.close()

    def _join(self) -> None:
        if self._follower is None:
            self._follower = self._means.bus.follow([WORKERS.name])
        if self._reader is None:
            self._reader = self._means.bus.join(GROUP, [REPORTS.name], self._assigned)

    def _assigned(self, given: frozenset[Partition], lost: frozenset[Partition]) -> None:
        """Go on in partitions where the database says, not where the group does."""
        self._log.info("report partitions", given=len(given), lost=len(lost))
        if given and self._reader is not None:
            for (topic, partition), offset in self._reports.offsets_of(given).items():
                self._reader.seek(topic, partition, offset)

    def _listen(self, patience_seconds: float) -> bool:
        """Take reports in; what cannot be taken in now is read again."""
        assert self._reader is not None, "it has joined"
        records = self._reader.poll(patience_seconds, REPORTS_AT_ONCE)
        if not records:
            return False
        for record in records:
            self._broker.stamp(record.time_ms)
        try:
            self._reports.take(records, self._means.now_ms())
        except (Transient, *AWAY):
            self._read_again(records)
            raise
        return True

    def _read_again(self, records: Sequence[Record]) -> None:
        """Go back to before records that were read and could not be taken in."""
        assert self._reader is not None, "it has joined"
        first: dict[Partition, int] = {}
        for record in records:
            at = record.topic, record.partition
            first[at] = min(first.get(at, record.offset), record.offset)
        for at in first.keys() & self._reader.partitions():
            self._reader.seek(*at, first[at])

    def _hear_workers(self) -> None:
        assert self._follower is not None, "it has joined"
        while records := self._follower.poll(0.0, REPORTS_AT_ONCE):
            for record in records:
                self._broker.stamp(record.time_ms)
                try:
                    envelope = unwrap(record)
                except Invalid as error:
                    self._log.warning("status unreadable", reason=error.violations[0].reason)
                    continue
                if envelope is not None:
                    self._workers.hear(cast("WorkerStatus", envelope.message), record.time_ms)

    def _call_roster(self) -> None:
        roster = self._engines.look()
        now_ms = self._broker.now_ms()
        if self._locks.holds(INTAKE) and self._engines.learn(self._workers.engines(now_ms)):
            roster = self._engines.look()
        self._advance.call(roster)
        self._workers.forget_silent(now_ms)
        now = self._means.monotonic()
        self._resting = {video: until for video, until in self._resting.items() if until > now}

    def _lead_on(self, *, busy: bool) -> bool:
        """Ask recipes, send tasks and publish, where there is anything to ask, send or publish."""
        assert self._reader is not None, "it has joined"
        parts = {number for _, number in self._reader.partitions()}
        pulse = feel(self._means.engine, parts, self._means.now_ms())
        for video, trace in pulse.stale.items():
            with named(trace, video=video):
                self._advance_video(video)
        ready = (
            feel(self._means.engine, (), self._means.now_ms()).ready if pulse.stale else pulse.ready
        )
        sent = 0
        for stage in STAGES:
            if stage in ready and self._locks.holds(f"dispatch:{stage}"):
                sent += self._dispatch.send(stage)
        moved = bool(set(pulse.stale) - self._resting.keys()) or sent > 0
        if (moved or pulse.waiting or busy) and self._locks.holds(RELAY):
            self._publish()
        return moved or pulse.waiting

    def _advance_video(self, video: str) -> None:
        """Ask one video's recipe; whatever is wrong with it is its own trouble alone."""
        if self._means.monotonic() < self._resting.get(video, float("-inf")):
            return
        self._resting.pop(video, None)
        try:
            self._advance.advance(video)
        except Transient as error:
            self._log.warning("store away", video=video, reason=str(error))
            self._resting[video] = self._means.monotonic() + REST_SECONDS
        except AWAY:
            raise
        except Exception:  # noqa: BLE001  # else one video would end every director, again and again
            self._log.exception("nobody foresaw this", video=video)
            self._advance.give_up(video)

    def _publish(self) -> None:
        if self._relay.publish():
            self._broker.answered()

    def _judge(self) -> None:
        """Judge silence, a few times in each lease."""
        if not self._is_due("leases", self._means.rules.lease_ms / 1000 / 6):
            return
        assert self._reader is not None, "it has joined"
        try:
            ends = self._reader.end_offsets()
        except Transient:
            self._broker.was_away()
            raise
        self._broker.answered()
        behind = [end - self._reader.position(*at) for at, end in ends.items()]
        self._means.metrics.inbox_lag_messages.set(sum(behind))
        self._leases.judge(self._reader, ends)
        for stage in STAGES:
            if self._locks.holds(f"dispatch:{stage}"):
                self._leases.remind(stage)

    def _look_around(self) -> None:
        if self._locks.holds(INTAKE):
            if self._is_due("forecast", SEEN_SECONDS):
                with self._at_most_a_share("forecast"):
                    self._forecast.look()
            if self._is_due("retention", RETENTION_SECONDS):
                self._prune()
        else:
            self._forecast.hide()

    def _prune(self) -> None:
        """Forget what is old; where that was a full lot, go on soon."""
        with self._at_most_a_share("retention"):
            if self._retention.prune() >= AT_ONCE:
                self._due["retention"] = self._means.monotonic()

    @contextmanager
    def _at_most_a_share(self, what: str) -> Iterator[None]:
        """Put something off the longer the longer it takes: queues may be long."""
        began = self._means.monotonic()
        yield
        ended = self._means.monotonic()
        self._due[what] = max(self._due[what], ended + (ended - began) / SHARE)

    def _is_due(self, what: str, seconds: float) -> bool:
        now = self._means.monotonic()
        if now < self._due.get(what, float("-inf")):
            return False
        self._due[what] = now + seconds
        return True


class LineThread:
    """Turns a line in a thread of its own while entered."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._stop = threading.Event()
        self._thread = threading.Thread(target=line.run, args=[self._stop], name="line")

    def is_alive(self) -> bool:
        """Return whether it turns; a bug ends it, and with it the process."""
        return self._thread.is_alive()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
