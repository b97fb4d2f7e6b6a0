"""Workers of one stage in virtual time: they draw chunks in the order of the director's shares."""

from __future__ import annotations

import heapq
from collections import defaultdict

from services.director.fairness import Candidate, Flow, Shares, choose

CHUNK_SECONDS = 10.0


def flow(number: int) -> Flow:
    return ("house", f"channel-{number:02}")


def chunks(of: Flow, count: int, priority: int = 5, cost: float = CHUNK_SECONDS) -> list[Candidate]:
    return [Candidate(f"{of[1]}/{priority}/{n}", of, cost, priority) for n in range(count)]


class Simulation:
    """Slots that work on one chunk each; when one is free it takes the next."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.shares = Shares()
        self.queues: defaultdict[Flow, list[Candidate]] = defaultdict(list)
        self.busy: list[tuple[float, int, Candidate]] = []
        self.clock = 0.0
        self.count = 0
        self.begun: dict[str, float] = {}
        self.served: defaultdict[Flow, float] = defaultdict(float)

    def add(self, candidates: list[Candidate]) -> None:
        for candidate in candidates:
            self.queues[candidate.flow].append(candidate)
        for queue in self.queues.values():
            queue.sort(key=lambda each: -each.priority)

    def run(self, until: float) -> None:
        while True:
            self._start()
            if not self.busy or self.busy[0][0] > until:
                self.clock = until
                return
            self.clock, _, done = heapq.heappop(self.busy)
            self.served[done.flow] += done.cost

    def _start(self) -> None:
        chosen, self.shares = choose(self.queues, self.shares, self.slots - len(self.busy))
        for candidate in chosen:
            self.queues[candidate.flow].remove(candidate)
            self.begun[candidate.key] = self.clock
            self.count += 1
            heapq.heappush(self.busy, (self.clock + candidate.cost, self.count, candidate))
