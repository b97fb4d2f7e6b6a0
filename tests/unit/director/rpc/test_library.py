"""Presenters and channels: put once, called for by name, behind them those that are shipped."""

import pytest
from rostrum.director.v1 import production_pb2 as pb
from rostrum.director.v1.director_pb2 import Channel, Presenter

from services.director import library
from tests.unit.director.rpc.house import (
    House,
    channel,
    digest,
    order,
    presenter,
    refusal,
    said,
    video_request,
)


def names(house: House, team: str = "house") -> tuple[list[str], list[str]]:
    door = house.door(team)
    presenters = door.ListPresenters(pb.ListPresentersRequest()).presenters
    channels = door.ListChannels(pb.ListChannelsRequest()).channels
    return [each.name for each in presenters], [each.name for each in channels]


def test_a_team_calls_for_what_it_has_put_at_once(house: House) -> None:
    own, sports = presenter("ada"), channel("sports")
    house.own(own.portrait.digest)
    called = video_request(order=order(presenter="ada", channel="sports"))
    assert refusal(house.door().CreateVideo, called), "nobody knows them yet"
    house.door().PutPresenter(pb.PutPresenterRequest(presenter=own))
    house.door().PutChannel(pb.PutChannelRequest(channel=sports))
    assert house.door().CreateVideo(called).video.channel == "sports"
    assert names(house) == (["ada", "nora"], ["jobs", "sports"])
    assert names(house, "other") == (["nora"], ["jobs"])


def test_a_second_put_replaces_the_first(house: House) -> None:
    for label in ("JOBS A", "JOBS B"):
        own = channel()
        own.brand.logo_text = label
        house.door().PutChannel(pb.PutChannelRequest(channel=own))
    listed = house.door().ListChannels(pb.ListChannelsRequest()).channels
    assert [each.brand.logo_text for each in listed] == ["JOBS B"], "its own hides the one shipped"
    shipped = house.door("other").ListChannels(pb.ListChannelsRequest()).channels
    assert [each.brand.logo_text for each in shipped] == ["JOBS 24"]


def spoilt(**fields: object) -> Presenter:
    own = presenter()
    for path, value in fields.items():
        target, _, name = path.rpartition("__")
        setattr(getattr(own, target) if target else own, name, value)
    return own


@pytest.mark.parametrize(
    ("own", "code", "complaint"),
    [
        (Presenter(), "INVALID_ARGUMENT", ("FIELD_REQUIRED", "presenter.name")),
        (spoilt(name="../ada"), "INVALID_ARGUMENT", ("NAME_INVALID", "presenter.name")),
        (spoilt(portrait__digest=""), "INVALID_ARGUMENT", ("FIELD_REQUIRED", "presenter")),
        (
            spoilt(portrait__digest="http://x/y.png"),
            "INVALID_ARGUMENT",
            ("URL_NOT_ALLOWED", "presenter"),
        ),
        (
            spoilt(portrait__digest="../../secret"),
            "INVALID_ARGUMENT",
            ("OBJECT_KEY_INVALID", "presenter"),
        ),
        (
            spoilt(portrait__digest=digest("of another team")),
            "NOT_FOUND",
            ("ASSET_NOT_FOUND", "presenter.portrait"),
        ),
        (
            spoilt(consent__kind=""),
            "FAILED_PRECONDITION",
            ("CONSENT_MISSING", "presenter.consent.kind"),
        ),
        (
            spoilt(rig__jaw_percent=500),
            "INVALID_ARGUMENT",
            ("VALUE_OUT_OF_RANGE", "presenter.rig.jaw_percent"),
        ),
        (
            spoilt(consent__subject="a\x00b"),
            "INVALID_ARGUMENT",
            ("TEXT_CONTROL_CHARS", "presenter.consent.subject"),
        ),
    ],
)
def test_a_presenter_is_kept_only_when_all_of_it_is_right(
    house: House, own: Presenter, code: str, complaint: tuple[str, str]
) -> None:
    house.own(digest("portrait of nora"))
    house.own(digest("of another team"), team="other")
    refused = refusal(house.door().PutPresenter, pb.PutPresenterRequest(presenter=own))
    assert said(refused) == (code, [complaint])
    house.door().PutPresenter(pb.PutPresenterRequest(presenter=presenter()))


def test_a_channel_is_kept_only_when_all_of_it_is_right(house: House) -> None:
    logo = channel()
    logo.logo.digest = digest("logo")
    checked = channel()
    checked.brand.logo_digest = digest("logo")
    for own, code, complaint in [
        (Channel(), "INVALID_ARGUMENT", ("FIELD_REQUIRED", "channel.name")),
        (logo, "NOT_FOUND", ("ASSET_NOT_FOUND", "channel.logo")),
        (checked, "INVALID_ARGUMENT", ("FIELD_NOT_ALLOWED", "channel.brand.logo_digest")),
    ]:
        refused = refusal(house.door().PutChannel, pb.PutChannelRequest(channel=own))
        assert said(refused) == (code, [complaint])
    house.own(logo.logo.digest)
    house.door().PutChannel(pb.PutChannelRequest(channel=logo))


def test_a_team_cannot_put_more_than_fits_into_one_list(house: House) -> None:
    def of_bytes(name: str, size: int) -> pb.PutChannelRequest:
        large = channel(name)
        for _ in range(size // 1900):
            large.pronunciations.add(written="x", spoken="y" * 1890)
        return pb.PutChannelRequest(channel=large)

    too_large = refusal(house.door().PutChannel, of_bytes("one", library.LARGEST_BYTES + 4000))
    assert said(too_large) == ("INVALID_ARGUMENT", [("CHANNEL_TOO_LARGE", "channel")])
    count = library.SHELF_BYTES // 120_000
    for number in range(count):
        house.door().PutChannel(of_bytes(f"channel-{number}", 120_000))
    full = refusal(house.door().PutChannel, of_bytes("one-more", 120_000))
    assert said(full) == ("RESOURCE_EXHAUSTED", [("QUOTA_STORAGE", "channel")])
    house.door().PutChannel(of_bytes("channel-0", 120_000))
    assert len(house.door().ListChannels(pb.ListChannelsRequest()).channels) == count + 1
