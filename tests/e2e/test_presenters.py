"""Each shipped presenter, in every format, moves, blinks and speaks in sync."""

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Rostrum
from tests.e2e.gates import failed
from tests.e2e.measure import measure
from tests.e2e.programme import timing_of

WORDS = (
    "Good evening. People often ask whether five fast machines could do better. Maybe they could, "
    "but remember: a preview should be cheap, simple and quick. Bob Palmer has more at eleven."
)
FORMATS = {"amara": "16:9", "ingrid": "9:16", "jun": "1:1", "malik": "16:9"}


@pytest.fixture(scope="module")
def made(shared: Rostrum, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("presenters")
    orders = [
        {
            "name": presenter,
            "presenter": presenter,
            "channel": "nordhaven",
            "script": WORDS,
            "data": {"title": "Cheap, simple and quick"},
            "formats": [{"aspect": aspect, "height": 540}],
        }
        for presenter, aspect in FORMATS.items()
    ]
    (folder / "orders.jsonl").write_text("".join(json.dumps(order) + "\n" for order in orders))
    run = shared("produce", folder / "orders.jsonl", "-o", folder / "out", "--json", seconds=600)
    assert run.code == 0, run.out
    return folder / "out"


@pytest.mark.parametrize("presenter", FORMATS)
def test_a_viewer_finds_no_fault(presenter: str, made: Path, shared: Rostrum) -> None:
    (video,) = (made / presenter).glob("*.mp4")
    portrait = Path("services/studio/presenters", presenter, "portrait.png")
    timing = timing_of(made / presenter / "production.json", shared.home)
    found = measure(video, timing, portrait)
    assert not failed(found), {name: found[name] for name in failed(found)}
