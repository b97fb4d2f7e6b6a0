"""From order files to commissions: what each order names is found, read and put in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from google.protobuf.message import Message
from rostrum.director.v1.director_pb2 import Commission, Order

from services.chassis.errors import Invalid, Violation
from services.director.storylines import storyline, ticker
from services.studio.complaints import Complaint, Place, Rejected
from services.studio.documents import Document
from services.studio.library import Cast, Library
from services.studio.mapping import read_message

DEFAULT_LANGUAGE: Final = "en-US"
"""Of orders that name none."""

M = TypeVar("M", bound=Message | Cast)


@dataclass
class Job:
    """One order on its way into the director, with what is known to be wrong with it."""

    name: str
    place: Place
    commission: Commission | None
    """None where the file cannot be read, its data cannot be told, or its name is taken."""
    complaints: list[Complaint] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    """The complaints in terms of the order, as the director is to know them."""
    ticker: tuple[str, ...] = ()
    """Items for the running line that go before the channel's own."""

    def complain(self, violations: Iterable[Violation]) -> None:
        """Add complaints about fields of the order."""
        found = tuple(violations)
        self.violations.extend(found)
        self.complaints.extend(self.place.complaints(found))

    def complain_elsewhere(self, field: str, error: Rejected) -> None:
        """Add complaints about another file that a field of the order names."""
        self.violations.extend(Violation(field, c.reason, c.remedy) for c in error.complaints)
        self.complaints.extend(error.complaints)

    def all_complaints(self, director: Iterable[Violation]) -> list[Complaint]:
        """Return the complaints with the director's, less what follows from a field not read."""
        known = {root_of(violation.field) for violation in self.violations}
        if "presenter" in known:
            known.add("consent")  # nobody can have given it
        news = [violation for violation in director if root_of(violation.field) not in known]
        return [*self.complaints, *self.place.complaints(news)]


def root_of(path: str) -> str:
    """Return the first name of a field path: "data" of "data.skills[3]"."""
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]


@dataclass(frozen=True)
class Reader:
    """Makes jobs of documents."""

    library: Library
    storyline: str = ""
    """How a document is told that holds data; empty: it holds an order."""
    told: Order = field(default_factory=Order)
    """Fields that a person gave beside the files; they come before the files' own."""

    def job(self, document: Document) -> Job:
        """Return the job of a document, as far as it can be read."""
        job = Job(document.path.stem, document.place, None)
        order = self._tell(job, document) if self.storyline else self._order(job, document)
        order.MergeFrom(self.told)
        job.name = order.name or job.name
        commission = Commission(order=order)
        self._find(job, commission, document.path.parent)
        job.commission = commission if order.name or not self.storyline else None
        return job

    def _order(self, job: Job, document: Document) -> Order:
        order, violations = read_message(document.fields, Order)
        job.complain(violations)
        return order

    def _tell(self, job: Job, document: Document) -> Order:
        """Make an order of data; one without a name where that cannot be done."""
        try:
            job.ticker = ticker(self.storyline, document.fields)
            return storyline(self.storyline, document.fields)
        except Invalid as error:
            job.complain(error.violations)
            return Order()

    def _find(self, job: Job, commission: Commission, beside: Path) -> None:
        """Put in place what an order names."""
        order, library = commission.order, self.library
        if cast := found(job, order, "presenter", lambda t: library.presenter(t, beside)):
            take_presenter(job, commission, cast)
        if channel := found(job, order, "channel", lambda t: library.channel(t, beside)):
            commission.channel.CopyFrom(channel)
        if job.ticker:
            items = [*job.ticker, *commission.channel.brand.ticker]
            commission.channel.brand.ClearField("ticker")
            commission.channel.brand.ticker.extend(items)
        if motion := found(job, order, "motion", lambda t: library.motion(t, beside)):
            commission.motion.CopyFrom(motion)
        if sound := found(job, order, "recording", lambda t: library.recording(t, beside)):
            commission.recording.CopyFrom(sound)


def read_jobs(documents: Iterable[Document | Rejected], reader: Reader) -> list[Job]:
    """Return a job for every document, in order, and one for each that could not be read."""
    jobs: list[Job] = []
    places: dict[str, Place] = {}
    for document in documents:
        job = unreadable(document) if isinstance(document, Rejected) else reader.job(document)
        if job.commission is not None and job.name in places:
            remedy = f"{places[job.name]} has this name already, and names are folders"
            job.complain([Violation("name", "NAME_DUPLICATE", remedy)])
            job.commission = None
        places.setdefault(job.name, job.place)
        jobs.append(job)
    return jobs


def unreadable(error: Rejected) -> Job:
    """Return the job of a document that cannot be read."""
    first = error.complaints[0]
    line = "" if first.line is None or not first.source.endswith(".jsonl") else f"-{first.line}"
    job = Job(f"{Path(first.source).stem}{line}", Place(first.source, {}), None)
    job.complaints.extend(error.complaints)
    return job


def take_presenter(job: Job, commission: Commission, cast: Cast) -> None:
    """Put a presenter in place, with the voice that the order leaves open.

    A folder says itself what its person has agreed to; for a portrait by path the order says so.
    """
    order = commission.order
    commission.presenter.CopyFrom(cast.presenter)
    if not cast.in_folder:
        commission.presenter.consent.CopyFrom(order.consent)
    elif order.HasField("consent"):
        remedy = "the presenter's folder says what was agreed to; leave it out here"
        job.complain([Violation("consent", "CONSENT_DUPLICATE", remedy)])
    if not order.voice.name:
        order.voice.name = cast.voice(order.language or DEFAULT_LANGUAGE)


def found(job: Job, order: Order, field: str, find: Callable[[str], M]) -> M | None:
    """Return what a field of the order names; None for nothing, or for what cannot be had."""
    text: str = getattr(order, field)
    if not text:
        return None
    try:
        return find(text)
    except Invalid as error:
        job.complain(error.under(field).violations)
    except Rejected as error:
        job.complain_elsewhere(field, error)
    return None
