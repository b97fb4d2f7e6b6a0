"""Rundowns: taken in as a whole, looked at and listed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rostrum.director.v1.production_pb2 import (
    CreateRundownRequest,
    CreateRundownResponse,
    GetRundownRequest,
    GetRundownResponse,
    ListRundownsRequest,
    ListRundownsResponse,
    Rundown,
    RundownHead,
    RundownItem,
)
from sqlalchemy import Connection

from services.chassis.calls import Call
from services.chassis.errors import Invalid
from services.director.catalogue import paging
from services.director.catalogue.rundowns import (
    add_rundown,
    count_videos,
    find_rundown,
    find_rundown_request,
    list_rundowns,
)
from services.director.catalogue.videos import videos_of_rundown
from services.director.line import admission
from services.director.line.admission import Admission
from services.director.messages import OPEN, Row, rundown_message, unix_ms
from services.director.rpc.composing import Cast, Composer
from services.director.rpc.desk import Desk, Recent
from services.director.rpc.feed import Feed
from services.director.rpc.names import check_id, not_found
from services.director.rpc.requests import check_same_body, digest_of_messages, traceparent
from services.director.rpc.streams import head_complaints, item_complaints, read_rundown

ENDED_SECONDS: Final = 60.0
"""How long counts of ended rundowns are believed: a failed video may yet be late."""


class Rundowns:
    """The methods on rundowns."""

    def __init__(self, desk: Desk, feed: Feed) -> None:
        self._desk = desk
        self._feed = feed
        self._counted: Recent[tuple[str, int], Row] = Recent(ENDED_SECONDS)

    def create(self, parts: Iterator[CreateRundownRequest], call: Call) -> CreateRundownResponse:
        """Accept a rundown as a whole, once for each request id."""
        head, items = read_rundown(parts)
        digest = digest_of_messages(head, *items)
        complaints = list(head_complaints(head, self._desk.now_ms()))
        if not complaints:
            row = _row(head, digest, self._desk.now_ms())
            asked = self._admissions(head, items, row["id"], call)
            if (made := self._admit(row, asked, call.team)) is not None:
                return made
        if (known := self._known(head.request_id, digest, call.team)) is not None:
            return known
        raise Invalid.every(complaints)

    def get(self, request: GetRundownRequest, call: Call) -> GetRundownResponse:
        """Return a rundown of the caller's team."""
        check_id(request.id, "rundown")
        cursor = self._feed.cursor()  # before the rows, which have it all then
        with self._desk.reading() as connection:
            row = find_rundown(connection, call.team, request.id)
            if row is None:
                raise not_found("rundown")
            (rundown,) = self._shown(connection, [row])
        return GetRundownResponse(rundown=rundown, cursor=cursor)

    def page(self, request: ListRundownsRequest, call: Call) -> ListRundownsResponse:
        """Return a page of the team's rundowns."""
        size, asked = paging.page_size(request.page_size), (call.team, "rundowns")
        mark = paging.read_token(request.page_token, asked)
        with self._desk.reading() as connection:
            rows = list_rundowns(connection, call.team, mark, size + 1)
            response = ListRundownsResponse(rundowns=self._shown(connection, rows[:size]))
        if len(rows) > size:
            response.next_page_token = paging.write_token(paging.Mark.of(rows[size - 1]), asked)
        return response

    def _admissions(
        self, head: RundownHead, items: Sequence[RundownItem], rundown: str, call: Call
    ) -> Iterator[Admission]:
        """Yield what every item asks for, with all that is wrong with it."""
        cast = Cast({p.name: p for p in head.presenters}, {c.name: c for c in head.channels})
        composer = Composer(self._desk, call.team, cast)
        deadline_ms = unix_ms(head.deadline) if head.HasField("deadline") else None
        names: set[str] = set()
        for position, item in enumerate(items):
            call.check()
            draft = composer.compose(item, deadline_ms)
            draft = draft.complaining(item_complaints(item, names))
            names.add(item.order.name)
            yield Admission(
                draft.kept(),
                draft.priority,
                draft.deadline_ms,
                rundown=rundown,
                section=item.section,
                position=position,
                complaints=draft.complaints,
                trace=traceparent(call),
            )

    def _admit(
        self, row: Row, asked: Iterator[Admission], team: str
    ) -> CreateRundownResponse | None:
        """Take a rundown in; None where the team has used its request id before."""
        admissions = list(asked)
        with self._desk.writing() as connection:
            if not add_rundown(connection, team, row):
                return None
            admission.admit_all(connection, team, admissions, self._desk.now_ms())
        with self._desk.reading() as connection:
            kept = find_rundown(connection, team, row["id"])
            assert kept is not None, "it was written a moment ago"
            return self._response(connection, kept)

    def _known(self, request_id: str, digest: str, team: str) -> CreateRundownResponse | None:
        """Return what a request id has made already, or None. Raises Invalid for another body."""
        with self._desk.reading() as connection:
            row = find_rundown_request(connection, team, request_id)
            if row is None:
                return None
            check_same_body(row, digest, "head.request_id")
            return self._response(connection, row)

    def _response(self, connection: Connection, row: Row) -> CreateRundownResponse:
        (rundown,) = self._shown(connection, [row])
        ids = videos_of_rundown(connection, row["id"])
        return CreateRundownResponse(rundown=rundown, video_ids=ids)

    def _shown(self, connection: Connection, rows: Sequence[Row]) -> list[Rundown]:
        known = dict(self._ended_before(rows))
        unknown = [row["id"] for row in rows if row["id"] not in known]
        if unknown:
            known |= count_videos(connection, unknown, self._desk.now_ms())
        for row in rows:
            self._remember(row, known[row["id"]])
        return [rundown_message(row, known[row["id"]]) for row in rows]

    def _ended_before(self, rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
        """Yield what was counted before of rundowns that had ended: nothing changes then.

        One that is gone on with loses its end, and gets another.
        """
        for row in rows:
            counts = self._counted.peek((row["id"], row["ended_ms"])) if row["ended_ms"] else None
            if counts is not None:
                yield row["id"], counts

    def _remember(self, row: Row, counts: Row) -> None:
        if row["ended_ms"] and not any(counts[state] for state in OPEN):
            self._counted.put((row["id"], row["ended_ms"]), counts)


def _row(head: RundownHead, digest: str, now_ms: int) -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex,
        "name": head.name,
        "request_id": head.request_id,
        "request_digest": digest,
        "deadline_ms": unix_ms(head.deadline) if head.HasField("deadline") else None,
        "created_ms": now_ms,
    }
