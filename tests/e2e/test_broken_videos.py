"""Gates pass good videos and catch each fault, on every face."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import clips
from tests.e2e.gates import GATES, failed
from tests.e2e.measure import (
    Presenter,
    look,
    measure,
    of_the_head,
    of_the_likeness,
    of_the_lips,
    of_the_picture,
)

FACES = ("amara", "jun", "malik")
CAUGHT_BY = {
    "sound 200 ms late": "offset",
    "sound 200 ms early": "offset",
    "sound 80 ms late": "offset",
    "sound 80 ms early": "offset",
    "frozen head": "shift",
    "no blinks": "blinks",
    "head that cuts": "cuts",
    "frozen mouth": "vowels",
    "other words": "confidence",
    "open lips": "bilabials",
    "mumbling": "vowels",
    "restless mouth": "restlessness",
    "trembling": "jitter",
    "flickering": "skin_flicker",
    "dropped frames": "holds",
    "widening face": "drift",
    "someone wider": "likeness",
    "blurred mouth": "sharpness",
    "harsh mouth": "sharpness",
}


class Drawn:
    """The good clip of one presenter."""

    def __init__(self, presenter: str) -> None:
        self.presenter = presenter
        self.pictures = clips.draw(presenter, clips.good())
        self.seen = look(self.pictures, clips.RATE)

    def judge(self, clip: clips.Clip, seen: Presenter) -> set[str]:
        """Return the gates at which a clip fails."""
        portrait = clips.portrait_of(self.presenter)
        return failed(
            of_the_head(seen)
            | of_the_picture(seen)
            | of_the_lips(seen, clip.timing, clip.samples)
            | of_the_likeness(seen, portrait)
        )


@pytest.fixture(scope="module", params=FACES)
def drawn(request: pytest.FixtureRequest) -> Drawn:
    return Drawn(request.param)


def test_a_good_video_passes_every_gate(drawn: Drawn, tmp_path: Path) -> None:
    good = clips.good()
    video = clips.write(tmp_path / "good.mp4", drawn.pictures, good.samples)
    found = measure(video, good.timing, clips.portrait_of(drawn.presenter))
    assert set(found) >= set(GATES), "a gate that nothing is measured for"
    assert not failed(found), found


@pytest.mark.parametrize("fault", clips.NUMBERS)
def test_speech_and_motion_that_are_wrong_are_caught(drawn: Drawn, fault: str) -> None:
    good = clips.good()
    broken = clips.NUMBERS[fault](good)
    redraw = broken.performance is not good.performance
    seen = look(clips.draw(drawn.presenter, broken), clips.RATE) if redraw else drawn.seen
    assert CAUGHT_BY[fault] in drawn.judge(broken, seen)


@pytest.mark.parametrize("fault", clips.PICTURES)
def test_pictures_that_are_wrong_are_caught(drawn: Drawn, fault: str) -> None:
    seen = look(clips.PICTURES[fault](drawn.pictures), clips.RATE)
    assert CAUGHT_BY[fault] in drawn.judge(clips.good(), seen)


@pytest.mark.parametrize("fault", clips.FACES)
def test_faces_that_are_wrong_are_caught(drawn: Drawn, fault: str) -> None:
    broken = clips.FACES[fault](drawn.pictures, drawn.seen.in_picture)
    seen = look(broken, clips.RATE)
    assert CAUGHT_BY[fault] in drawn.judge(clips.good(), seen)
