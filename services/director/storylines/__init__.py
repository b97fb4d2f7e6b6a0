"""Storylines: how data becomes an order, with narration and panel, by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rostrum.director.v1.director_pb2 import Order

from services.chassis.errors import Invalid
from services.director.storylines import job_ad

Data = Mapping[str, Any]

STORYLINES: Final[Mapping[str, Callable[[Data], Order]]] = {"job-ad": job_ad.order}
TICKERS: Final[Mapping[str, Callable[[Data], tuple[str, ...]]]] = {"job-ad": job_ad.ticker}


def storyline(name: str, data: Data) -> Order:
    """Return the order that data of a known kind leads to: name, script, title, panel data.

    Presenter, channel and formats are left to the caller. Raises Invalid for a storyline there is
    not, and with every complaint about the data; its fields are paths in the data.
    """
    if name not in STORYLINES:
        remedy = f"{name[:40]!r} is not here; choose from {', '.join(STORYLINES)}"
        raise Invalid("storyline", "STORYLINE_UNKNOWN", remedy)
    return STORYLINES[name](data)


def ticker(name: str, data: Data) -> tuple[str, ...]:
    """Return what the data has for the running line; it goes before the channel's own items.

    Raises Invalid as `storyline` does.
    """
    if name not in TICKERS:
        return ()
    return TICKERS[name](data)
