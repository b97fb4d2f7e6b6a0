"""What an operator has of a running line: its log, its metrics, and a collector of its traces."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as rpc
from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]


class Collector(rpc.TraceServiceServicer):
    """Takes spans by OTLP over gRPC, as an operator's collector does."""

    def __init__(self) -> None:
        self.address = ""
        self._lock = threading.Lock()
        self._spans: dict[str, list[tuple[str, Any]]] = defaultdict(list)

    def Export(  # noqa: N802  # its name in the protocol
        self, request: pb.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> pb.ExportTraceServiceResponse:
        """Keep what a process sends."""
        with self._lock:
            for resource in request.resource_spans:
                service = _attributes(resource.resource)["service.name"]
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        self._spans[span.trace_id.hex()].append((service, span))
        return pb.ExportTraceServiceResponse()

    def services(self, trace: str) -> set[str]:
        """Return the services that have sent spans of a trace."""
        with self._lock:
            return {service.removeprefix("rostrum-") for service, _ in self._spans[trace]}

    def traces_of(self, video: str) -> set[str]:
        """Return the ids of the traces that spans of a video belong to."""
        with self._lock:
            return {
                trace
                for trace, spans in self._spans.items()
                for _, span in spans
                if _attributes(span).get("rostrum.video") == video
            }


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on a free port of loopback."""
    collector, server = Collector(), grpc.server(futures.ThreadPoolExecutor(2))
    rpc.add_TraceServiceServicer_to_server(collector, server)
    collector.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(0).wait()


class Metrics:
    """What one process said when it was asked once."""

    def __init__(self, text: str) -> None:
        self.samples: dict[str, dict[Labels, float]] = defaultdict(dict)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self.samples[sample.name][tuple(sorted(sample.labels.items()))] = sample.value

    def total(self, name: str, **labels: str) -> float:
        """Return the sum over all that has these labels; what nobody has said is an error."""
        assert name in self.samples, f"{name} is not told"
        wanted = set(labels.items())
        return sum(v for given, v in self.samples[name].items() if wanted <= set(given))

    def label_values(self) -> set[str]:
        """Return every word that any label says."""
        return {value for each in self.samples.values() for given in each for _, value in given}


def ask(ops: str, path: str) -> tuple[int, str]:
    """Return status and text of a path of an ops port."""
    try:
        with urllib.request.urlopen(f"http://{ops}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def log_lines(folder: Path) -> Mapping[str, list[dict[str, Any]]]:
    """Return all lines of a line's processes, by process. Each must be JSON."""
    return {
        file.stem: [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
        for file in folder.glob("*.log")
    }


def _attributes(owner: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in owner.attributes}
