"""What every part of the line works with."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine

from services.chassis.bus import Bus
from services.chassis.store import Store
from services.chassis.telemetry.metrics import Metrics
from services.director.line.words import Rules

StoreOf = Callable[[str], Store]
"""Team -> its realm of the store."""


@dataclass(frozen=True)
class Means:
    """One director's database, bus, store, rules and clocks; tests bring clocks of their own."""

    engine: Engine
    bus: Bus
    store_of: StoreOf
    metrics: Metrics
    rules: Rules = field(default_factory=Rules)
    clock: Callable[[], float] = time.time
    """Seconds since 1970: for what people read, and for pauses."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds that never jump: for the broker's clock between two of its records."""
    jitter: Callable[[], float] = random.random

    def now_ms(self) -> int:
        """Return the time as the tables hold it."""
        return int(self.clock() * 1000)
