"""The short form of `make chaos`: a line loses nothing, and does nothing twice."""

from __future__ import annotations

import pytest

from tests.chaos.__main__ import synthetic
from tests.chaos.faults import Plan

SEED = 4
JOBS = 100
PLAN = Plan(kills=20, freezes=4, broker_kills=1, database_kills=1, every_seconds=2.0)
SECONDS = 900.0  # it takes less than three minutes where nothing else runs


@pytest.mark.timeout(SECONDS + 300)
def test_a_line_that_is_killed_again_and_again_loses_nothing() -> None:
    verdict = synthetic(SEED, JOBS, PLAN, SECONDS)
    assert verdict.good, "\n".join(verdict.lines())
