"""Errors say field, reason and remedy, alone or all at once, between processes too."""

import pickle

import pytest

from services.chassis.errors import Corrupt, Invalid, StageError, Transient, Violation

SCRIPT = Violation("script", "SCRIPT_EMPTY", "write what is to be said")
FORMAT = Violation("formats[1]", "FPS_INVALID", "choose 24, 25 or 30")


def test_an_error_says_field_reason_and_remedy() -> None:
    assert str(Invalid(*vars(SCRIPT).values())) == "script: SCRIPT_EMPTY: write what is to be said"


def test_every_mistake_is_said_at_once() -> None:
    error = Invalid.every([SCRIPT, FORMAT])
    assert error.violations == (SCRIPT, FORMAT)
    assert str(error).splitlines() == [str(SCRIPT), str(FORMAT)]
    with pytest.raises(ValueError, match="not enough values"):
        Invalid.every([])


def test_a_caller_sees_its_own_field() -> None:
    moved = Invalid.every([SCRIPT, FORMAT]).under("orders[3].portrait")
    assert {violation.field for violation in moved.violations} == {"orders[3].portrait"}
    assert [violation.reason for violation in moved.violations] == ["SCRIPT_EMPTY", "FPS_INVALID"]


@pytest.mark.parametrize(
    "error",
    [
        Invalid.every([SCRIPT, FORMAT]),
        Transient("STORAGE_FULL: no room"),
        Corrupt("0" * 64, "ASSET_NOT_FOUND"),
    ],
)
def test_errors_survive_the_way_between_processes(error: StageError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
