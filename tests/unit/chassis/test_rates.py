"""One team's haste leaves another team's calls alone."""

from __future__ import annotations

import pytest

from services.chassis.rates import Rates
from services.chassis.status import Refused


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_hundred_and_first_call_of_a_second_waits() -> None:
    clock = Clock()
    rates = Rates(100, clock)
    for _ in range(100):
        rates.take("north")
    with pytest.raises(Refused) as caught:
        rates.take("north")
    assert caught.value.retry_seconds == pytest.approx(0.01)
    rates.take("south")
    clock.now += 0.0101
    rates.take("north")


def test_less_than_a_call_a_second_still_lets_the_first_one_in() -> None:
    clock = Clock()
    rates = Rates(0.5, clock)
    rates.take("north")
    with pytest.raises(Refused) as caught:
        rates.take("north")
    assert caught.value.retry_seconds == pytest.approx(2.0)


def test_teams_that_went_away_are_forgotten() -> None:
    clock = Clock()
    rates = Rates(10, clock)
    for number in range(5000):
        rates.take(f"team-{number}")
        clock.now += 1
    assert len(rates._buckets) < 4200
