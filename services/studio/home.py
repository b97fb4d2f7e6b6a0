"""The folder where one machine keeps what it has made and what it remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.chassis.store import Store

if TYPE_CHECKING:  # the database is slow to import
    from services.director.state import State

LOGS_KEPT: Final = 20


@dataclass(frozen=True)
class Home:
    """A person's store, state, logs, and presenters, channels and motions of their own."""

    folder: Path

    @property
    def store_folder(self) -> Path:
        """Where objects and results lie."""
        return self.folder / "store"

    @property
    def weights_folder(self) -> Path:
        """Where the weights of neural engines lie."""
        return self.folder / "weights"

    def store(self) -> Store:
        """Open the store."""
        return Store.in_folder(self.store_folder)

    def state(self) -> State:
        """Open the director's memory. Raises OSError where the folder cannot be written."""
        from services.director.state import State  # noqa: PLC0415

        self.folder.mkdir(parents=True, exist_ok=True)
        return State(f"sqlite:///{self.folder / 'state.sqlite'}")

    def new_log(self) -> Path:
        """Return the path of a log file for this run; the oldest logs are removed."""
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        for old in sorted(logs.glob("*.log"))[: -LOGS_KEPT + 1]:
            old.unlink(missing_ok=True)
        now = datetime.now(UTC)
        return logs / f"{now:%Y%m%d-%H%M%S-%f}.log"
