"""What is old goes at once, and looking for it costs little."""

from typing import Any

from sqlalchemy import event, insert
from sqlalchemy.dialects import postgresql

from services.director.line.retention import AT_ONCE, Retention
from services.director.tables import events, inbox
from tests.unit.director.line.floor import Floor

DAY_MS = 86_400_000


def test_much_that_is_old_goes_without_a_minute_between(floor: Floor) -> None:
    line = floor.hire()
    rows = [{"id": f"{n}", "topic": "t", "received_ms": 1} for n in range(2 * AT_ONCE + 500)]
    with floor.engine.begin() as connection:
        connection.execute(insert(inbox), rows)
    for _ in range(3):
        floor.pass_time(1.0)
    assert count(floor, "inbox") == 0
    assert line._retention.prune() == 0


def test_only_the_oldest_events_are_looked_at(floor: Floor) -> None:
    retention = Retention(floor.hire()._means)
    write_events(floor, 100, floor.now_ms() - 15 * DAY_MS)
    write_events(floor, 20_000, floor.now_ms())
    assert retention.prune() == 100
    steps = [0]

    def step() -> None:
        steps[0] += 1

    def watch(connection: Any, *_: object) -> None:
        connection.set_progress_handler(step, 1_000)

    event.listen(floor.engine, "checkout", watch)
    assert retention.prune() == 0
    assert steps[0] < 40, "it went through all of them"


def test_a_task_that_is_wanted_meanwhile_is_left_alone(floor: Floor) -> None:
    retention, said = Retention(floor.hire()._means), []

    def note(_: object, statement: Any, *rest: object) -> None:
        said.append(str(statement.compile(dialect=postgresql.dialect())))

    event.listen(floor.engine, "before_execute", note)
    retention.prune()
    (looked,) = (text for text in said if "FROM tasks" in text)
    assert looked.endswith("FOR UPDATE SKIP LOCKED"), "whoever wants it holds its row"


def write_events(floor: Floor, number: int, time_ms: int) -> None:
    one = {"video": "v", "team": "house", "seq": 1, "kind": "progress", "time_ms": time_ms}
    with floor.engine.begin() as connection:
        connection.execute(insert(events), [one | {"video_bytes": b""}] * number)


def count(floor: Floor, table: str) -> int:
    with floor.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
