"""What an operator may turn on compositing."""

from __future__ import annotations

from pydantic import Field

from services.chassis.settings import StageSettings


class CompositingSettings(StageSettings):
    """Read once, in main; each field is ROSTRUM_<FIELD>."""

    # a chunk in three formats, or a long video to join, takes a minute on a slow core
    drain_seconds: float = Field(
        120.0, ge=0, le=3600, description="time after SIGTERM to end what is in hand"
    )
