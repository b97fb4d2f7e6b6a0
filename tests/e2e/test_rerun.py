"""An edit costs what it changes: one sentence of a bulletin, a few chunks of speech and lips."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from services.studio.documents import read_document
from tests.e2e.conftest import SAMPLES
from tests.e2e.undrawn import Done, Undrawn

BEFORE = "volunteers have mended more than 900 lamps, bicycles and radios."
AFTER = "volunteers have mended some 1,400 lamps, kettles, bicycles, toasters and radios."


def chunks(done: list[Done]) -> Counter[str]:
    """Return how many chunks each stage worked on."""
    return Counter(t.stage for t, _ in done if t.name.partition("/")[2].isdigit())


def test_one_changed_sentence_costs_at_most_three_chunks(tmp_path: Path) -> None:
    bulletin = read_document(SAMPLES / "bulletin.yaml")
    paragraphs = bulletin.fields["script"].split("\n\n")
    script = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    assert BEFORE in script
    undrawn = Undrawn(tmp_path)
    bulletin.fields["script"] = script
    first = chunks(undrawn.work(bulletin))
    assert first["lipsync"] >= 9, "a bulletin of 90 s has so many chunks"
    bulletin.fields["script"] = script.replace(BEFORE, AFTER)
    second = chunks(undrawn.work(bulletin))
    assert 1 <= second["speech"] <= 3
    assert 1 <= second["lipsync"] <= 3
