"""A tier names an engine for each stage, and a channel's use decides which of them it may have."""

from collections.abc import Callable

import pytest
from rostrum.director.v1.director_pb2 import Commission

from services.chassis.licences import ENGINES
from services.director import tiers
from services.director.orders import complete, order_complaints

Make = Callable[..., Commission]


@pytest.fixture
def mouths(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tier whose lips are for research only."""
    monkeypatch.setitem(tiers.TIERS, "mouths", {**tiers.TIERS["draft"], "lipsync": "wav2lip"})


def said_of(make: Make, use: str, quality: str = "mouths") -> list[tuple[str, str]]:
    commission = complete(make(quality=quality))
    commission.channel.use = use
    return [(each.field, each.reason) for each in order_complaints(commission)]


@pytest.mark.usefixtures("mouths")
@pytest.mark.parametrize("use", ["", "commercial"])
def test_a_commercial_channel_is_refused_an_engine_for_research(make: Make, use: str) -> None:
    assert said_of(make, use) == [("quality", "LICENCE_FORBIDS_USE")]


@pytest.mark.usefixtures("mouths")
def test_a_research_channel_may_have_it(make: Make) -> None:
    assert said_of(make, "research") == []


@pytest.mark.usefixtures("mouths")
def test_the_refusal_says_why_and_what_to_do(make: Make) -> None:
    commission = complete(make(quality="mouths"))
    (refusal,) = order_complaints(commission)
    assert "wav2lip" in refusal.remedy
    assert "BBC" in refusal.remedy, "the reason, not only the rule"
    assert "use: research" in refusal.remedy, "the way out"


def test_a_use_that_nobody_knows_is_named_once(make: Make) -> None:
    assert said_of(make, "fun", "draft") == [("channel.use", "USE_UNKNOWN")]


@pytest.mark.parametrize("tier", tiers.TIERS)
def test_the_licences_of_every_engine_of_a_tier_were_read(tier: str) -> None:
    assert set(tiers.TIERS[tier].values()) <= set(ENGINES)
    assert list(tiers.licence_complaints(tier, "commercial")) == []
