"""Every metric of the product, declared once; a service makes one `Metrics` and passes it on.

Names begin with rostrum_, units are base units, and labels stay within `labels.VALUES`. Seconds of
work per second of video: rate(rostrum_task_seconds_sum) / rate(rostrum_video_seconds_total).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client import Counter as PrometheusCounter
from prometheus_client import Gauge as PrometheusGauge
from prometheus_client import Histogram as PrometheusHistogram

from services.chassis.telemetry.labels import Bounds

WORK_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320)
CALL_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120)
WAIT_SECONDS: Final = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)


class Counter:
    """Only grows."""

    def __init__(self, shelf: Shelf, name: str, text: str, *labels: str) -> None:
        self._shelf = shelf
        self._metric = PrometheusCounter(name, text, labels, registry=shelf.registry)
        shelf.declare(name, labels)

    def add(self, amount: float = 1, **labels: str) -> None:
        """Count."""
        kept = self._shelf.keep(labels)
        (self._metric.labels(**kept) if kept else self._metric).inc(amount)


class Gauge:
    """Goes up and down."""

    def __init__(self, shelf: Shelf, name: str, text: str, *labels: str) -> None:
        self._shelf = shelf
        self._metric = PrometheusGauge(name, text, labels, registry=shelf.registry)
        self._has_labels = bool(labels)
        shelf.declare(name, labels)

    def set(self, value: float, **labels: str) -> None:
        """Say how much it is now."""
        kept = self._shelf.keep(labels)
        (self._metric.labels(**kept) if kept else self._metric).set(value)

    def add(self, amount: float, **labels: str) -> None:
        """Say how much it has changed."""
        kept = self._shelf.keep(labels)
        (self._metric.labels(**kept) if kept else self._metric).inc(amount)

    def forget(self) -> None:
        """Say nothing, or 0 where it has no labels, until it is set again."""
        if self._has_labels:
            self._metric.clear()
        else:
            self._metric.set(0)


class Histogram:
    """How often which amounts were seen."""

    def __init__(
        self, shelf: Shelf, name: str, text: str, *labels: str, buckets: tuple[float, ...]
    ) -> None:
        self._shelf = shelf
        self._metric = PrometheusHistogram(
            name, text, labels, registry=shelf.registry, buckets=buckets
        )
        shelf.declare(name, labels)

    def observe(self, amount: float, **labels: str) -> None:
        """Count an amount."""
        kept = self._shelf.keep(labels)
        (self._metric.labels(**kept) if kept else self._metric).observe(amount)


class Shelf:
    """A registry whose labels are bounded."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.declared: dict[str, tuple[str, ...]] = {}
        self._bounds = Bounds()
        self._lock = threading.Lock()

    def declare(self, name: str, labels: tuple[str, ...]) -> None:
        """Remember a metric with its labels."""
        self.declared[name] = labels

    def keep(self, labels: dict[str, str]) -> dict[str, str]:
        """Return labels within their values."""
        with self._lock:
            return {name: self._bounds.keep(name, value) for name, value in labels.items()}


class Metrics:
    """All metrics; a service sets those that are its own."""

    def __init__(self, service: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they double all series
        shelf = self.shelf = Shelf()
        self._updates: list[Callable[[], None]] = []
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=shelf.registry)
        self.build_info = Gauge(
            shelf, "rostrum_build_info", "1; which service of which version.", "service", "version"
        )
        self.build_info.set(1, service=service, version=version("rostrum"))
        self._count_work(shelf)
        self._count_traffic(shelf)
        self._count_line(shelf)
        self._count_videos(shelf)

    def _count_work(self, shelf: Shelf) -> None:
        """Declare what the services of stages say, whichever door a task came through."""
        self.tasks = Counter(
            *(shelf, "rostrum_tasks_total", "Tasks that ended here, and how."),
            *("stage", "engine", "outcome", "cause"),
        )
        self.task_seconds = Histogram(
            *(shelf, "rostrum_task_seconds", "Time of one task, by the wall.", "stage", "outcome"),
            buckets=WORK_SECONDS,
        )
        self.task_cpu_seconds = Counter(
            shelf, "rostrum_task_cpu_seconds_total", "Time that tasks used of a core.", "stage"
        )
        self.slots = Gauge(shelf, "rostrum_slots", "Work slots, by what they do.", "state")
        self.child_deaths = Counter(
            shelf, "rostrum_child_deaths_total", "Work processes that died at a task.", "stage"
        )
        self.cache_reads = Counter(
            shelf, "rostrum_cache_reads_total", "Reads of media, by cache hit or miss.", "outcome"
        )
        self.store_bytes = Counter(
            shelf, "rostrum_store_bytes_total", "Bytes of media moved to and fro.", "direction"
        )

    def _count_traffic(self, shelf: Shelf) -> None:
        """Declare what doors and bus say."""
        self.rpcs = Counter(
            shelf, "rostrum_rpcs_total", "Calls that ended, by status code.", "method", "code"
        )
        self.rpc_seconds = Histogram(
            *(shelf, "rostrum_rpc_seconds", "Time of one call, streams included.", "method"),
            buckets=CALL_SECONDS,
        )
        self.rpcs_active = Gauge(shelf, "rostrum_rpcs_active", "Calls in work, streams included.")
        self.bus_messages = Counter(
            *(shelf, "rostrum_bus_messages_total", "Messages read and written."),
            *("topic", "direction"),
        )
        self.dead_letters = Counter(
            shelf, "rostrum_dead_letters_total", "Messages nobody could read, put aside.", "topic"
        )

    def _count_line(self, shelf: Shelf) -> None:
        """Declare what the director says of tasks and of itself."""
        self.queue_tasks = Gauge(
            shelf, "rostrum_queue_tasks", "Tasks that have not ended.", "stage", "state"
        )
        self.queue_oldest_seconds = Gauge(
            shelf, "rostrum_queue_oldest_seconds", "How long the oldest task has waited.", "stage"
        )
        self.lease_expiries = Counter(
            shelf, "rostrum_lease_expiries_total", "Tasks sent again after silence.", "stage"
        )
        self.reports_fenced = Counter(
            shelf, "rostrum_reports_fenced_total", "Reports that came too late to count.", "stage"
        )
        self.worker_deaths = Counter(
            shelf, "rostrum_worker_deaths_total", "Workers that died at a task.", "stage"
        )
        self.tasks_parked = Counter(
            shelf, "rostrum_tasks_parked_total", "Tasks that ended too many workers.", "stage"
        )
        self.outbox_messages = Gauge(
            shelf, "rostrum_outbox_messages", "Messages written and not yet sent."
        )
        self.outbox_oldest_seconds = Gauge(
            shelf, "rostrum_outbox_oldest_seconds", "How long the oldest of them has waited."
        )
        self.inbox_lag_messages = Gauge(
            shelf, "rostrum_inbox_lag_messages", "Reports on the broker and not yet taken in."
        )

    def _count_videos(self, shelf: Shelf) -> None:
        """Declare what the director says of videos and rundowns."""
        self.videos = Gauge(shelf, "rostrum_videos", "Videos that have not ended.", "state")
        self.videos_ended = Counter(
            shelf, "rostrum_videos_ended_total", "Videos that ended, by how.", "state"
        )
        self.video_seconds = Counter(
            shelf, "rostrum_video_seconds_total", "Length of the videos that were finished."
        )
        self.video_start_seconds = Histogram(
            *(shelf, "rostrum_video_start_seconds", "From accepting a video to its first task."),
            buckets=WAIT_SECONDS,
        )
        self.video_end_seconds = Histogram(
            *(shelf, "rostrum_video_end_seconds", "From accepting a video to its end."),
            buckets=WAIT_SECONDS,
        )
        self.rundowns = Gauge(shelf, "rostrum_rundowns", "Rundowns that have not ended.")
        self.rundown_late_videos = Gauge(
            shelf, "rostrum_rundown_late_videos", "Videos of open rundowns past their deadline."
        )
        self.rundown_lateness_seconds = Gauge(
            *(shelf, "rostrum_rundown_lateness_seconds"),
            "How far the latest open rundown is expected to miss its deadline; 0: none is.",
        )
        self.rundown_left_seconds = Gauge(
            *(shelf, "rostrum_rundown_left_seconds"),
            "Until the last open rundown is expected to end.",
        )

    def forget_line(self) -> None:
        """Say nothing of the whole line any more: one director does so at a time."""
        for gauge in (
            *(self.queue_tasks, self.queue_oldest_seconds, self.videos),
            *(self.outbox_messages, self.outbox_oldest_seconds, self.rundowns),
            *(self.rundown_late_videos, self.rundown_lateness_seconds, self.rundown_left_seconds),
        ):
            gauge.forget()

    def before_reading(self, update: Callable[[], None]) -> None:
        """Have something brought up to date whenever metrics are read. It is quick and safe."""
        self._updates.append(update)

    @property
    def registry(self) -> CollectorRegistry:
        """Where Prometheus reads them."""
        return self.shelf.registry

    def text(self) -> bytes:
        """Return all of them as Prometheus reads them."""
        for update in self._updates:
            update()
        return generate_latest(self.shelf.registry)
