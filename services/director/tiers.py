"""Which engine does each stage's work at each tier of quality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from services.chassis.errors import Invalid, Violation
from services.chassis.licences import USES, use_complaints

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


def licence_complaints(tier: str, use: str) -> Iterator[Violation]:
    """Yield which of a tier's engines a channel's use does not allow, as complaints on `quality`.

    Nothing is said of a tier or a use there is not: other checks do that.
    """
    if use in {"", *USES}:
        for engine in dict.fromkeys(TIERS.get(tier, {}).values()):
            yield from use_complaints("quality", engine, use)
