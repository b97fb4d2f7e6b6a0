"""Videos go their way over the bus, whoever dies."""

import json
from typing import Any

Floor = Any  # the fixture's class lives in conftest, which tests cannot import


def test_an_order_becomes_a_video(floor: Floor) -> None:
    floor.hire()
    floor.staff()
    video = floor.order()
    floor.finish(video)
    row = floor.video(video)
    assert row["state"] == "finished", row["complaints"]
    outputs = json.loads(row["outputs"])
    store = floor.store_of("house")
    assert outputs
    assert all(store.has(output["digest"]) for output in outputs)
    assert set(floor.work.values()) == {1}, "something was done twice"
    kinds = [event.kind for event in floor.told(video)]
    assert (kinds[0], kinds[-1]) == ("created", "finished")
    assert [event.video.seq for event in floor.told(video)] == list(range(1, len(kinds) + 1))
