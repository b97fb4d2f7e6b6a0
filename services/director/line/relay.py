"""Publishes the outbox: every message, until the broker has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import update

from services.chassis.bus import Outgoing
from services.chassis.errors import Invalid
from services.chassis.telemetry.logs import get_log
from services.chassis.telemetry.traces import carried, carrier_of
from services.chassis.topics import TOPICS, VIDEOS
from services.director.database import reading
from services.director.line import outbox
from services.director.line.lookups import among
from services.director.line.means import Means
from services.director.line.tasks import Trouble, wake
from services.director.line.videos import change
from services.director.line.words import FAILED, OUT
from services.director.messages import OPEN, complaints_text
from services.director.tables import tasks, videos

AT_ONCE: Final = 200
PUBLISH_SECONDS: Final = 5.0
"""The line stands still meanwhile; what was not acknowledged is published again."""


class Relay:
    """Takes messages from the outbox to the bus. One director does it at a time."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._log = get_log()

    def publish(self) -> int:
        """Publish the oldest messages and remove them; return how many.

        Raises Transient where the broker does not have all of them for sure: they stay, and some
        may be published twice. What is too large for it is given up, and does not block the rest.
        """
        with reading(self._means.engine) as connection:
            found = outbox.oldest(connection, AT_ONCE)
        if not found:
            return 0
        try:
            self._means.bus.publish([message for _, message in found], PUBLISH_SECONDS)
        except Invalid:
            return self._publish_each(found)
        self._forget([number for number, _ in found])
        return len(found)

    def _publish_each(self, found: Sequence[tuple[int, Outgoing]]) -> int:
        for number, message in found:
            try:
                self._means.bus.publish([message], PUBLISH_SECONDS)
            except Invalid as error:
                with carried(carrier_of(message.headers)):
                    self._give_up(message, error)
            self._forget([number])
        return len(found)

    def _forget(self, ids: Sequence[int]) -> None:
        with self._means.engine.begin() as connection:
            outbox.forget(connection, ids)

    def _give_up(self, message: Outgoing, error: Invalid) -> None:
        """Fail what the message was about: a task, or a video that has not ended."""
        said, now_ms = error.violations[0], self._means.now_ms()
        self._log.error(
            "message given up", topic=message.topic, key=message.key, reason=said.reason
        )
        with self._means.engine.begin() as connection:
            if message.topic == VIDEOS.name:
                still = among(videos.c.state, sorted(OPEN))
                values = {
                    "state": FAILED,
                    "ended_ms": now_ms,
                    "complaints": complaints_text([said]),
                }
                change(connection, message.key, FAILED, now_ms, values, still)
            elif TOPICS[message.topic].message.endswith(".Task"):
                trouble = Trouble("bug", said.reason, str(error))
                sent = update(tasks).where(tasks.c.key == message.key, among(tasks.c.state, OUT))
                ended = {"state": FAILED, "ended_ms": now_ms, "error": trouble.text()}
                connection.execute(sent.values(ended))
                wake(connection, [message.key])
