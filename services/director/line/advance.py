"""Advances videos: asks the recipe of each, and writes down what follows, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from google.protobuf.message import Message
from rostrum.media.v1.media_pb2 import Warning as Caution
from sqlalchemy import Connection, bindparam, select, update

from services.chassis.errors import Invalid, Transient, Violation
from services.chassis.telemetry.logs import get_log
from services.director.database import AWAY, reading
from services.director.line import consent
from services.director.line.linking import link
from services.director.line.lookups import among
from services.director.line.means import Means
from services.director.line.minds import Mind, Minds
from services.director.line.roster import Roster, WorkersAwaited, roster_now
from services.director.line.tasks import drop_unwanted, hold, save, trouble_of
from services.director.line.thinking import Known, Thought, think
from services.director.line.videos import SHOWN, change, ended
from services.director.line.words import DROPPED, FINISHED, STAGES
from services.director.messages import OPEN as OPEN_VIDEOS
from services.director.messages import QUEUED, complaints_text, outputs_text, warnings_text
from services.director.results import Results
from services.director.retries import ATTEMPTS
from services.director.tables import tasks, video_tasks, videos
from services.director.videos import CANCELLED, FAILED

Row = Mapping[str, Any]

VIDEO: Final = select(*SHOWN).where(videos.c.id == bindparam("video"))
ITS_TASKS: Final = (
    select(
        video_tasks.c.name,
        *(tasks.c.key, tasks.c.state, tasks.c.error, tasks.c.ended_ms, tasks.c.failures),
    )
    .select_from(video_tasks.join(tasks, video_tasks.c.key == tasks.c.key))
    .where(video_tasks.c.video == bindparam("video"))
)
WORKERS_AWAITED: Final = "WORKERS_AWAITED"


class Gone(Exception):
    """Somebody else has changed the video meanwhile: what was thought out is void."""


class Advance:
    """Leads videos on. What a video needs is its recipe's word; here it is put into rows."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._engine = means.engine
        self._log = get_log()
        self.minds = Minds(means.rules.minds)
        self._roster = Roster()

    def call(self, roster: Roster) -> None:
        """Go on with the engines of this roster; where they have changed, so have all keys."""
        if roster != self._roster:
            self._roster = roster
            self.minds.clear()

    def advance(self, video: str) -> None:
        """Ask a video's recipe and write down what follows.

        Raises Transient where the store is away, and one of AWAY where the database is, or a
        transaction lost to another: the video stays stale, and is thought about anew.
        """
        known = self._read(video)
        if known is None:
            self.minds.forget(video)
            return
        mind = self.minds.known(known.row) or self._new_mind(known.row)
        mind.links = {task["name"]: task["key"] for task in known.tasks}
        now = datetime.fromtimestamp(self._means.clock(), UTC)
        try:
            try:
                self._write(mind, known.row, self._think(mind, known, now))
            except WorkersAwaited as awaited:
                self.minds.forget(video)
                self._await(known.row, awaited)
        except Gone:
            self.minds.forget(video)
        except (Transient, *AWAY):
            self.minds.forget(video)
            raise

    def give_up(self, video: str) -> None:
        """Fail a video that cannot be thought about: a bug of ours must not stop the others."""
        self.minds.forget(video)
        why = Violation("", "INTERNAL", "nobody foresaw this; the operator's log tells more")
        now_ms = self._means.now_ms()
        values = ended(FAILED, now_ms) | {"complaints": complaints_text([why])}
        still = among(videos.c.state, sorted(OPEN_VIDEOS))
        with self._engine.begin() as connection:
            drop_unwanted(connection, [video], now_ms)
            row = change(connection, video, FAILED, now_ms, values, still)
        if row is not None:
            self._count_end(row)

    def _think(self, mind: Mind, known: Known, now: datetime) -> Thought:
        try:
            return think(mind, known, now, self._mend)
        except Invalid as error:  # an order that no request can be made of
            return Thought(failed=error.violations)

    def _read(self, video: str) -> Known | None:
        with reading(self._engine) as connection:
            row = connection.execute(VIDEO, {"video": video}).mappings().first()
            if row is None or row["state"] not in OPEN_VIDEOS:
                return None
            linked = connection.execute(ITS_TASKS, {"video": video}).mappings()
            found = [dict(task) for task in linked]
            withdrawn = consent.is_revoked(connection, row["team"], row["subject"], row["portrait"])
            return Known(dict(row), found, withdrawn)

    def _new_mind(self, row: Row) -> Mind:
        with reading(self._engine) as connection:
            data = select(videos.c.commission).where(videos.c.id == row["id"])
            commission = connection.execute(data).scalar_one()
        results = Results(self._means.store_of(row["team"]), self._fingerprint)
        return self.minds.make(row, commission, results)

    def _fingerprint(self, stage: str, request: Message) -> str:
        return self._roster.fingerprint(stage, request)

    def _mend(self, mind: Mind, task: Row) -> bool:
        """Have a broken object made again, once; return whether its reader can go on."""
        digest, makers = trouble_of(task["error"]).digest, []
        if not mind.results.intact(digest):
            makers = mind.results.makers_of(digest)
            if not makers or self._were_made_anew(makers):
                return False
            mind.results.discard(digest, makers)
        elif task["failures"] + 1 >= ATTEMPTS:
            return False
        with self._engine.begin() as connection:
            held = hold(connection, [task["key"], *makers])
            for key, row in held.items():
                row["state"] = DROPPED  # until the recipe asks for it again
                row["anew"] |= key in makers
                row["failures"] += key == task["key"]
            rows = [held[key] for key in sorted(held)]
            save(connection, rows, ("state", "anew", "failures"))
        self._log.warning("object made again", object=digest, makers=len(makers))
        return True

    def _were_made_anew(self, makers: Collection[str]) -> bool:
        with reading(self._engine) as connection:
            again = select(tasks.c.key).where(tasks.c.key.in_(sorted(makers)), tasks.c.anew)
            return connection.execute(again).first() is not None

    def _check_roster(self, connection: Connection) -> None:
        """Raise Gone, with the new roster taken over, where other engines hold by now.

        Whoever changes the roster has every video asked again, in one transaction: what another
        director thinks out with the old one must not count as the answer to that.
        """
        roster = roster_now(connection)
        if roster != self._roster:
            self.call(roster)
            raise Gone

    def _write(self, mind: Mind, row: Row, thought: Thought) -> None:
        with self._engine.begin() as connection:
            self._check_roster(connection)
            look_again = link(connection, mind, row, thought, self._means.now_ms())
            changed = self._conclude(connection, mind, row, thought, look_again=look_again)
            if changed is None:
                raise Gone
        mind.seen = row["changes"]
        if changed["state"] not in OPEN_VIDEOS:
            self.minds.forget(row["id"])
            self._count_end(changed)

    def _conclude(
        self, connection: Connection, mind: Mind, row: Row, thought: Thought, *, look_again: bool
    ) -> Row | None:
        """Write the video's own row; None where somebody has changed it meanwhile."""
        now_ms = self._means.now_ms()
        same = (videos.c.seen == row["seen"], videos.c.state == row["state"])
        said = [one for step in sorted(mind.video.warnings) for one in mind.video.warnings[step]]
        values: dict[str, Any] = {"seen": row["changes"], "warnings": warnings_text(said)}
        if not thought.failed and thought.finished is None:
            if look_again:
                values["changes"] = videos.c.changes + 1
            return self._go_on(connection, mind, row, thought, values)
        if thought.finished is not None:
            kind = FINISHED
            values |= {"progress_permille": 1000, "frame_rate": thought.finished.frame_rate}
            values |= {"frame_count": thought.finished.frame_count}
            values |= {"outputs": outputs_text(thought.finished.outputs)}
        else:
            kind = CANCELLED if thought.withdrawn else FAILED
            values["complaints"] = complaints_text(thought.failed)
            drop_unwanted(connection, [row["id"]], now_ms)
        return change(connection, row["id"], kind, now_ms, values | ended(kind, now_ms), *same)

    def _go_on(
        self, connection: Connection, mind: Mind, row: Row, thought: Thought, values: dict[str, Any]
    ) -> Row | None:
        """Note how far a video is, and tell of it where enough has changed since the last time."""
        same = (videos.c.seen == row["seen"], videos.c.state == row["state"])
        stage = first_stage(step.stage for step in thought.steps)
        elapsed_ms = (self._means.monotonic() - mind.told_at) * 1000
        due = stage != mind.told_stage or elapsed_ms >= self._means.rules.told_ms
        if row["state"] == QUEUED or not due:
            quiet = update(videos).where(videos.c.id == row["id"], *same).values(values)
            written = connection.execute(quiet).rowcount
            return {**row, **values} if written else None
        plan = mind.plan()
        whole = sum(step.weight for step in plan)
        left = sum(step.weight for step in plan if step.name not in mind.video.steps)
        values |= {"stage": stage, "left_weight": left}
        values["progress_permille"] = round(1000 * (1 - left / whole)) if whole else 0
        mind.told_at, mind.told_stage = self._means.monotonic(), stage
        return change(connection, row["id"], "progress", self._means.now_ms(), values, *same)

    def _await(self, row: Row, awaited: WorkersAwaited) -> None:
        """Note what a video waits for that no worker has yet. New workers have it asked again."""
        warning = Caution(reason=WORKERS_AWAITED, field="", message=str(awaited))
        values = {"seen": row["changes"], "stage": awaited.stage}
        values["warnings"] = warnings_text([warning])
        same = (videos.c.seen == row["seen"], videos.c.state == row["state"])
        self._log.warning("workers awaited", video=row["id"], stage=awaited.stage)
        with self._engine.begin() as connection:
            self._check_roster(connection)
            if row["state"] == QUEUED:
                mine = update(videos).where(videos.c.id == row["id"], *same)
                connection.execute(mine.values(seen=row["changes"]))
            else:
                change(connection, row["id"], "progress", self._means.now_ms(), values, *same)

    def _count_end(self, row: Row) -> None:
        metrics = self._means.metrics
        metrics.videos_ended.add(state=row["state"])
        metrics.video_end_seconds.observe((row["ended_ms"] - row["created_ms"]) / 1000)
        if row["frame_rate"]:
            metrics.video_seconds.add(row["frame_count"] / row["frame_rate"])
        self._log.info("video ended", video=row["id"], state=row["state"], team=row["team"])


def first_stage(stages: Iterable[str]) -> str:
    """Return the earliest of some stages on a video's way; "" of none."""
    return min(stages, key=STAGES.index, default="")
