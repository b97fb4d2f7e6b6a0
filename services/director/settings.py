"""What an operator may turn on the director."""

from __future__ import annotations

from pathlib import Path

from pydantic import ByteSize, Field, PositiveFloat, PositiveInt

from services.chassis.settings import ServiceSettings
from services.director.line.words import Rules
from services.director.migrations.settings import DatabaseSettings

SHORTEST_SILENCE_SECONDS = 3.0
"""Three words of a worker that speaks every second."""


class DirectorSettings(ServiceSettings, DatabaseSettings):
    """Read once, in main; each field is ROSTRUM_<FIELD>."""

    model_config = ServiceSettings.model_config

    connections: PositiveInt = Field(
        16, le=200, description="most connections of this director to PostgreSQL"
    )
    uploads_folder: Path | None = Field(
        None, description="folder for files on their way in; unset: a new one at every start"
    )
    team_bytes: ByteSize = Field(
        ByteSize(100 * 2**30), description="most that one team may hand in, for example 100GiB"
    )
    lease_seconds: PositiveFloat = Field(
        30.0, ge=1, le=3600, description="silence about a running task after which it is sent again"
    )
    silence_seconds: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="silence after which a worker counts as dead; 0: half a lease",
    )
    window: PositiveInt = Field(
        4, le=1000, description="videos of one channel in work, before idle workers ask for more"
    )
    lookahead: int = Field(
        8, ge=0, le=1000, description="queued videos of one channel whose orders are checked ahead"
    )
    minds: PositiveInt = Field(
        128, le=10_000, description="videos whose results are kept in memory; each takes about 1 MB"
    )
    outputs_days: PositiveInt = Field(
        30, le=3650, description="days for which the tasks of ended videos are remembered"
    )
    events_days: PositiveInt = Field(
        14, le=3650, description="days for which events can be watched again"
    )

    def rules(self) -> Rules:
        """Return what the line goes by."""
        silence = self.silence_seconds or max(self.lease_seconds / 2, SHORTEST_SILENCE_SECONDS)
        return Rules(
            lease_ms=round(self.lease_seconds * 1000),
            silence_ms=round(silence * 1000),
            window=self.window,
            lookahead=self.lookahead,
            minds=self.minds,
            outputs_days=self.outputs_days,
            events_days=self.events_days,
        )
