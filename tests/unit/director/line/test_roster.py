"""Engines become known to all directors at once, though each reads their list now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.director.line.roster import Engines

if TYPE_CHECKING:
    from tests.unit.director.line.conftest import Floor


def test_news_of_an_engine_is_not_lost_on_a_director_with_an_old_list(floor: Floor) -> None:
    line = floor.hire()
    video = floor.order()
    floor.spin(lambda: "WORKERS_AWAITED" in floor.video(video)["warnings"], 20)
    elsewhere = Engines(floor.engine, lambda: int(floor.clock() * 1000), silence_ms=3_000)
    elsewhere.look()
    elsewhere.learn([("motion", 0, "tracks", "motion 1")])
    line._advance.advance(video)  # asked again at once, before its own list is read anew
    floor.pass_time(0.1)
    waits = "the next engine that it lacks"
    assert floor.video(video)["stage"] == "compositing", f"nobody asks it again about {waits}"


def test_an_engine_that_another_director_has_noted_first_is_its_news(floor: Floor) -> None:
    mine, elsewhere = (
        Engines(floor.engine, lambda: int(floor.clock() * 1000), silence_ms=3_000) for _ in range(2)
    )
    assert elsewhere.learn([("motion", 0, "tracks", "motion 1")])
    assert not mine.learn([("motion", 0, "tracks", "motion 2")])
    assert mine.look().first["motion"] == "motion 1"
