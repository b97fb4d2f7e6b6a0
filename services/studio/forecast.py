"""How far videos are and how long the rest will take, from what steps are expected to cost."""

from __future__ import annotations

from collections import Counter
from typing import Final

from services.director.dispatch import Director
from services.director.videos import Video
from services.studio.events import Progress
from services.studio.stages import STAGES

TRUST_SECONDS: Final = 10.0
"""How much expected work counts as if it had taken just as long as expected."""


class Forecast:
    """Learns from finished tasks how this machine compares with the expectation."""

    def __init__(self, director: Director, workers: int) -> None:
        self._director = director
        self._workers = workers
        self._expected = TRUST_SECONDS
        self._taken = TRUST_SECONDS
        self._left: dict[str, float] = {}

    def learn(self, weight: float, seconds: float) -> None:
        """Take in how long a task took that was expected to take `weight` seconds."""
        self._expected += weight
        self._taken += seconds

    def progress(self, video: Video) -> Progress:
        """Return how far a video is."""
        planned = self._director.outline(video)
        expected = Counter(step.stage for step in planned)
        done = Counter(step.stage for step in planned if step.name in video.steps)
        left = sum(step.weight for step in planned if step.name not in video.steps)
        whole = sum(step.weight for step in planned)
        self._left[video.id] = left
        return Progress(
            video=video.name,
            share=1 - left / whole if whole else 0.0,
            stages={s: (done[s], expected[s]) for s in STAGES if s in expected},
            eta_seconds=self.seconds_left(),
        )

    def seconds_left(self) -> float:
        """Return about how long all videos together will still take."""
        return sum(self._left.values()) * self._taken / self._expected / self._workers

    def forget(self, video: Video) -> None:
        """Leave out a video that has ended."""
        self._left.pop(video.id, None)
