"""Nobody's likeness is shown without consent for this use on this day."""

from datetime import date

import pytest
from rostrum.director.v1.director_pb2 import Consent

from services.chassis.errors import Invalid
from services.director.consent import check_consent, consent_complaints

TODAY = date(2026, 11, 21)


def reasons(consent: Consent, channel: str = "jobs", tier: str = "draft") -> list[str]:
    said = list(consent_complaints(consent, channel, tier, TODAY))
    assert {violation.field for violation in said} <= {"consent"}
    return [violation.reason for violation in said]


def test_a_check_raises_all_that_is_to_say() -> None:
    check_consent(Consent(kind="self"), "jobs", "draft", TODAY)
    with pytest.raises(Invalid, match="CONSENT_MISSING"):
        check_consent(Consent(), "jobs", "draft", TODAY)


@pytest.mark.parametrize("kind", ["synthetic", "self", "written"])
def test_consent_without_limits_covers_every_use(kind: str) -> None:
    assert reasons(Consent(kind=kind)) == []


@pytest.mark.parametrize("kind", ["", "oral"])
def test_without_consent_of_a_known_kind_nothing_is_shown(kind: str) -> None:
    assert reasons(Consent(kind=kind, expires="2000-01-01")) == ["CONSENT_MISSING"]


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        ("2026-11-20", ["CONSENT_EXPIRED"]),
        ("2026-11-21", []),
        ("2026-11-22", []),
        ("next summer", ["CONSENT_EXPIRED"]),
    ],
)
def test_consent_holds_through_its_last_day(expires: str, expected: list[str]) -> None:
    assert reasons(Consent(kind="written", expires=expires)) == expected


@pytest.mark.parametrize("channel", ["news", ""])
def test_consent_for_some_channels_is_none_for_others(channel: str) -> None:
    assert reasons(Consent(kind="self", channels=["jobs"]), channel) == ["CONSENT_SCOPE"]


def test_consent_for_previews_is_none_for_output() -> None:
    assert reasons(Consent(kind="self", scope=["draft"]), tier="final") == ["CONSENT_SCOPE"]


def test_everything_that_is_missing_is_said_at_once() -> None:
    narrow = Consent(kind="self", scope=["final"], channels=["news"], expires="2020-01-01")
    assert reasons(narrow) == ["CONSENT_EXPIRED", "CONSENT_SCOPE", "CONSENT_SCOPE"]
