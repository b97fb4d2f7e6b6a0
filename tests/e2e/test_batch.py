"""A bad order in a batch stops nobody but itself."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.conftest import Rostrum, small_order

PRESENTERS = ("amara", "ingrid", "malik", "jun")


def test_nine_of_ten_are_made_and_the_tenth_is_answered(shared: Rostrum, tmp_path: Path) -> None:
    orders = [
        small_order(f"job-{n}", presenter=PRESENTERS[n % 2], script=f"This is number {n}.")
        for n in range(10)
    ]
    orders[3]["presenter"] = "nobody"
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(map(json.dumps, orders)))
    run = shared("produce", batch, "-o", tmp_path / "out", "--json")
    assert run.code == 2
    statuses = [video["status"] for video in run.videos.values()]
    assert statuses == ["finished"] * 3 + ["invalid"] + ["finished"] * 6
    (violation,) = run.videos["job-3"]["error"]["violations"]
    assert (violation["line"], violation["field"], violation["reason"]) == (
        4,
        "presenter",
        "PRESENTER_UNKNOWN",
    )
    assert "amara" in violation["remedy"], "it says which there are"
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == [f"job-{n}" for n in range(10) if n != 3], "nothing half-made"


def test_two_orders_of_one_name_are_not_mixed_up(shared: Rostrum, tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(small_order("twin", script=s)) for s in ("One.", "Two.")))
    run = shared("check", batch, "--json")
    assert run.code == 2
    reasons = [v["error"] and v["error"]["reason"] for v in run.events[-1]["videos"]]
    assert reasons == [None, "NAME_DUPLICATE"]


def test_a_line_that_is_no_json_is_one_complaint(shared: Rostrum, tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text(json.dumps(small_order("good")) + '\n{"name": "bad",\n')
    run = shared("check", batch, "--json")
    assert run.code == 2
    assert [video["status"] for video in run.events[-1]["videos"]] == ["checked", "invalid"]
