"""What a director shows of the line: how much waits, how late a day will be, and when it ends."""

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from services.chassis.telemetry.metrics import Metrics
from services.director.line.admission import Admission, admit_all
from services.director.orders import complete
from services.director.tables import rundowns
from tests.unit.director.line.floor import Floor

DAY = "d" * 32


def shown(metrics: Metrics) -> dict[str, float]:
    """Return every gauge of the line, sums over its labels."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        family.name.removeprefix("rostrum_"): sum(sample.value for sample in family.samples)
        for family in families
        if family.type == "gauge"
    }


def order_a_day(floor: Floor, count: int, deadline_ms: int) -> list[str]:
    asked = [
        Admission(
            complete(floor.make(name=f"v{n}", script=f"Number {n}. Good night.")),
            position=n, rundown=DAY, deadline_ms=deadline_ms,
        )
        for n in range(count)
    ]  # fmt: skip
    day = {"id": DAY, "team": "house", "name": "day", "deadline_ms": deadline_ms}
    with floor.engine.begin() as connection:
        connection.execute(insert(rundowns).values({**day, "created_ms": floor.now_ms()}))
        admit_all(connection, "house", asked, floor.now_ms())
    return [one.id for one in asked]


def test_a_day_that_cannot_be_met_is_seen_before_its_deadline(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=3)
    ids = order_a_day(floor, 3, floor.now_ms() + 12_000)
    floor.spin(lambda: shown(floor.metrics)["rundown_lateness_seconds"] > 0)
    first = shown(floor.metrics)
    assert first["rundowns"] == 1
    assert first["videos"] == 3
    assert first["rundown_late_videos"] == 0
    assert 0 < first["rundown_left_seconds"] - first["rundown_lateness_seconds"] < 12
    floor.spin(lambda: shown(floor.metrics)["rundown_late_videos"] > 0)
    floor.spin(lambda: shown(floor.metrics)["queue_oldest_seconds"] > 0)
    floor.finish(*ids)
    floor.spin(lambda: not shown(floor.metrics)["rundowns"])
    last = shown(floor.metrics)
    assert not last["rundown_left_seconds"] + last["rundown_lateness_seconds"] + last["videos"]


def test_who_no_longer_looks_shows_nothing(floor: Floor) -> None:
    line = floor.hire()
    order_a_day(floor, 2, floor.now_ms() + 1_000)
    floor.spin(lambda: shown(floor.metrics)["videos"] == 2)
    line._locks.holds = lambda duty: False
    line.turn()
    after = shown(floor.metrics)
    assert not after["videos"] + after["rundowns"] + after["rundown_left_seconds"]
