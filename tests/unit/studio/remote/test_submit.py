from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.chassis.errors import Invalid
from services.studio.__main__ import app
from tests.unit.studio.remote.conftest import Command, lines, order, write
from tests.unit.studio.remote.fake_director import FakeDirector

SAMPLES = Path("services/studio/samples")


def test_an_order_becomes_a_video_with_all_that_it_names(
    rostrum: Command, director: FakeDirector, tmp_path: Path
) -> None:
    result = rostrum("submit", write(tmp_path / "a.json", order()), "--json")
    assert result.exit_code == 0, result.output
    (said,) = lines(result)
    assert (said["event"], said["kind"], said["name"]) == ("accepted", "video", "short")
    sent = director.orders[said["id"]]
    assert (sent.presenter, sent.voice.name) == ("amara", "en-us-female")
    portrait = SAMPLES.parent / "presenters/amara/portrait.png"
    logo = SAMPLES / "channels/harbour-light/logo.png"
    if not portrait.exists():
        (portrait,) = portrait.parent.glob("portrait.*")
    assert {portrait.read_bytes(), logo.read_bytes()} == set(director.files.values())


def test_submitted_twice_it_is_one_video(
    rostrum: Command, director: FakeDirector, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.json", order())
    first, second = (lines(rostrum("submit", file, "--json")) for _ in range(2))
    assert first == second
    assert len(director.videos) == 1
    sent = director.sent_bytes
    rostrum("submit", file, "--again", "--json")
    assert len(director.videos) == 2
    assert director.sent_bytes == sent, "what is there is not sent again"


def test_a_request_id_of_ones_own_stands_for_one_body(
    rostrum: Command, director: FakeDirector, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.json", order())
    assert rostrum("submit", file, "--request-id", "mine").exit_code == 0
    write(file, order(script="Something else."))
    result = rostrum("submit", file, "--request-id", "mine")
    assert result.exit_code == 2
    assert "IDEMPOTENCY_KEY_REUSED" in result.stdout


def test_good_orders_go_and_bad_ones_are_named_with_file_and_line(
    rostrum: Command, director: FakeDirector, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: bad\nscirpt: Hello.\n")
    good = write(tmp_path / "good.json", order("good"))
    result = rostrum("submit", bad, good)
    assert result.exit_code == 2
    assert f"{bad}:2: scirpt: FIELD_UNKNOWN: there is no such field; did you mean script?" in (
        result.stdout
    )
    assert [video.name for video in director.videos.values()] == ["good"]


def test_what_the_director_refuses_is_said_by_the_line_of_the_file(
    rostrum: Command, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("name: a\nscript: forbidden words\n")
    result = rostrum("submit", file)
    assert result.exit_code == 2
    assert f"{file}:2: script: SCRIPT_FORBIDDEN: say something else" in result.stdout


def test_a_director_that_restarts_is_waited_for(
    rostrum: Command, director: FakeDirector, tmp_path: Path
) -> None:
    director.away = 2
    assert rostrum("submit", write(tmp_path / "a.json", order())).exit_code == 0


def test_an_upload_that_breaks_off_goes_on(
    rostrum: Command, director: FakeDirector, tmp_path: Path
) -> None:
    director.breaks_after = 1
    folder = tmp_path / "presenters" / "huge"
    folder.mkdir(parents=True)
    (folder / "portrait.png").write_bytes(bytes(range(256)) * 8192)  # 2 MiB
    (folder / "presenter.yaml").write_text("consent: {kind: synthetic}\n")
    file = write(tmp_path / "a.json", order(presenter="huge", channel=""))
    assert rostrum("submit", file).exit_code == 0
    assert director.sent_bytes == 2**21, "no byte is sent twice"


def test_the_sample_rundown_goes_as_a_whole(rostrum: Command, director: FakeDirector) -> None:
    result = rostrum("submit", SAMPLES / "rundown", "--json")
    assert result.exit_code == 0, result.output
    (said,) = lines(result)
    assert (said["kind"], said["name"], len(said["videos"])) == ("rundown", "morning", 12)
    videos = [director.videos[video] for video in said["videos"].values()]
    assert [video.name for video in videos] == list(said["videos"])
    assert {video.channel for video in videos} == {"matchday", "harbour-light", "nordhaven"}
    assert {video.section for video in videos} == {"matches", "coast", "vacancies"}
    again = lines(rostrum("submit", SAMPLES / "rundown", "--json"))
    assert again == [said]


def test_inline_orders_take_their_section_s_channel(
    rostrum: Command, director: FakeDirector, tmp_path: Path
) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(
        "rundown: noon\ndeadline: '12:00'\nsections:\n"
        "  - name: a\n    channel: harbour-light\n    priority: 9\n    orders:\n"
        "      - name: one\n        script: Hello.\n"
        "      - {name: two, script: Hello., channel: nordhaven}\n"
    )
    assert rostrum("submit", file).exit_code == 0
    assert {o.name: o.channel for o in director.orders.values()} == {
        "one": "harbour-light",
        "two": "nordhaven",
    }


MISTAKES = {
    "an unknown field": (
        "rundown: a\nsektions: []\n",
        {"a.yaml:2: sektions: FIELD_UNKNOWN", "sections: FIELD_REQUIRED"},
    ),
    "a name that is none": (
        "rundown: A B\nsections:\n  - {name: x, orders: [{name: o, script: x}]}\n",
        {"a.yaml:1: rundown: NAME_INVALID"},
    ),
    "a priority beyond ten": (
        "rundown: a\nsections:\n  - name: x\n    priority: 11\n"
        "    orders: [{name: o, script: x}]\n",
        {"a.yaml:4: sections[0].priority: PRIORITY_OUT_OF_RANGE"},
    ),
    "a time without a zone": (
        "rundown: a\ndeadline: 2026-11-22 06:00\nsections:\n"
        "  - {name: x, orders: [{name: o, script: x}]}\n",
        {"a.yaml:2: deadline: TIME_INVALID"},
    ),
    "a pattern that fits nothing": (
        "rundown: a\nsections:\n  - name: x\n    orders:\n      - none/*.yaml\n",
        {"a.yaml:5: sections[0].orders[0]: ASSET_NOT_FOUND"},
    ),
    "an address": (
        "rundown: a\nsections:\n  - name: x\n    orders:\n      - https://example.org/o.yaml\n",
        {"a.yaml:5: sections[0].orders[0]: URL_NOT_ALLOWED"},
    ),
    "an order with a mistake": (
        "rundown: a\nsections:\n  - name: x\n    orders:\n      - name: o\n        scirpt: x\n",
        {"a.yaml:6: scirpt: FIELD_UNKNOWN"},
    ),
    "two orders of one name": (
        "rundown: a\nsections:\n  - name: x\n    orders:\n"
        "      - {name: o, script: x}\n      - {name: o, script: y}\n",
        {"name: NAME_DUPLICATE"},
    ),
    "an order that is a number": (
        "rundown: a\nsections:\n  - name: x\n    orders: [7]\n",
        {"a.yaml:4: sections[0].orders[0]: FIELD_TYPE_INVALID"},
    ),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_rundown_with_a_mistake_is_not_submitted_and_the_mistake_is_named(
    rostrum: Command, director: FakeDirector, tmp_path: Path, text: str, expected: set[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    result = rostrum("submit", file)
    assert result.exit_code == 2
    for each in expected:
        assert each in result.stdout
    assert not director.rundowns


def test_two_presenters_of_one_name_are_not_mixed_up(
    rostrum: Command, director: FakeDirector, tmp_path: Path
) -> None:
    for folder, consent in (("x", "synthetic"), ("y", "self")):
        shelf = tmp_path / folder / "presenters" / "kim"
        shelf.mkdir(parents=True)
        (shelf / "portrait.png").write_bytes(b"png")
        (shelf / "presenter.yaml").write_text(f"consent: {{kind: {consent}}}\n")
        write(tmp_path / folder / "o.json", order(folder, presenter="kim"))
    file = tmp_path / "r.yaml"
    file.write_text("rundown: a\nsections:\n  - {name: s, orders: [x/o.json, y/o.json]}\n")
    result = rostrum("submit", file)
    assert result.exit_code == 2
    assert "presenter: NAME_DUPLICATE" in result.stdout


def test_without_a_line_the_command_says_what_to_do(
    rostrum: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROSTRUM_DIRECTOR")
    result = rostrum_error("submit", write(tmp_path / "a.json", order()))
    assert "rostrum line" in result


def test_plaintext_goes_to_this_machine_alone(rostrum: Command, tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", order())
    assert "--ca" in rostrum_error("submit", file, "--to", "director.example:8443")


def rostrum_error(*arguments: str | Path) -> str:
    """Return what the outermost edge would print."""
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert isinstance(result.exception, Invalid)
    return str(result.exception)
