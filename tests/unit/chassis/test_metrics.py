import re

from prometheus_client.parser import text_string_to_metric_families

from services.chassis.telemetry.labels import MOST, OTHER, VALUES
from services.chassis.telemetry.metrics import Counter, Gauge, Histogram, Metrics

UNITS = ("_seconds", "_bytes", "_total", "_info")
COUNTED = ("slots", "active", "tasks", "videos", "rundowns", "messages")
"""Gauges of things that are counted; the thing is the unit."""
SYSTEM = re.compile(r"(process|python)_")


def every(metrics: Metrics) -> list[Counter | Gauge | Histogram]:
    return [m for m in vars(metrics).values() if isinstance(m, Counter | Gauge | Histogram)]


def test_every_metric_has_our_prefix_and_a_base_unit() -> None:
    for name in Metrics("speech").shelf.declared:
        assert re.fullmatch(r"rostrum(_[a-z]+)+", name), name
        assert name.endswith(UNITS) or name.rpartition("_")[2] in COUNTED, name


def test_every_label_is_declared_and_bounded() -> None:
    for name, labels in Metrics("speech").shelf.declared.items():
        assert set(labels) <= set(VALUES), name
        assert len(labels) <= 4, name
        assert not {"video", "team", "channel", "id", "key"} & set(labels), name


def test_no_label_grows_without_end() -> None:
    metrics = Metrics("speech")
    text = 'line\n"} 1\nname=' + "x" * 100
    for metric in every(metrics):
        labels = metrics.shelf.declared[name_of(metric)]
        for index in range(MOST + 50):
            values = {label: f"{label}{index}" for label in labels}
            call(metric, **values)
        call(metric, **dict.fromkeys(labels, text))
    for family in text_string_to_metric_families(metrics.text().decode()):
        if SYSTEM.match(family.name):
            continue
        for sample in family.samples:
            for label, value in sample.labels.items():
                assert label == "le" or len(value) <= 81, sample
                assert "\n" not in value, sample
        each = {tuple(sorted(s.labels.items())) for s in family.samples if "le" not in s.labels}
        assert len(each) <= MOST + 3, family.name


def name_of(metric: Counter | Gauge | Histogram) -> str:
    name = str(metric._metric._name)
    return f"{name}_total" if isinstance(metric, Counter) else name


def call(metric: Counter | Gauge | Histogram, **labels: str) -> None:
    if isinstance(metric, Histogram):
        metric.observe(1.0, **labels)
    else:
        metric.add(1.0, **labels)


def test_what_is_foreseen_is_shown_as_it_is_and_the_rest_as_other() -> None:
    metrics = Metrics("speech")
    metrics.tasks.add(stage="speech", engine="espeak", outcome="finished", cause="")
    metrics.tasks.add(stage="Esbjerg", engine="two words", outcome="finished", cause="")
    text = metrics.text().decode()
    assert 'engine="espeak",outcome="finished",stage="speech"} 1.0' in text
    assert f'engine="{OTHER}",outcome="finished",stage="{OTHER}"}} 1.0' in text


def test_the_process_tells_of_its_health() -> None:
    text = Metrics("speech").text().decode()
    assert "process_resident_memory_bytes" in text
    assert 'rostrum_build_info{service="speech",version="0.1.0"} 1.0' in text
