"""What an operator may turn on restoration."""

from __future__ import annotations

from pydantic import Field

from services.chassis.settings import StageSettings


class RestorationSettings(StageSettings):
    """Read once, in main; each field is ROSTRUM_<FIELD>."""

    # a texture takes some seconds
    drain_seconds: float = Field(
        30.0, ge=0, le=3600, description="time after SIGTERM to end what is in hand"
    )
