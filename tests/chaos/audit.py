"""What the database itself writes down of every change of state, and what is read from it.

Triggers, so that no code of the line is believed: whatever changes a task or a video is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

ENDED: Final = ("finished", "failed", "cancelled")
TRIGGERS: Final = """
create table chaos_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    kind text not null, name text not null, old text not null, new text not null,
    attempt int not null default 0, worker text not null default '');
create function chaos_note_task() returns trigger language plpgsql as $$
begin
    insert into chaos_audit (kind, name, old, new, attempt, worker)
    values ('task', new.key, old.state, new.state, new.attempt, coalesce(new.worker, ''));
    return new;
end $$;
create function chaos_note_video() returns trigger language plpgsql as $$
begin
    insert into chaos_audit (kind, name, old, new) values ('video', new.id, old.state, new.state);
    return new;
end $$;
create trigger chaos_task after update on tasks for each row
    when (old.state is distinct from new.state or old.attempt is distinct from new.attempt)
    execute function chaos_note_task();
create trigger chaos_video after update on videos for each row
    when (old.state is distinct from new.state) execute function chaos_note_video();
"""


@dataclass(frozen=True)
class Claim:
    """A task that a worker has in work."""

    key: str
    attempt: int
    worker: str


class Audit:
    """Asks the database; a new connection each time, because it may have been killed meanwhile."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("+psycopg", "")

    def install(self) -> None:
        """Add the triggers to the line's tables."""
        with self._connection() as connection:
            connection.execute(TRIGGERS)

    def rows(self, words: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query says. Raises psycopg.OperationalError where nobody answers."""
        with self._connection() as connection:
            return connection.execute(words, values).fetchall()

    def states(self) -> Counter[str]:
        """Return how many videos are in which state."""
        return Counter(dict(self.rows("select state, count(*) from videos group by state")))

    def marks(self) -> tuple[int, int]:
        """Return what changes while anything at all goes on."""
        events = "(select coalesce(max(id), 0) from events)"
        words = f"select coalesce(max(id), 0), {events} from chaos_audit"
        [(audit, event)] = self.rows(words)
        return audit, event

    def parked(self) -> int:
        """Return how many tasks wait to be redriven."""
        [(count,)] = self.rows("select count(*) from tasks where state = 'parked'")
        return int(count)

    def claim(self, worker: str, request: bytes) -> Claim | None:
        """Return the task that a worker has in work, by the SHA-256 of its request."""
        words = (
            "select key, attempt from tasks"
            " where state in ('sent', 'running') and worker = %s and sha256(request) = %s"
        )
        rows = self.rows(words, worker, request)
        return next((Claim(key, attempt, worker) for key, attempt in rows), None)

    def is_stale(self, claim: Claim) -> bool:
        """Return whether another worker has begun what this one has, or has done it."""
        words = (
            "select attempt > %s and worker <> %s and state in ('running', 'finished')"
            " from tasks where key = %s"
        )
        [(stale,)] = self.rows(words, claim.attempt, claim.worker, claim.key)
        return bool(stale)

    def complaints(self) -> Iterator[str]:
        """Yield what the tables hold against the line, once all is quiet."""
        yield from self._say(
            "task {0} was finished {1} times",
            "select name, count(*) from chaos_audit where kind = 'task' and new = 'finished' "
            "and old <> 'finished' "
            "group by name having count(*) > 1",
        )
        yield from self._say(
            "task {0} went from finished to {1}",
            "select name, new from chaos_audit where kind = 'task' and old = 'finished' "
            "and new <> 'finished'",
        )
        yield from self._say(
            "task {0} failed: {1}", "select key, error from tasks where state = 'failed'"
        )
        yield from self._say(
            "task {0} is still {1}: an orphan",
            "select key, state from tasks where state in ('ready', 'sent', 'running', 'parked')",
        )
        yield from self._say(
            "video {0} went from finished to {1}",
            "select name, new from chaos_audit where kind = 'video' and old = 'finished'",
        )
        yield from self._say(
            "video {0} was finished {1} times",
            "select name, count(*) from chaos_audit where kind = 'video' and new = 'finished' "
            "group by name having count(*) > 1",
        )
        yield from self._say(
            "video {0} has {1} events and the last is number {2}",
            "select video, count(*), max(seq) from events group by video "
            "having count(*) <> max(seq) or count(distinct seq) <> count(*)",
        )
        yield from self._say(
            "video {0} has {1} events that end it as finished",
            "select video, count(*) from events where kind = 'finished' group by video "
            "having count(*) <> 1",
        )
        yield from self._say(
            "outbox still holds {0} messages", "select count(*) from outbox having count(*) > 0"
        )

    def offsets(self, topic: str) -> dict[int, int]:
        """Return how far the line has read a topic, by partition."""
        words = "select partition, next_offset from offsets where topic = %s"
        return dict(self.rows(words, topic))

    def taken_over(self, claim: Claim, since: float) -> float | None:
        """Return how long after a moment another worker began a task, or had done it.

        None where none did: it was done by then, or nobody wanted it any more.
        """
        words = (
            "select extract(epoch from min(at)) from chaos_audit where kind = 'task' and name = %s"
            " and worker <> %s and new in ('running', 'finished') and at > to_timestamp(%s)"
        )
        [(at,)] = self.rows(words, claim.key, claim.worker, since)
        return None if at is None else float(at) - since

    def _say(self, sentence: str, words: str) -> Iterator[str]:
        for row in self.rows(words):
            yield sentence.format(*row)

    def _connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self._url, connect_timeout=5, autocommit=True)


def share(values: Sequence[float], part: float) -> float:
    """Return a quantile of sorted values; 0.0 of none."""
    return values[min(int(len(values) * part), len(values) - 1)] if values else 0.0
