"""The ledger of licences says who may use what."""

import pytest

from services.chassis.licences import ENGINES, LICENCES, USES, ledger_of, use_complaints


def reasons(engine: str, use: str) -> list[str]:
    return [complaint.reason for complaint in use_complaints("engine", engine, use)]


@pytest.mark.parametrize("engine", ["espeak", "tracks", "liveportrait", "gfpgan", "realesrgan"])
@pytest.mark.parametrize("use", ["", *USES])
def test_an_engine_with_free_weights_may_be_used_for_anything(engine: str, use: str) -> None:
    assert reasons(engine, use) == []


def test_wav2lip_is_for_research_only() -> None:
    assert reasons("wav2lip", "commercial") == ["LICENCE_FORBIDS_USE"]
    assert reasons("wav2lip", "") == ["LICENCE_FORBIDS_USE"], "who says nothing is commercial"
    assert reasons("wav2lip", "research") == []


def test_what_nobody_has_checked_is_not_used() -> None:
    assert reasons("found-on-a-forum", "research") == ["LICENCE_UNKNOWN"]


def test_every_record_says_what_it_allows_who_says_so_and_why() -> None:
    for licence in LICENCES.values():
        assert licence.uses, licence.id
        assert set(licence.uses) <= set(USES), licence.id
        assert licence.reference, licence.id
        assert licence.why, licence.id
        assert licence.checked.year >= 2026, licence.id
    needed = {licence.id for licences in ENGINES.values() for licence in licences}
    assert needed == set(LICENCES), "a record that nothing needs is out of date"


def test_a_videos_record_says_which_licences_its_engines_need() -> None:
    ledger = ledger_of(["visemes", "wav2lip", "espeak", "tracks", "tracks", "", "of-tomorrow"])
    assert [(row["id"], row["engines"]) for row in ledger] == [
        ("mediapipe", ["tracks", "wav2lip"]),
        ("wav2lip", ["wav2lip"]),
    ]
    assert ledger[1]["uses"] == ("research",)
    assert ledger[1]["checked"] == LICENCES["wav2lip"].checked.isoformat()
