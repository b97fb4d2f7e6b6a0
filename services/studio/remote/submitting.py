"""The work behind `rostrum submit`: orders and rundowns, with all that they name, to a director."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rostrum.director.v1.director_pb2 import Commission, MediaFile, Order
from rostrum.director.v1.production_pb2 import RundownItem

from services.chassis.errors import Violation
from services.chassis.store import Store
from services.client import Rostrum, RostrumError
from services.studio.complaints import Complaint, Rejected
from services.studio.documents import Document, read_documents
from services.studio.library import Library
from services.studio.orders import Job, Reader, read_jobs
from services.studio.remote.rundowns import WORD, Plan, Slot, read_plan, rundown_in

ORDER_FIELD: Final = "order."


@dataclass(frozen=True)
class Wish:
    """What a person says beside the files."""

    storyline: str = ""
    presenter: str = ""
    channel: str = ""
    request_id: str = ""
    """For one order or rundown; empty: made from what is asked for and the day."""
    again: bool = False
    """True: a new video even where the same one was asked for today."""
    priority: int | None = None


@dataclass(frozen=True)
class Accepted:
    """A video or a rundown that a director has taken."""

    kind: str
    """"video" or "rundown"."""
    name: str
    id: str
    videos: Mapping[str, str] = field(default_factory=dict)
    """Of a rundown: ids by name, in order."""

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of JSON says it."""
        more = {"videos": dict(self.videos)} if self.kind == "rundown" else {}
        return {"event": "accepted", "kind": self.kind, "name": self.name, "id": self.id, **more}


@dataclass(frozen=True)
class Refused:
    """What cannot be taken, with every complaint."""

    name: str
    complaints: tuple[Complaint, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of JSON says it."""
        violations = [complaint.as_json() for complaint in self.complaints]
        return {"event": "refused", "name": self.name, "violations": violations}


class Submission:
    """Hands in what files hold; what a person reads in each case is the caller's matter."""

    def __init__(self, client: Rostrum, home: Path, wish: Wish, now: datetime) -> None:
        self._client = client
        self._store = Store.in_memory()  # files on their way; they are read once, into here
        told = Order(presenter=wish.presenter, channel=wish.channel)
        self._reader = Reader(Library(self._store, home), wish.storyline, told)
        self._wish = wish
        self._now = now
        self._uploaded: set[str] = set()

    def hand_in(self, paths: Iterable[Path]) -> Iterator[Accepted | Refused]:
        """Hand in each rundown, and each order of the rest; yield what became of it at once.

        Raises RostrumError where the director cannot take anything now.
        """
        orders: list[Path] = []
        for path in paths:
            try:
                rundown = rundown_in(path)
            except Rejected as error:
                yield Refused(path.name, error.complaints)
                continue
            if rundown is None:
                orders.append(path)
            else:
                yield self._planned(rundown)
        for job in read_jobs(read_documents(orders), self._reader):
            yield self._video(job)

    def _video(self, job: Job) -> Accepted | Refused:
        if job.commission is None or job.complaints:
            return Refused(job.name, tuple(job.complaints))
        commission = self._ready(job)
        try:
            video = self._client.make(
                commission.order,
                request_id=self._request_id(job.name, parts_of(commission)),
                presenter=given(commission, "presenter"),
                channel=given(commission, "channel"),
                motion=given(commission, "motion"),
                recording=given(commission, "recording"),
                priority=self._wish.priority,
            )
        except RostrumError as error:
            return Refused(job.name, tuple(job.place.complaints(violations_of(error))))
        return Accepted("video", job.name, video.id)

    def _planned(self, document: Document) -> Accepted | Refused:
        try:
            return self._rundown(read_plan(document, self._now))
        except Rejected as error:
            name = document.fields.get(WORD)
            return Refused(name if isinstance(name, str) else "rundown", error.complaints)

    def _rundown(self, plan: Plan) -> Accepted | Refused:
        jobs = read_jobs((slot.document for slot in plan.slots), self._reader)
        complaints = [complaint for job in jobs for complaint in job.complaints]
        if complaints:
            return Refused(plan.name, tuple(complaints))
        commissions = [self._ready(job) for job in jobs]
        presenters = list(each_once("presenter", commissions, jobs, complaints))
        channels = list(each_once("channel", commissions, jobs, complaints))
        if complaints:
            return Refused(plan.name, tuple(complaints))
        items = [
            self._item(slot, commission)
            for slot, commission in zip(plan.slots, commissions, strict=True)
        ]
        moment = () if plan.deadline is None else (stamp(plan.deadline),)
        try:
            answer = self._client.make_rundown(
                plan.name,
                items,
                request_id=self._request_id(plan.name, [*presenters, *channels, *moment, *items]),
                deadline=plan.deadline,
                presenters=presenters,
                channels=channels,
            )
        except RostrumError as error:
            return Refused(plan.name, tuple(plan.place.complaints(violations_of(error))))
        videos = dict(zip((job.name for job in jobs), answer.video_ids, strict=True))
        return Accepted("rundown", plan.name, answer.rundown.id, videos)

    def _item(self, slot: Slot, commission: Commission) -> RundownItem:
        priority = slot.priority if slot.priority is not None else self._wish.priority
        return RundownItem(
            section=slot.section,
            order=commission.order,
            motion=given(commission, "motion"),
            recording=given(commission, "recording"),
            priority=priority,
            deadline=None if slot.deadline is None else stamp(slot.deadline),
        )

    def _ready(self, job: Job) -> Commission:
        """Upload what an order names, and return it with names in place of paths."""
        commission = Commission()
        assert job.commission is not None
        commission.CopyFrom(job.commission)
        order = commission.order
        if commission.HasField("presenter"):
            order.presenter = commission.presenter.name
        if commission.HasField("channel"):
            order.channel = commission.channel.name
        for field_name in ("motion", "recording"):
            if commission.HasField(field_name):
                setattr(order, field_name, Path(getattr(order, field_name)).stem)
        for file in files_of(commission):
            if file.digest not in self._uploaded:
                self._upload(file)
                self._uploaded.add(file.digest)
        return commission

    def _upload(self, file: MediaFile) -> None:
        with TemporaryDirectory(prefix="rostrum-") as folder:
            path = Path(folder) / f"{file.digest}.{file.extension}"
            path.write_bytes(self._store.intake.get(file.digest))
            self._client.upload(path)

    def _request_id(self, name: str, parts: Sequence[Message]) -> str:
        if self._wish.again:
            return f"{name}-{uuid.uuid4().hex}"
        if self._wish.request_id:
            return self._wish.request_id
        digest = sha256()
        for part in parts:
            digest.update(sha256(part.SerializeToString(deterministic=True)).digest())
        return f"{name}-{self._now:%Y-%m-%d}-{digest.hexdigest()[:32]}"


def files_of(commission: Commission) -> Iterator[MediaFile]:
    """Yield the files that a commission names."""
    files: tuple[MediaFile | None, ...] = (
        given(commission.presenter, "portrait"),
        given(commission.channel, "logo"),
        given(commission, "motion"),
        given(commission, "recording"),
    )
    yield from filter(None, files)


def given(message: Message, name: str) -> Any:  # noqa: ANN401  # as the field is typed
    """Return a part of a message; None where it has none."""
    return getattr(message, name) if message.HasField(name) else None


def each_once(
    word: str, commissions: Sequence[Commission], jobs: Sequence[Job], complaints: list[Complaint]
) -> Iterator[Any]:
    """Yield the presenters or channels of orders, each once; complain of two with one name."""
    known: dict[str, Any] = {}
    for commission, job in zip(commissions, jobs, strict=True):
        part = given(commission, word)
        if part is not None and part.name not in known:
            known[part.name] = part
            yield part
        elif part is not None and known[part.name] != part:
            remedy = f"another order of this rundown means another {word} by {part.name!r}"
            complaints += job.place.complaints([Violation(word, "NAME_DUPLICATE", remedy)])


def parts_of(commission: Commission) -> list[Message]:
    """Return what makes a commission another one."""
    names = ("order", "presenter", "channel", "motion", "recording")
    return [part for name in names if (part := given(commission, name)) is not None]


def violations_of(error: RostrumError) -> Iterator[Violation]:
    """Yield what a director refuses, with fields as files have them.

    Raises the error again where the director took nothing because it is away, or full.
    """
    if error.retryable:
        raise error
    for said in error.violations:
        yield Violation(said.field.removeprefix(ORDER_FIELD), said.reason, said.remedy)
    if not error.violations:
        yield Violation("", error.reason, str(error).removeprefix(f"{error.reason}: "))


def stamp(moment: datetime) -> Timestamp:
    """Return a time as messages say it."""
    told = Timestamp()
    told.FromDatetime(moment.astimezone(UTC))
    return told
