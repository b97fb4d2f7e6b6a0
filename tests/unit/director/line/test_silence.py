"""Whoever falls silent is not waited for, and nobody is held for dead who is not."""

import json
import random
from typing import Any

import pytest
from rostrum.director.v1.line_pb2 import Failed
from sqlalchemy import delete, select

from services.chassis.bus import Record
from services.chassis.errors import Transient
from services.director.line.commands import redrive
from services.director.line.reports import Reports
from services.director.tables import inbox, metadata, offsets
from tests.unit.director.line.floor import Floor


def test_a_task_whose_worker_dies_is_sent_again_after_a_lease(floor: Floor) -> None:
    floor.hire()
    floor.staff(2, seconds=0.5)
    video = floor.order()
    victim = floor.worker("lipsync")
    floor.spin(lambda: victim.task is not None)
    key, died_at = victim.task.key, floor.clock()
    victim.die()
    floor.spin(lambda: len(floor.attempts[key]) == 2)
    assert floor.clock() - died_at <= 8.0, "R4: at most 8 s with a lease of 5 s"
    floor.finish(video)
    row = next(row for row in floor.tasks() if row["key"] == key)
    assert (row["state"], row["attempt"], row["deaths"]) == ("finished", 2, 1)
    assert floor.video(video)["state"] == "finished"


def test_a_task_sent_to_a_dead_worker_is_taken_over(floor: Floor) -> None:
    floor.hire()
    floor.staff(2, seconds=0.5)
    victim = floor.worker("compositing")
    victim.deaf = True
    video = floor.order()
    floor.spin(lambda: any(t["worker"] == victim.name for t in floor.tasks()))
    victim.die()
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
    assert all(task["deaths"] == 0 for task in floor.tasks()), "it had begun nothing"


def test_a_task_that_an_idle_worker_does_not_begin_is_sent_again(floor: Floor) -> None:
    floor.hire()
    floor.staff(2, seconds=0.5)
    floor.worker("compositing").deaf = True
    video = floor.order()
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"


def test_a_late_result_is_as_good_as_any_and_a_late_failure_is_none(floor: Floor) -> None:
    floor.hire()
    floor.staff(2, seconds=0.5)
    video = floor.order()
    frozen = floor.worker("restoration")
    floor.workers = [w for w in floor.workers if w.stage != "restoration" or w is frozen]
    floor.spin(lambda: frozen.task is not None)
    task = frozen.task
    frozen.stalled = True
    floor.spin(lambda: floor.task(key=task.key)["state"] == "ready")
    frozen.stalled = False
    frozen._report("failed", Failed(kind="FAILURE_KIND_BUG", reason="LATE"))
    floor.pass_time()
    assert floor.task(key=task.key)["state"] != "failed"
    assert b'rostrum_reports_fenced_total{stage="restoration"}' in floor.metrics.text() or (
        floor.task(key=task.key)["attempt"] == 1
    )
    floor.finish(video)
    row = floor.task(key=task.key)
    assert row["state"] == "finished"
    assert floor.work[task.key] == 1


def test_a_failure_of_an_attempt_that_is_over_is_fenced(floor: Floor) -> None:
    floor.hire()
    floor.staff(2, seconds=2.0)
    video = floor.order()
    frozen = floor.worker("restoration")
    floor.spin(lambda: frozen.task is not None)
    frozen.stalled = True
    floor.spin(lambda: floor.task(stage="restoration")["attempt"] == 2)
    frozen._report("failed", Failed(kind="FAILURE_KIND_BUG", reason="LATE"))
    frozen._report("progress")
    floor.pass_time()
    assert floor.task(stage="restoration")["state"] in {"sent", "running", "finished"}
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
    assert b'rostrum_reports_fenced_total{stage="restoration"} 2.0' in floor.metrics.text()


def test_three_deaths_park_a_task_and_a_redrive_goes_on(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.5)
    death = Failed(kind="FAILURE_KIND_DEATH", reason="WORKER_DIED", message="signal 11")
    killer = floor.worker("restoration")
    killer.fault = lambda task: death
    video = floor.order()
    floor.finish(video)
    row, task = floor.video(video), floor.task(stage="restoration")
    assert (task["state"], task["deaths"], task["attempt"]) == ("parked", 3, 3)
    (said,) = json.loads(row["complaints"])
    assert (row["state"], said["reason"]) == ("failed", "TASK_PARKED")
    assert task["key"] in said["remedy"]
    killer.fault = lambda task: None
    with floor.engine.begin() as connection:
        assert redrive(connection, "house", now(floor)) == (1, [video])
        assert redrive(connection, "house", now(floor)) == (0, []), "its effects come once"
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"


def test_an_outage_of_the_broker_expires_nothing(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=3.0)
    for _ in range(80):
        floor.pass_time()  # until silence would mean something
    video = floor.order()
    floor.spin(lambda: sum(task["state"] == "running" for task in floor.tasks()) >= 2)
    floor.bus.outage()
    for _ in range(60):  # five minutes
        floor.clock.now += 5.0
        try_turn(floor)
    floor.bus.outage(away=False)
    for _ in range(35):  # workers need some seconds to find the broker again
        floor.clock.now += 0.1
        try_turn(floor, 0.1)
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
    assert {task["attempt"] for task in floor.tasks()} == {1}
    assert b"rostrum_lease_expiries_total{" not in floor.metrics.text()


@pytest.mark.parametrize("seed", range(3))
def test_of_two_directors_each_may_die_at_any_moment(floor: Floor, seed: int) -> None:
    chance = random.Random(seed)
    floor.hire()
    floor.hire()
    floor.staff(2, seconds=0.3)
    ids = [
        floor.order(floor.make(name=f"video-{n}", script=f"Number {n}. Good night."))
        for n in range(4)
    ]
    floor.spin(lambda: len(floor.attempts) > chance.randrange(2, 30))
    victim = floor.lines.pop(chance.randrange(2))
    victim.close()
    floor.finish(*ids)
    assert [floor.video(id_)["state"] for id_ in ids] == ["finished"] * 4
    assert set(floor.work.values()) == {1}, "finished work was repeated"


def test_a_director_that_comes_back_goes_on_where_it_was(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    video = floor.order()
    for count in (3, 8, 14):
        floor.spin(lambda count=count: len(floor.attempts) >= count)
        floor.lines.pop().close()
        floor.clock.now += 2.0
        floor.hire()
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
    assert set(floor.work.values()) == {1}
    with floor.engine.connect() as connection:
        read_to = {row.partition: row.next_offset for row in connection.execute(select(offsets))}
    ends = {n: len(floor.bus.log["rostrum.reports", n]) for n in range(12)}
    assert read_to == {n: end for n, end in ends.items() if end}


@pytest.mark.parametrize("seed", range(2))
def test_reports_read_again_twice_and_out_of_order_change_nothing(floor: Floor, seed: int) -> None:
    floor.hire()
    floor.staff(2, seconds=0.3)
    once = [False]

    def fault(task: Any) -> Failed | None:
        first, once[0] = not once[0], True
        return Failed(kind="FAILURE_KIND_TRANSIENT", reason="X", message="away") if first else None

    floor.worker("speech").fault = fault
    video = floor.order()
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
    before = dump(floor)
    records = [r for p in range(12) for r in floor.bus.log["rostrum.reports", p]] * 2
    shuffled = shuffle(records, random.Random(seed))
    with floor.engine.begin() as connection:
        connection.execute(delete(inbox))
    reports = Reports(floor.lines[0]._means)
    for begin in range(0, len(shuffled), 7):
        reports.take(shuffled[begin : begin + 7], now(floor))
    assert dump(floor) == before


@pytest.mark.parametrize("seed", range(2))
def test_reports_that_overtake_each_other_lead_to_the_same_video(floor: Floor, seed: int) -> None:
    chance = random.Random(seed)
    floor.hire()
    floor.staff(2, seconds=0.3)
    publish, held = floor.bus.publish, []

    def overtake(messages: Any, timeout_seconds: float = 15) -> None:
        for message in messages:
            held.append(message)
            if message.topic == "rostrum.reports" and chance.random() < 0.6:
                continue  # later ones go first
            chance.shuffle(held)
            publish(list(held))
            held.clear()

    floor.bus.publish = overtake
    video = floor.order()
    floor.finish(video)
    row = floor.video(video)
    assert row["state"] == "finished", row["complaints"]


def shuffle(records: list[Record], chance: random.Random) -> list[Record]:
    """Return records each at most about a hundred places from where it was."""
    return [
        r for _, _, r in sorted(((n + chance.uniform(0, 100), n, r) for n, r in enumerate(records)))
    ]


def dump(floor: Floor) -> dict[str, list[Any]]:
    """Return every table but what the delivery itself is noted in."""
    with floor.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name not in {"inbox", "offsets"}
        }


def try_turn(floor: Floor, seconds: float = 5.0) -> None:
    for worker in floor.workers:
        worker.until += seconds  # nobody can report: work goes on
        worker.progressed += seconds
        worker.spoke += seconds
    for line in floor.lines:
        try:
            line.turn()
        except Transient:
            line._broker.was_away()


def now(floor: Floor) -> int:
    return int(floor.clock() * 1000)
