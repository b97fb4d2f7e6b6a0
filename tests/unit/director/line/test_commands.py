"""People's words take effect on what is there when they are written, not when it was read."""

import json
from typing import Any

import pytest
from rostrum.director.v1.line_pb2 import Failed
from sqlalchemy import Connection, select, update

from services.director.line import commands
from services.director.tables import videos, withheld
from tests.unit.director.line.floor import Floor

VIDEO, SRT, VTT = "a" * 64, "b" * 64, "c" * 64


def test_a_video_that_finishes_while_consent_is_withdrawn_is_not_delivered(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = floor.order()
    portrait, stop = floor.video(video)["portrait"], commands._stop

    def finish_first(connection: Connection, *said: Any) -> list[str]:
        finish(connection, video, {"video": VIDEO})
        return stop(connection, *said)

    monkeypatch.setattr(commands, "_stop", finish_first)
    with floor.engine.begin() as connection:
        found = commands.revoke(connection, "house", floor.now_ms(), portrait_digest=portrait)
    assert found == [video]
    assert held_back(floor) == {VIDEO}


def test_a_parked_task_is_not_sent_again_before_consent_is_asked_for(floor: Floor) -> None:
    floor.hire()
    floor.staff(seconds=0.3)
    death = Failed(kind="FAILURE_KIND_DEATH", reason="WORKER_DIED", message="signal 11")
    floor.worker("restoration").fault = lambda task: death
    commission = floor.make()
    commission.presenter.consent.expires = "2026-11-21"
    floor.clock.now = 1_795_262_400.0  # 2026-11-21, noon
    video = floor.order(commission)
    floor.finish(video)
    key = floor.task(stage="restoration", state="parked")["key"]
    sent = len(floor.attempts[key])
    floor.pass_time(86_400.0)
    with floor.engine.begin() as connection:
        driven = commands.redrive(connection, "house", floor.now_ms())
        assert driven == (1, [video])
        assert commands.redrive(connection, "house", floor.now_ms()) == (0, [])
    floor.finish(video)
    assert json.loads(floor.video(video)["complaints"])[0]["reason"] == "CONSENT_EXPIRED"
    assert len(floor.attempts[key]) == sent, "it looks at a face that may not be used any more"


def test_captions_stay_for_whoever_says_the_same_words(floor: Floor) -> None:
    video = floor.order()
    portrait = floor.video(video)["portrait"]
    with floor.engine.begin() as connection:
        finish(connection, video, {"video": VIDEO, "srt": SRT, "vtt": VTT})
        commands.revoke(connection, "house", floor.now_ms(), portrait_digest=portrait)
    assert held_back(floor) == {VIDEO}, "captions show nobody, and other videos have the same"
    assert floor.video(video)["outputs"] == "[]"


def finish(connection: Connection, video: str, files: dict[str, str]) -> None:
    outputs = [{"name": kind, "kind": kind, "digest": digest} for kind, digest in files.items()]
    values = {"state": "finished", "ended_ms": 1, "outputs": json.dumps(outputs)}
    connection.execute(update(videos).where(videos.c.id == video).values(values))


def held_back(floor: Floor) -> set[str]:
    with floor.engine.connect() as connection:
        return set(connection.execute(select(withheld.c.digest)).scalars())
