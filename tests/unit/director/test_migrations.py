"""A database that an earlier version left behind opens, and nothing in it is lost."""

import json
import sqlite3
from pathlib import Path

import pytest
from rostrum.director.v1.director_pb2 import Commission

from services.chassis.errors import Invalid
from services.director.state import State

FIRST_LAYOUT = """
CREATE TABLE videos (id VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL,
  commission BLOB NOT NULL, status VARCHAR(16) NOT NULL, created VARCHAR(32) NOT NULL,
  ended VARCHAR(32), complaints TEXT, outputs TEXT);
CREATE INDEX videos_by_name ON videos (name, created);
CREATE TABLE tasks (key VARCHAR(64) NOT NULL PRIMARY KEY, stage VARCHAR(32) NOT NULL,
  request_type VARCHAR(120) NOT NULL, request TEXT NOT NULL, engine VARCHAR(120) NOT NULL,
  fingerprint TEXT NOT NULL, status VARCHAR(16) NOT NULL, seconds FLOAT, attempts INTEGER NOT NULL,
  digests TEXT NOT NULL, video VARCHAR(32), started VARCHAR(32), ended VARCHAR(32), error TEXT);
CREATE TABLE video_tasks (video VARCHAR(32) NOT NULL, name VARCHAR(80) NOT NULL,
  "key" VARCHAR(64) NOT NULL, reused BOOLEAN NOT NULL, PRIMARY KEY (video, name),
  FOREIGN KEY(video) REFERENCES videos (id), FOREIGN KEY("key") REFERENCES tasks ("key"));
"""
CREATED, ENDED = "2026-11-21T12:00:00.125+00:00", "2026-11-21T12:01:00.000+00:00"


def leave_behind(path: Path, commission: Commission) -> None:
    old = sqlite3.connect(path)
    old.executescript(FIRST_LAYOUT)
    data = commission.SerializeToString(deterministic=True)
    outputs = json.dumps([{"name": "a.srt", "kind": "srt", "digest": "ab" * 32}])
    old.execute(
        "INSERT INTO videos VALUES (?, ?, ?, 'finished', ?, ?, '[]', ?)",
        ("f" * 32, "senior-welder", data, CREATED, ENDED, outputs),
    )
    old.execute(
        "INSERT INTO tasks VALUES (?, 'lipsync', 'rostrum.lipsync.v1.SyncRequest', ?, 'visemes',"
        " 'visemes 1', 'finished', 0.25, 1, '[]', ?, ?, ?, NULL)",
        ("1" * 64, '{"engine": "visemes", "speech": {"frameCount": 7}}', "f" * 32, CREATED, ENDED),
    )
    old.execute("INSERT INTO video_tasks VALUES (?, 'lipsync/1', ?, 0)", ("f" * 32, "1" * 64))
    old.commit()
    old.close()


def test_a_database_of_a_layout_nobody_knows_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with sqlite3.connect(path) as odd:
        odd.execute("CREATE TABLE videos (id TEXT, team TEXT)")
    with pytest.raises(Invalid, match="move it away"):
        State(f"sqlite:///{path}")
    with sqlite3.connect(path) as odd:
        assert [row[0] for row in odd.execute("SELECT name FROM sqlite_master")] == ["videos"]


def test_a_database_of_the_first_layout_opens(tmp_path: Path, commission: Commission) -> None:
    path = tmp_path / "state.sqlite"
    leave_behind(path, commission)
    for _ in range(2):  # the second time it is of today's layout
        state = State(f"sqlite:///{path}")
        record = state.production_record("f" * 32)
        state.close()
        assert (record["created"], record["ended"]) == (CREATED, ENDED)
        assert record["outputs"][0]["name"] == "a.srt"
        (task,) = record["tasks"]
        assert task["request"] == {"engine": "visemes", "speech": {"frameCount": 7}}
        assert (task["seconds"], task["attempts"], task["reused"]) == (0.25, 1, False)
    with sqlite3.connect(path) as now:
        assert now.execute("PRAGMA foreign_key_check").fetchall() == []
        tables = {row[0] for row in now.execute("SELECT name FROM sqlite_master")}
    assert not any(name.startswith("first_") for name in tables)
