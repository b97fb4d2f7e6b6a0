"""One word per service, everywhere the same."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAGES = ("speech", "motion", "lipsync", "restoration", "compositing")


@pytest.mark.parametrize("word", STAGES)
def test_a_stage_has_the_same_parts_as_every_other(word: str) -> None:
    room = ROOT / "services" / word
    doors = ("__main__.py", "settings.py", "rpc.py")
    for part in ("README.md", *doors, "stage.py", "engines/__init__.py", "domain/__init__.py"):
        assert (room / part).is_file(), f"a visitor of {word} looks for {part}"
    proto = (ROOT / f"protos/rostrum/{word}/v1/{word}.proto").read_text()
    assert f"service {word.capitalize()}Service {{" in proto


@pytest.mark.parametrize("path", sorted((ROOT / "services").glob("*/README.md")), ids=str)
def test_a_rooms_readme_ends_with_its_decisions(path: Path) -> None:
    headings = [line for line in path.read_text().splitlines() if line.startswith("## ")]
    assert headings[-1] == "## Decisions", "who follows asks why; the last section answers"


def test_no_top_level_name_shadows_a_package() -> None:
    assert not (ROOT / "triton").exists()
    assert not (ROOT / "services/__main__.py").exists()
