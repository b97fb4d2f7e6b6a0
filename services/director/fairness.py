"""Whose task is next: fair shares between channels, urgent work first for a while.

Start-time fair queueing (Goyal, Vin and Cheng 1996): each flow, a team's channel, has a tag, the
virtual time up to which it was served; the flow with the earliest tag is next, and its tag grows by
what its task costs. A flow that comes back after a rest starts at the stage's own virtual time: it
is next at once, and has saved nothing up. Urgent work borrows against its flow's share (borrowed
virtual time: Duda and Cheriton 1999): it is chosen as if its tag were earlier, and is charged all
the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Flow = tuple[str, str]
"""Team and channel."""

USUAL: Final = 5
MOST_URGENT: Final = 10
WARP_SECONDS: Final = 120.0
"""How much work the most urgent may borrow: about one 90-s video in full HD."""


@dataclass(frozen=True)
class Candidate:
    """A task that is ready."""

    key: str
    flow: Flow
    cost: float
    """Seconds of one core it is expected to take."""
    priority: int = USUAL


@dataclass(frozen=True)
class Shares:
    """How much each flow of a stage was served, in virtual seconds."""

    now: float = 0.0
    """The stage's virtual time: what the least served of those waiting was served."""
    served: Mapping[Flow, float] = field(default_factory=dict)

    def tag(self, flow: Flow) -> float:
        """Return what a flow was served; one that has rested is level with the least served."""
        return max(self.served.get(flow, self.now), self.now)


def choose(
    queues: Mapping[Flow, Sequence[Candidate]], shares: Shares, slots: int
) -> tuple[list[Candidate], Shares]:
    """Return the next tasks, at most `slots`, and the shares after them.

    queues: the ready tasks of each flow, in the flow's own order. Of flows that were served alike,
    the one that has rested longest goes first.
    """
    places = {flow: 0 for flow in sorted(queues) if queues[flow]}
    chosen: list[Candidate] = []

    def merit(flow: Flow) -> tuple[float, float]:
        urgency = warp(queues[flow][places[flow]].priority)
        return shares.tag(flow) - urgency, shares.served.get(flow, float("-inf"))

    while places and len(chosen) < slots:
        flow = min(places, key=merit)
        candidate = queues[flow][places[flow]]
        chosen.append(candidate)
        now = max(shares.now, min(map(shares.tag, places)))
        served = {**shares.served, flow: shares.tag(flow) + candidate.cost}
        shares = Shares(now, served)
        places[flow] += 1
        if places[flow] == len(queues[flow]):
            del places[flow]
    return chosen, shares


def warp(priority: int) -> float:
    """Return how much earlier a task is chosen, in virtual seconds, for being urgent."""
    urgency = max(0, min(priority, MOST_URGENT) - USUAL) / (MOST_URGENT - USUAL)
    return WARP_SECONDS * urgency
