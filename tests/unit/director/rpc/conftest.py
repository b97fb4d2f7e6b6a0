from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.director.rpc.house import House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(f"sqlite:///{tmp_path / 'state.sqlite'}") as opened:
        yield opened
