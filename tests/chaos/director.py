"""A director that is broken on purpose: `python -m tests.chaos.director trusting|unfenced`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from runpy import run_module
from typing import Any, Final

from services.director.line.leases import Leases
from services.director.line.reports import Reports


def trust() -> None:
    """Believe that whoever was sent a task begins it: never look again."""
    Leases.remind = lambda *_: 0  # type: ignore[method-assign]


def unfence() -> None:
    """Let a failure count whichever attempt it is of, and however the task has ended since."""
    fence = Reports._fence

    def believe(self: Reports, row: dict[str, Any], one: Any) -> bool:
        if one.report.HasField("failed"):
            return self._failed(row, one, one.time_ms)
        return fence(self, row, one)

    Reports._fence = believe  # type: ignore[method-assign]


BREAKS: Final[Mapping[str, Callable[[], None]]] = {"trusting": trust, "unfenced": unfence}

if __name__ == "__main__":
    BREAKS[sys.argv.pop(1)]()
    run_module("services.director", run_name="__main__", alter_sys=True)
