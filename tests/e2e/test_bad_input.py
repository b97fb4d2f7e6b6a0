"""Whatever is handed in, the answer names the field, the reason and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Rostrum, Run, small_order
from tests.e2e.hostile import GROUPS, Case, write_cases

CASES = [case for group in GROUPS for case in group()]


@pytest.fixture(scope="module")
def checked(shared: Rostrum, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("hostile")
    batch = write_cases(folder, CASES, small_order)
    return shared("check", batch, "--json"), folder


@pytest.mark.parametrize("case", [case for case in CASES if case.answers], ids=lambda c: c.id)
def test_the_answer_names_field_reason_and_remedy(case: Case, checked: tuple[Run, Path]) -> None:
    run, _ = checked
    video = run.videos[case.id]
    assert video["status"] == "invalid", video
    assert case.answers <= run.complaints(case.id)
    assert all(len(violation["remedy"]) > 5 for violation in video["error"]["violations"])


@pytest.mark.parametrize("case", [case for case in CASES if not case.answers], ids=lambda c: c.id)
def test_what_only_looks_hostile_is_made_literally(case: Case, checked: tuple[Run, Path]) -> None:
    run, _ = checked
    assert run.videos[case.id]["error"] is None


def test_bad_input_is_exit_code_two(checked: tuple[Run, Path]) -> None:
    assert checked[0].code == 2
