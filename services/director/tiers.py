"""Which engine does each stage's work at each tier of quality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.chassis.errors import Invalid

TIERS: Final[Mapping[str, Mapping[str, str]]] = {
    "draft": {
        "speech": "espeak",
        "motion": "tracks",
        "restoration": "texture",
        "lipsync": "visemes",
        "compositing": "puppet",
    },
}


def engine_of(tier: str, stage: str) -> str:
    """Return the engine's name. Raises Invalid for a tier there is not."""
    if tier not in TIERS:
        remedy = f"{tier[:40]!r} is no tier; choose from {', '.join(TIERS)}"
        raise Invalid("quality", "TIER_UNKNOWN", remedy)
    return TIERS[tier][stage]
