import subprocess
import sys

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.chassis.telemetry import traces

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        PARENT[:-1],
        PARENT.upper(),
        "ff" + PARENT[2:],
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        PARENT + "\n",
    ],
)
def test_a_broken_context_is_passed_over(value: str) -> None:
    assert traces.carrier_of([("traceparent", value), ("tracestate", "a=b")]) == {}


def test_a_context_is_found_among_headers_of_both_kinds() -> None:
    pairs = [("content-type", b"x"), ("traceparent", PARENT.encode()), ("tracestate", "a=b")]
    assert traces.carrier_of(pairs) == {"traceparent": PARENT, "tracestate": "a=b"}


def test_an_oversize_state_is_dropped_and_the_trace_kept() -> None:
    pairs = [("traceparent", PARENT), ("tracestate", "a" * 600)]
    assert traces.carrier_of(pairs) == {"traceparent": PARENT}


def test_switched_off_the_callers_context_still_travels() -> None:
    off = traces.open_traces("speech", "")
    with off.span("work", {"traceparent": PARENT, "tracestate": "a=b"}) as onward:
        assert onward == {"traceparent": PARENT, "tracestate": "a=b"} == traces.current()
        with off.span("inner") as inner:
            assert inner == onward
    assert traces.current() == {}


def test_work_without_a_caller_begins_a_trace() -> None:
    with traces.open_traces("speech", "").span("work") as onward:
        assert traces.carrier_of(onward.items()) == onward
        assert len(traces.trace_id(onward)) == 32


def test_switched_on_spans_of_services_hang_together() -> None:
    first, second = InMemorySpanExporter(), InMemorySpanExporter()
    director = traces.Exporting("director", first)
    stage = traces.Exporting("speech", second)
    with director.span("CreateVideo", {"traceparent": PARENT}, "server", video="v1") as sent:
        pass
    with stage.span("Synthesize", sent, "consumer", task="k1") as inside, stage.span("espeak"):
        assert traces.trace_id(inside) == traces.trace_id({"traceparent": PARENT})
    director.close()
    stage.close()
    spans = {span.name: span for e in (first, second) for span in e.get_finished_spans()}
    assert {f"{s.context.trace_id:032x}" for s in spans.values()} == {PARENT[3:35]}
    assert f"{spans['CreateVideo'].parent.span_id:016x}" == PARENT[36:52]
    assert spans["Synthesize"].parent.span_id == spans["CreateVideo"].context.span_id
    assert spans["espeak"].parent.span_id == spans["Synthesize"].context.span_id
    assert spans["CreateVideo"].attributes == {"rostrum.video": "v1"}


def test_switched_off_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from services.chassis.telemetry.traces import open_traces;"
        "open_traces('speech', '').close();"
        "print([m for m in sys.modules if m.startswith(('opentelemetry', 'grpc'))])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
