"""What a person may set on one machine, by environment variables."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field

from services.chassis.settings import Settings


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    return len(os.sched_getaffinity(0))


class StudioSettings(Settings):
    """Read once by each command; each field is ROSTRUM_<FIELD>."""

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
    return StudioSettings.read()
