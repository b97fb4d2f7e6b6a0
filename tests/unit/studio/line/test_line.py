import json
from pathlib import Path

import pytest
import yaml

from services.chassis.errors import StageError
from services.chassis.settings import StageSettings
from services.studio.line.doors import door_rows, write_doors
from services.studio.line.plan import Wish, seats, shared_settings
from services.studio.line.prometheus import config
from services.studio.line.running import alone_in
from services.studio.line.service import Service
from services.studio.line.supervising import (
    LONGEST_PAUSE_SECONDS,
    STEADY_SECONDS,
    Supervisor,
    Watched,
    pause_after,
)
from services.studio.remote.settings import address_of_line
from services.studio.servers.trouble import Unavailable

DATABASE = "postgresql+psycopg://rostrum@127.0.0.1:1/rostrum"


class Part:
    """A server that only counts."""

    name = "kafka"
    log = Path("kafka.log")

    def __init__(self) -> None:
        self.running = True
        self.starts = 0
        self.broken = False

    def start(self) -> None:
        self.starts += 1
        if self.broken:
            raise Unavailable("kafka did not answer")
        self.running = True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def told() -> list[str]:
    return []


def supervise(part: Part, told: list[str]) -> tuple[Supervisor, Clock]:
    clock = Clock()
    supervisor = Supervisor(told.append, clock)
    supervisor.watched.append(Watched(part, 0.0))  # type: ignore[arg-type]  # a part that counts
    return supervisor, clock


def test_what_dies_is_started_again_at_once_and_it_is_said(told: list[str]) -> None:
    part = Part()
    supervisor, _ = supervise(part, told)
    supervisor.look()
    assert (part.starts, told) == (0, [])
    part.running = False
    supervisor.look()
    assert part.starts == 1
    assert told == ["kafka has died; it is started again at once (log: kafka.log)"]


def test_what_dies_again_and_again_is_started_less_and_less_often(told: list[str]) -> None:
    part = Part()
    part.broken = True
    part.running = False
    supervisor, clock = supervise(part, told)
    for second in range(600):
        clock.now = float(second)
        supervisor.look()
    assert 20 <= part.starts <= 30
    assert any(f"in {LONGEST_PAUSE_SECONDS:.0f} s" in text for text in told[-2:])


def test_what_has_run_for_a_while_begins_with_no_pause(told: list[str]) -> None:
    part = Part()
    supervisor, clock = supervise(part, told)
    for _ in range(5):
        part.running = False
        supervisor.look()
        clock.now += LONGEST_PAUSE_SECONDS
        supervisor.look()
    clock.now += STEADY_SECONDS
    supervisor.look()
    part.running = False
    supervisor.look()
    assert "at once" in told[-1]


def test_pauses_grow_to_a_limit() -> None:
    assert [pause_after(falls) for falls in (1, 2, 3, 4, 9)] == [0, 1, 2, 4, LONGEST_PAUSE_SECONDS]


def test_every_stage_has_a_process_and_drawing_as_many_as_asked_for() -> None:
    planned = seats(Wish(compositors=3), DATABASE)
    assert [seat.name for seat in planned] == [
        *("director", "speech", "motion", "lipsync", "restoration"),
        *("compositing-1", "compositing-2", "compositing-3"),
    ]
    ports = [port for seat in planned for port in (seat.port, seat.ops_port)]
    assert len(set(ports)) == len(ports)


def test_processes_are_given_settings_that_they_understand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = Wish(team="radio")
    shared = shared_settings(wish, "127.0.0.1:9092", tmp_path / "store")
    seat = seats(wish, DATABASE)[1]
    for name, value in seat.environment(shared, tmp_path).items():
        monkeypatch.setenv(name, value)
    settings = StageSettings.read()
    assert (settings.listen, settings.ops_listen) == (seat.address, seat.ops_address)
    assert (settings.team, settings.brokers) == ("radio", ("127.0.0.1:9092",))
    assert settings.reflection
    assert settings.scratch == tmp_path / "scratch" / "speech"


def test_a_service_whose_port_was_taken_moves_and_one_of_a_chosen_port_does_not(
    tmp_path: Path,
) -> None:
    for port, moves in ((0, True), (7070, False)):
        service = Service(seats(Wish(port=port), DATABASE)[0], tmp_path, {})
        before = service.seat
        assert not service.give_way(), "nothing was taken"
        service.log.parent.mkdir(exist_ok=True)
        service.log.write_text("ROSTRUM_LISTEN: ADDRESS_UNUSABLE: it is taken")
        assert service.give_way() is moves
        assert (service.seat != before) is moves
        service.log.unlink()


def test_commands_find_the_line_that_runs_here(tmp_path: Path) -> None:
    planned = seats(Wish(), DATABASE)
    (tmp_path / "line").mkdir()
    path = tmp_path / "line" / "doors.json"
    write_doors(path, planned, {"brokers": "127.0.0.1:1"})
    assert address_of_line(tmp_path) == planned[0].address
    assert json.loads(path.read_text())["services"]["lipsync"] == planned[3].address


def test_people_see_every_door() -> None:
    planned = seats(Wish(), DATABASE)
    rows = list(door_rows(planned, {"Kafka": "127.0.0.1:9"}))
    assert rows[1] == ("director", planned[0].address, f"http://{planned[0].ops_address}")
    assert rows[-1] == ("Kafka", "127.0.0.1:9", "")


def test_prometheus_reads_every_process() -> None:
    planned = seats(Wish(compositors=2), DATABASE)
    told = yaml.safe_load(yaml.safe_dump(config(planned)))
    targets = [t["targets"][0] for t in told["scrape_configs"][0]["static_configs"]]
    assert targets == [seat.ops_address for seat in planned]


def test_a_folder_has_one_line(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(StageError, match="a line runs"), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        pass
