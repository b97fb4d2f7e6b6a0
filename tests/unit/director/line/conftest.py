"""The line's fixtures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.director.line.floor import Floor


@pytest.fixture
def floor(tmp_path: Path, stages_of: Any, make: Any) -> Iterator[Floor]:
    made = Floor(f"sqlite:///{tmp_path / 'line.sqlite'}", tmp_path / "store", stages_of, make)
    yield made
    made.close()
