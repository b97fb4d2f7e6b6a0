"""What an operator may turn on motion."""

from __future__ import annotations

from pydantic import Field

from services.chassis.settings import StageSettings


class MotionSettings(StageSettings):
    """Read once, in main; each field is ROSTRUM_<FIELD>."""

    # a driving clip takes half a minute to follow
    drain_seconds: float = Field(
        60.0, ge=0, le=3600, description="time after SIGTERM to end what is in hand"
    )
