"""What a director has in mind is never ahead of what is written."""

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from services.director.line import advance
from tests.unit.director.line.floor import Floor


def test_what_could_not_be_written_is_not_kept_in_mind(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = floor.hire()
    floor.staff(seconds=0.3)
    video = floor.order()
    floor.spin(lambda: len(floor.work) > 5)
    assert len(line._advance.minds) == 1

    def lose(*_: Any) -> bool:
        raise OperationalError("", None, Exception("deadlock detected"))

    monkeypatch.setattr(advance, "link", lose)
    with pytest.raises(OperationalError):
        floor.spin(lambda: False, 5)
    monkeypatch.undo()
    assert len(line._advance.minds) == 0
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
