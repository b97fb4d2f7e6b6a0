"""The orders of a day: bulletins of one presenter, no two with a sentence in common."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.studio.documents import read_document
from tests.e2e.conftest import SAMPLES

WORDS_A_SECOND: Final = 2.4
"""As the shipped bulletin is spoken."""
PLACES: Final = (
    *("Aldery", "Brannock", "Calder", "Dunmere", "Elverton", "Farrow", "Garrick", "Hollin"),
    *("Inverlay", "Kestrel", "Langmoor", "Marrow"),
)


@dataclass(frozen=True)
class Size:
    """How much is made."""

    videos: int = 12
    seconds: float = 90.0
    height: int = 1080


def write_orders(size: Size, folder: Path) -> Path:
    """Write the orders into a folder's `orders`, and return the rundown of them beside it."""
    (folder / "orders").mkdir()
    for number, order in enumerate(editions(size)):
        path = folder / "orders" / f"{number:03d}.json"
        path.write_text(json.dumps(order), encoding="utf-8")
    plan = folder / "rundown.json"
    sections = [{"name": "day", "orders": ["orders/*.json"]}]
    plan.write_text(json.dumps({"rundown": "day", "sections": sections}), encoding="utf-8")
    return plan


def editions(size: Size) -> Iterator[dict[str, Any]]:
    """Yield the orders."""
    shared = read_document(SAMPLES / "bulletin.yaml").fields
    for number in range(size.videos):
        place = f"{PLACES[number % len(PLACES)]} {number // len(PLACES) or ''}".strip()
        yield shared | {
            "name": f"edition-{number:03d}",
            "title": f"The evening bulletin from {place}",
            "data": shared["data"] | {"title": f"Swing bridge at {place} reopens"},
            "formats": [{"aspect": "16:9", "height": size.height}],
            "script": script(str(shared["script"]), place, size.seconds),
        }


def script(bulletin: str, place: str, seconds: float) -> str:
    """Return about so many seconds of a bulletin, of which each sentence names the place."""
    said: list[str] = []
    for sentence in re.split(r"(?<=[.!?])\s+", bulletin.strip()):
        if len(" ".join(said).split()) >= seconds * WORDS_A_SECOND:
            break
        said.append(f"In {place}: {sentence}")
    return "\n\n".join(" ".join(said[at : at + 4]) for at in range(0, len(said), 4))
