"""People's words take effect on what is there when they are written, not when it was read."""

import json
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from services.director.line import commands
from services.director.tables import videos, withheld
from tests.unit.director.line.floor import Floor

VIDEO = "a" * 64


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


def finish(connection: Connection, video: str, files: dict[str, str]) -> None:
    outputs = [{"name": kind, "kind": kind, "digest": digest} for kind, digest in files.items()]
    values = {"state": "finished", "ended_ms": 1, "outputs": json.dumps(outputs)}
    connection.execute(update(videos).where(videos.c.id == video).values(values))


def held_back(floor: Floor) -> set[str]:
    with floor.engine.connect() as connection:
        return set(connection.execute(select(withheld.c.digest)).scalars())
