"""What an operator may turn on lip sync."""

from __future__ import annotations

from pydantic import Field

from services.chassis.settings import StageSettings


class LipsyncSettings(StageSettings):
    """Read once, in main; each field is ROSTRUM_<FIELD>."""

    # a chunk takes a second at most
    drain_seconds: float = Field(
        20.0, ge=0, le=3600, description="time after SIGTERM to end what is in hand"
    )
