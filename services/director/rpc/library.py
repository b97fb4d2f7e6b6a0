"""Presenters and channels of a team: put there once, then called for by name."""

from __future__ import annotations

from collections.abc import Iterator

from rostrum.director.v1.director_pb2 import MediaFile, Presenter
from rostrum.director.v1.production_pb2 import (
    ListChannelsRequest,
    ListChannelsResponse,
    ListPresentersRequest,
    ListPresentersResponse,
    PutChannelRequest,
    PutChannelResponse,
    PutPresenterRequest,
    PutPresenterResponse,
)

from services.chassis.calls import Call
from services.chassis.errors import Violation
from services.chassis.names import DIGEST
from services.director import library, orders
from services.director.consent import KINDS
from services.director.rpc.composing import channel_complaints, presenter_complaints
from services.director.rpc.desk import Desk
from services.director.rpc.names import name_complaints, refuse


class Library:
    """The methods on presenters and channels."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def put_presenter(self, request: PutPresenterRequest, call: Call) -> PutPresenterResponse:
        """Make a presenter known to the caller's team, or replace it."""
        presenter = request.presenter
        refuse(list(name_complaints("presenter.name", presenter.name)))
        complaints = [
            *orders.presenter_complaints(presenter),
            *presenter_complaints(presenter),
            *_consent_complaints(presenter),
            *self._file_complaints("presenter.portrait", presenter.portrait, call.team),
        ]
        refuse(complaints)
        with self._desk.writing() as connection:
            library.put_presenter(connection, call.team, presenter)
        self._desk.forget()
        return PutPresenterResponse()

    def put_channel(self, request: PutChannelRequest, call: Call) -> PutChannelResponse:
        """Make a channel known to the caller's team, or replace it."""
        channel = request.channel
        complaints = [
            *name_complaints("channel.name", channel.name),
            *orders.channel_complaints(channel),
            *channel_complaints(channel),
            *self._file_complaints("channel.logo", channel.logo, call.team),
        ]
        refuse(complaints)
        with self._desk.writing() as connection:
            library.put_channel(connection, call.team, channel)
        self._desk.forget()
        return PutChannelResponse()

    def list_presenters(self, _: ListPresentersRequest, call: Call) -> ListPresentersResponse:
        """Return all presenters that the caller's team can call for."""
        with self._desk.reading() as connection:
            return ListPresentersResponse(presenters=library.presenters_of(connection, call.team))

    def list_channels(self, _: ListChannelsRequest, call: Call) -> ListChannelsResponse:
        """Return all channels that the caller's team can call for."""
        with self._desk.reading() as connection:
            return ListChannelsResponse(channels=library.channels_of(connection, call.team))

    def _file_complaints(self, place: str, file: MediaFile, team: str) -> Iterator[Violation]:
        if DIGEST.fullmatch(file.digest) and self._desk.unknown(team, [file.digest]):
            yield Violation(place, "ASSET_NOT_FOUND", "your team has no such file; upload it")


def _consent_complaints(presenter: Presenter) -> Iterator[Violation]:
    if presenter.consent.kind not in KINDS:
        remedy = f"a likeness is kept only with consent: one of {', '.join(KINDS)}"
        yield Violation("presenter.consent.kind", "CONSENT_MISSING", remedy)
