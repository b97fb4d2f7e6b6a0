"""What a person may set on one machine, by environment variables."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.errors import Invalid, Violation


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    return len(os.sched_getaffinity(0))


class StudioSettings(BaseSettings):
    """Read once by each command; each field is ROSTRUM_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ROSTRUM_", frozen=True)

    home: Path = Field(
        default=Path("~/.local/share/rostrum"),
        description="store, state, logs, and presenters, channels and motions of one's own",
    )
    workers: int = Field(
        default=0, ge=0, le=256, description="worker processes; 0: one for each core"
    )

    @property
    def folder(self) -> Path:
        """The home folder, its `~` resolved."""
        return self.home.expanduser().absolute()

    @property
    def worker_count(self) -> int:
        """Worker processes to run."""
        return self.workers or usable_cores()


def read_settings() -> StudioSettings:
    """Return the settings of the environment. Raises Invalid with everything wrong with them."""
    try:
        return StudioSettings()
    except ValidationError as error:
        raise Invalid.every(
            Violation(f"ROSTRUM_{str(said['loc'][0]).upper()}", "SETTING_INVALID", said["msg"])
            for said in error.errors()
        ) from None
