import json
from hashlib import sha256
from pathlib import Path

import pytest
from rostrum.director.v1.production_pb2 import Complaint, OutputFile, TaskRecord, Video

from tests.unit.studio.remote.conftest import Command, lines, order, write
from tests.unit.studio.remote.fake_director import FakeDirector

MOVIE = bytes(range(256)) * 40


@pytest.fixture
def video(rostrum: Command, tmp_path: Path) -> str:
    (said,) = lines(rostrum("submit", write(tmp_path / "a.json", order()), "--json"))
    return str(said["id"])


def finish(director: FakeDirector, video: str, data: bytes = MOVIE) -> None:
    digest = sha256(data).hexdigest()
    director.files[digest] = data
    output = OutputFile(name="short-16x9-1080.mp4", kind="video", digest=digest)
    director.happen(video, "running", stage="speech", progress_permille=100)
    director.happen(video, "running", stage="compositing", progress_permille=900)
    director.happen(video, "finished", progress_permille=1000, outputs=[output])


def test_a_video_is_watched_from_its_first_event_to_its_last(
    rostrum: Command, director: FakeDirector, video: str
) -> None:
    finish(director, video)
    director.videos[video].seq -= 1  # as it was before the last event
    director.videos[video].state = 2
    director.looked_at = 0
    result = rostrum("watch", video, "--json")
    assert result.exit_code == 0
    assert lines(result)[-1]["state"] == "finished"


def test_a_stream_that_breaks_off_goes_on_after_the_last_event(
    rostrum: Command, director: FakeDirector, video: str
) -> None:
    finish(director, video)
    director.videos[video].CopyFrom(director.events[0].video)
    director.looked_at = 0
    director.breaks_after = 2
    states = [line["state"] for line in lines(rostrum("watch", video, "--json"))]
    assert states == ["running", "running", "finished"]
    assert director.watched_after == [0, 2]


def test_what_was_known_when_the_watch_began_does_not_come_again(
    rostrum: Command, director: FakeDirector, tmp_path: Path
) -> None:
    plan = {"rundown": "noon", "sections": [{"name": "a", "orders": [order("a"), order("b")]}]}
    (said,) = lines(rostrum("submit", write(tmp_path / "r.json", plan), "--json"))
    first, second = said["videos"].values()
    finish(director, first)
    director.looked_at = len(director.events)
    before = Video()
    before.CopyFrom(director.videos[second])
    finish(director, second)  # after the look
    director.videos[second].CopyFrom(before)
    result = rostrum("watch", said["id"], "--json")
    assert result.exit_code == 0
    seen = [line for line in lines(result) if line["event"] == "video"]
    assert [line["name"] for line in seen] == ["a", "b", "b", "b", "b"]
    assert director.watched_after == [3]


def test_a_failed_video_shows_why_and_ends_with_its_code(
    rostrum: Command, director: FakeDirector, video: str
) -> None:
    complaint = Complaint(field="presenter", reason="FACE_NOT_FOUND", remedy="take another")
    director.happen(video, "failed", complaints=[complaint])
    result = rostrum("watch", video)
    assert result.exit_code == 2, "the order was wrong"
    assert "short: presenter: FACE_NOT_FOUND: take another" in result.stdout


def test_a_rundown_is_watched_until_its_last_video(
    rostrum: Command, director: FakeDirector, tmp_path: Path
) -> None:
    orders = [order(f"v{number}") for number in range(5)]
    plan = {"rundown": "noon", "sections": [{"name": "a", "orders": orders}]}
    (said,) = lines(rostrum("submit", write(tmp_path / "r.json", plan), "--json"))
    for video in said["videos"].values():
        finish(director, video)
    rundown = director.rundowns[said["id"]]
    rundown.finished_count, rundown.queued_count = 5, 0
    rundown.end_time.FromSeconds(1_800_000_060)
    result = rostrum("watch", said["id"])
    assert result.exit_code == 0
    assert "noon: 5 of 5 done" in result.stdout
    fetched = rostrum("get", said["id"], "-o", tmp_path / "out")
    assert fetched.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == list(said["videos"])


def test_an_unknown_id_is_said_to_be_one(rostrum: Command) -> None:
    result = rostrum("watch", "0" * 32)
    assert result.exit_code == 2
    assert "VIDEO_NOT_FOUND" in result.stderr


def test_a_finished_video_is_fetched_whole(
    rostrum: Command, director: FakeDirector, video: str, tmp_path: Path
) -> None:
    finish(director, video)
    director.breaks_after = 3
    result = rostrum("get", video, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "out" / "short"
    assert (folder / "short-16x9-1080.mp4").read_bytes() == MOVIE
    record = json.loads((folder / "production.json").read_text())
    assert (record["status"], record["id"]) == ("finished", video)
    assert record["order"]["script"] == "Good day."
    assert record["tasks"] == []
    assert sorted(p.name for p in folder.iterdir()) == ["production.json", "short-16x9-1080.mp4"]
    shown = rostrum("show", tmp_path / "out")
    assert shown.exit_code == 0
    assert "whole" in shown.stdout


def test_a_fetched_video_shows_what_it_was_made_from(
    rostrum: Command, director: FakeDirector, video: str, tmp_path: Path
) -> None:
    finish(director, video)
    for number in range(2):
        task = TaskRecord(name=f"lipsync/{1 - number}", stage="lipsync", engine="visemes")
        task.work_time.FromMilliseconds(1500)
        task.request.update({"startFrame": 40, "gain": 0.5})
        director.tasks.append(task)
    assert rostrum("get", video, "-o", tmp_path / "out").exit_code == 0
    text = (tmp_path / "out" / "short" / "production.json").read_text()
    assert [task["name"] for task in json.loads(text)["tasks"]] == ["lipsync/0", "lipsync/1"]
    assert '"startFrame": 40\n' in text, "a whole number stays one"
    shown = rostrum("show", tmp_path / "out").stdout
    assert "2.0 s at 25 frames/s" in shown
    assert f"from a line, as {video}" in shown
    assert "presenter amara" in shown
    assert [row.split() for row in shown.splitlines() if "visemes" in row] == [
        ["lipsync", "visemes", "2", "0", "3.0"]
    ]


def test_broken_bytes_are_never_delivered(
    rostrum: Command, director: FakeDirector, video: str, tmp_path: Path
) -> None:
    finish(director, video)
    director.files[sha256(MOVIE).hexdigest()] = MOVIE[:-1] + b"x"
    result = rostrum("get", video, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "ASSET_DIGEST_MISMATCH" in result.stdout
    assert list((tmp_path / "out" / "short").iterdir()) == []


def test_what_is_there_already_is_not_fetched_again(
    rostrum: Command, director: FakeDirector, video: str, tmp_path: Path
) -> None:
    finish(director, video)
    assert rostrum("get", video, "-o", tmp_path / "out").exit_code == 0
    director.files.clear()
    assert rostrum("get", video, "-o", tmp_path / "out").exit_code == 0


@pytest.mark.parametrize("name", ["../x.mp4", "/etc/x", ".bashrc", "a\nb", ""])
def test_a_director_cannot_write_elsewhere(
    rostrum: Command, director: FakeDirector, video: str, tmp_path: Path, name: str
) -> None:
    finish(director, video)
    director.videos[video].outputs[0].name = name
    result = rostrum("get", video, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix == ".mp4"]


def test_an_unfinished_video_is_not_fetched(rostrum: Command, video: str, tmp_path: Path) -> None:
    result = rostrum("get", video, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "it is queued" in result.stdout


def test_videos_are_stopped_and_go_on(rostrum: Command, director: FakeDirector, video: str) -> None:
    assert "short: cancelled" in rostrum("cancel", video).stdout
    assert "short: queued" in rostrum("retry", video).stdout
    finish(director, video)
    result = rostrum("cancel", video)
    assert result.exit_code == 2
    assert "VIDEO_ALREADY_TERMINAL" in result.stderr


def test_parked_tasks_are_sent_again(rostrum: Command) -> None:
    assert "2 tasks are tried again" in rostrum("redrive", "--stage", "compositing").stdout
