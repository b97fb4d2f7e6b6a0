"""Shares are fair between channels, and what is urgent is not kept waiting. All in virtual time."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.director.fairness import Candidate, Shares, choose
from tests.unit.director.simulation import CHUNK_SECONDS, Simulation, chunks, flow


@pytest.mark.parametrize("slots", [1, 2, 8])
def test_a_channel_of_190_videos_does_not_keep_another_s_single_one_waiting(slots: int) -> None:
    line = Simulation(slots)
    line.add(chunks(flow(0), 1_900))
    line.run(505.0)
    single = chunks(flow(1), 12)
    waits = []
    for chunk in single:  # each as soon as the one before is drawn
        asked = line.clock
        line.add([chunk])
        while chunk.key not in line.begun:
            line.run(line.clock + 0.5)
        waits.append(line.begun[chunk.key] - asked)
        line.run(line.begun[chunk.key] + CHUNK_SECONDS + 0.01)
    assert max(waits) <= 2 * CHUNK_SECONDS


def test_fifty_channels_with_190_videos_each_and_one_urgent_single() -> None:
    line = Simulation(slots=8)
    for number in range(50):
        line.add(chunks(flow(number), 600))
    line.run(2_005.0)
    asked = line.clock
    urgent = chunks(flow(50), 12, priority=10)
    line.add(urgent)
    line.run(asked + 200.0)
    waits = [line.begun[chunk.key] - asked for chunk in urgent]
    assert waits[0] <= CHUNK_SECONDS, "it overtakes at the next chunk boundary"
    assert waits[-1] <= 3 * CHUNK_SECONDS, "and its other chunks come with it"
    shares = [line.served[flow(number)] for number in range(50)]
    assert max(shares) - min(shares) <= 2 * CHUNK_SECONDS, "the others share evenly"


def test_urgency_is_borrowed_and_paid_back() -> None:
    line = Simulation(slots=1)
    line.add(chunks(flow(0), 500))
    line.add(chunks(flow(1), 500, priority=10))
    line.run(3_000.0)
    assert abs(line.served[flow(1)] - line.served[flow(0)]) <= 120.0 + CHUNK_SECONDS


def test_urgent_work_of_a_channel_goes_before_its_own() -> None:
    line = Simulation(slots=1)
    line.add(chunks(flow(0), 50))
    line.run(25.0)
    line.add(chunks(flow(0), 1, priority=9))
    line.run(45.0)
    assert line.begun["channel-00/9/0"] == 30.0


def test_who_rests_saves_nothing_up() -> None:
    line = Simulation(slots=1)
    line.add(chunks(flow(0), 1_000))
    line.run(5_000.0)
    line.add(chunks(flow(1), 100))
    line.run(6_000.0)
    assert line.served[flow(1)] <= 510.0


def test_small_tasks_are_charged_little() -> None:
    line = Simulation(slots=1)
    line.add(chunks(flow(0), 1_000, cost=1.0))
    line.add(chunks(flow(1), 1_000, cost=10.0))
    line.run(1_000.0)
    assert abs(line.served[flow(0)] - line.served[flow(1)]) <= 20.0


@settings(max_examples=200, deadline=None)
@given(some.integers(0, 2**32), some.integers(1, 6), some.integers(1, 4))
def test_channels_with_work_are_served_alike(seed: int, flows: int, slots: int) -> None:
    """Goyal, Vin and Cheng: two flows that both have work differ by at most one task of each."""
    chance = random.Random(seed)
    queues = {
        flow(n): [Candidate(f"{n}/{i}", flow(n), chance.uniform(0.1, 10.0)) for i in range(200)]
        for n in range(flows)
    }
    shares, served = Shares(), dict.fromkeys(queues, 0.0)
    for _ in range(30):
        chosen, shares = choose(queues, shares, slots)
        assert len({candidate.key for candidate in chosen}) == len(chosen)
        for candidate in chosen:
            queues[candidate.flow].remove(candidate)
            served[candidate.flow] += candidate.cost
        assert max(served.values()) - min(served.values()) <= 20.0


def test_nothing_ready_is_nothing_chosen() -> None:
    shares = Shares(3.0, {flow(0): 4.0})
    assert choose({flow(0): []}, shares, 4) == ([], shares)
    assert choose({flow(0): chunks(flow(0), 3)}, shares, 0) == ([], shares)
