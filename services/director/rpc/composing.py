"""From what a caller asks for to a commission, with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from rostrum.director.v1.director_pb2 import Channel, Commission, Order, Presenter
from rostrum.director.v1.production_pb2 import CreateVideoRequest, RundownItem

from services.chassis.errors import Violation
from services.chassis.names import DIGEST
from services.director.consent import consent_complaints
from services.director.messages import unix_ms
from services.director.orders import NAME, complete, order_complaints
from services.director.rpc.desk import Desk
from services.director.rpc.names import pointer_complaints
from services.director.texts import complaints_about
from services.director.videos import root_of

USUAL_PRIORITY: Final = 5
HIGHEST_PRIORITY: Final = 10
LARGEST_BYTES: Final = 262_144
"""Of a commission: what it asks of a stage travels in one message."""
MOST_COMPLAINTS: Final = 200
SUBJECT_CHARACTERS: Final = 200
LAST_SECOND: Final = 253_402_300_799
"""9999-12-31: the last that a Timestamp may say."""


@dataclass(frozen=True)
class Cast:
    """Presenters and channels that a request brings along, by name."""

    presenters: Mapping[str, Presenter] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """A video as it was asked for."""

    commission: Commission
    """Defaults filled in, with all that its order names in place, as far as that could be found."""
    complaints: tuple[Violation, ...]
    """Everything that is wrong with it; fields are paths in the order."""
    priority: int
    deadline_ms: int | None

    def complaining(self, more: Iterable[Violation]) -> Draft:
        """Return the draft with more complaints."""
        return replace(self, complaints=(*self.complaints, *more))

    def kept(self) -> Commission:
        """Return what is remembered of it: all, or where it failed what can be shown again."""
        if not self.complaints:
            return self.commission
        order = self.commission.order
        names = {name: getattr(order, name) for name in ("name", "channel")}
        right = {name: text for name, text in names.items() if NAME.fullmatch(text)}
        return Commission(order=Order(**right))


class Composer:
    """Puts in place what orders of one team name, and says what is wrong with them."""

    def __init__(self, desk: Desk, team: str, cast: Cast) -> None:
        self._desk = desk
        self._team = team
        self._cast = cast
        self._now_ms = desk.now_ms()
        self._missing: set[str] = set()
        """Digests that were looked for already: a rundown may name one a thousand times."""

    def compose(
        self, asked: CreateVideoRequest | RundownItem, deadline_ms: int | None = None
    ) -> Draft:
        """Return the draft of a video; deadline_ms: when it should be ready if it does not say."""
        commission = Commission(order=asked.order)
        for name in ("motion", "recording"):
            if asked.HasField(name):
                getattr(commission, name).CopyFrom(getattr(asked, name))
        found = [*self._call_for_presenter(commission), *self._call_for_channel(commission)]
        found += _file_name_complaints(commission)
        full = complete(commission)
        known = {violation.field for violation in found}
        found += [each for each in self._order_complaints(full) if each.field not in known]
        found += priority_complaints(asked)
        priority = asked.priority if asked.HasField("priority") else USUAL_PRIORITY
        if asked.HasField("deadline"):
            late = list(deadline_complaints("deadline", asked.deadline, self._now_ms))
            deadline_ms = None if late else unix_ms(asked.deadline)
            found += late
        return Draft(
            full, tuple(found[:MOST_COMPLAINTS]), min(priority, HIGHEST_PRIORITY), deadline_ms
        )

    def _call_for_presenter(self, commission: Commission) -> Iterator[Violation]:
        order = commission.order
        wrong = list(pointer_complaints("presenter", order.presenter))
        yield from wrong
        if wrong or not order.presenter:
            return
        if (own := self._cast.presenters.get(order.presenter)) is not None:
            commission.presenter.CopyFrom(own)
            if not own.HasField("consent"):
                commission.presenter.consent.CopyFrom(order.consent)
        elif (kept := self._desk.presenter(self._team, order.presenter)) is not None:
            commission.presenter.CopyFrom(kept)
            if order.HasField("consent"):
                remedy = "the presenter says itself what was agreed to; leave it out here"
                yield Violation("consent", "CONSENT_DUPLICATE", remedy)
        else:
            remedy = f"your team has no presenter {order.presenter!r}; put it there, or send it"
            yield Violation("presenter", "PRESENTER_UNKNOWN", remedy)

    def _call_for_channel(self, commission: Commission) -> Iterator[Violation]:
        name = commission.order.channel
        wrong = list(pointer_complaints("channel", name))
        yield from wrong
        if wrong or not name:
            return
        channel = self._cast.channels.get(name) or self._desk.channel(self._team, name)
        if channel is not None:
            commission.channel.CopyFrom(channel)
        else:
            remedy = f"your team has no channel {name!r}; put it there, or send it along"
            yield Violation("channel", "CHANNEL_UNKNOWN", remedy)

    def _order_complaints(self, full: Commission) -> Iterator[Violation]:
        yield from order_complaints(full)
        if (size := full.ByteSize()) > LARGEST_BYTES:
            remedy = f"{size} bytes with presenter and channel; at most {LARGEST_BYTES}"
            yield Violation("", "ORDER_TOO_LARGE", remedy)
        yield from presenter_complaints(full.presenter)
        yield from channel_complaints(full.channel)
        if full.presenter.name:
            yield from self._likeness_complaints(full)
        yield from self._file_complaints(full)

    def _likeness_complaints(self, full: Commission) -> Iterator[Violation]:
        consent, portrait = full.presenter.consent, full.presenter.portrait.digest
        today = datetime.fromtimestamp(self._now_ms / 1000, UTC).date()
        yield from consent_complaints(consent, full.order.channel, full.order.quality, today)
        revoked = self._desk.revoked(self._team)
        if any(
            subject in {"", consent.subject} and digest in {"", portrait}
            for subject, digest in revoked
        ):
            remedy = "the person has withdrawn consent; choose another presenter"
            yield Violation("consent", "CONSENT_REVOKED", remedy)

    def _file_complaints(self, full: Commission) -> Iterator[Violation]:
        """Yield which files the caller names that its team has not."""
        named = dict(self._named_files(full))
        self._missing |= self._desk.unknown(self._team, set(named.values()) - self._missing)
        for place, digest in named.items():
            if digest in self._missing:
                yield Violation(place, "ASSET_NOT_FOUND", "your team has no such file; upload it")

    def _named_files(self, full: Commission) -> Iterator[tuple[str, str]]:
        files = {"motion": full.motion, "recording": full.recording}
        if full.presenter.name in self._cast.presenters:
            files["presenter.portrait"] = full.presenter.portrait
        if full.channel.name in self._cast.channels:
            files["channel.logo"] = full.channel.logo
        yield from (
            (place, file.digest) for place, file in files.items() if DIGEST.fullmatch(file.digest)
        )


def presenter_complaints(presenter: Presenter) -> Iterator[Violation]:
    """Yield what a door asks of a presenter besides what orders do."""
    subject = "presenter.consent.subject"
    yield from complaints_about(subject, presenter.consent.subject, SUBJECT_CHARACTERS)


def channel_complaints(channel: Channel) -> Iterator[Violation]:
    """Yield what a door asks of a channel besides what orders do."""
    if channel.brand.logo_digest:
        remedy = "hand the picture in as `logo`: it is checked before it is drawn"
        yield Violation("channel.brand.logo_digest", "FIELD_NOT_ALLOWED", remedy)


def priority_complaints(asked: CreateVideoRequest | RundownItem) -> Iterator[Violation]:
    """Yield what is wrong with a priority."""
    if asked.priority > HIGHEST_PRIORITY:
        remedy = f"{asked.priority} is not in 0 to {HIGHEST_PRIORITY}"
        yield Violation("priority", "PRIORITY_OUT_OF_RANGE", remedy)


def deadline_complaints(place: str, deadline: Timestamp, now_ms: int) -> Iterator[Violation]:
    """Yield what is wrong with a deadline."""
    if not (0 <= deadline.seconds <= LAST_SECOND and 0 <= deadline.nanos < 10**9):
        yield Violation(place, "VALUE_OUT_OF_RANGE", "that is no time after 1970")
    elif unix_ms(deadline) <= now_ms:
        yield Violation(place, "DEADLINE_PAST", "it has passed already; leave it out, or move it")


def _file_name_complaints(commission: Commission) -> Iterator[Violation]:
    """Yield what is wrong with what an order calls its motion and recording."""
    for name in ("motion", "recording"):
        text = getattr(commission.order, name)
        wrong = list(pointer_complaints(name, text))
        yield from wrong
        if text and not wrong and not commission.HasField(name):
            remedy = f"upload it, and send its digest along as `{name}`"
            yield Violation(name, f"{name.upper()}_UNKNOWN", remedy)


def request_field(place: str, asked: CreateVideoRequest) -> str:
    """Return the path in a request of a path in its order."""
    root, brought = root_of(place), {field.name for field, _ in asked.ListFields()}
    if root in {"priority", "deadline"} | brought:
        return place
    if root == "consent" and "presenter" in brought and not asked.order.HasField("consent"):
        return f"presenter.{place}"
    return f"order.{place}" if place else "order"
