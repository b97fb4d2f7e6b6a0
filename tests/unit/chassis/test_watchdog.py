"""A process that reads nothing any more makes room for another; one that waits does not."""

import threading
from dataclasses import dataclass

import pytest

from services.chassis.bus import watchdog
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.watchdog import Watchdog


@dataclass
class Reader:
    """A member whom the broker has not confirmed for some time."""

    quiet: float = 0.0

    def quiet_seconds(self) -> float:
        return self.quiet


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def watched() -> tuple[Watchdog, MemoryBus, Reader, Clock]:
    bus, reader, clock = MemoryBus(), Reader(), Clock()
    return Watchdog(bus, reader, 90, clock), bus, reader, clock


def test_a_loop_that_comes_round_is_left_alone() -> None:
    dog, _, _, clock = watched()
    for _ in range(10):
        clock.now += 80
        dog.beat()
    assert not dog.stands_still()


def test_a_loop_that_hangs_stands_still() -> None:
    dog, _, _, clock = watched()
    clock.now = 91
    assert dog.stands_still()


def test_a_member_that_the_broker_has_forgotten_stands_still() -> None:
    dog, _, reader, _ = watched()
    reader.quiet = 91
    assert dog.stands_still(), "it polls and polls and is given nothing"


def test_an_outage_is_waited_out() -> None:
    dog, bus, reader, _ = watched()
    reader.quiet = 600
    bus.outage()
    assert not dog.stands_still(), "a new process would lose what is in hand and wait as well"
    bus.outage(away=False)
    assert dog.stands_still()


def test_a_look_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.01)
    dog, bus, reader, _ = watched()
    answers = iter([OSError("too many open files")])
    healthy = bus.healthy

    def look() -> bool:
        for error in answers:
            raise error
        return healthy()

    monkeypatch.setattr(bus, "healthy", look)
    reader.quiet = 91
    ended = threading.Event()
    dog.start(lambda _: ended.set())
    assert ended.wait(5)


def test_the_process_ends_with_a_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.01)
    dog, _, reader, _ = watched()
    codes: list[int] = []
    ended = threading.Event()
    dog.start(lambda code: (codes.append(code), ended.set()))
    reader.quiet = 91
    assert ended.wait(5)
    assert codes == [70]
