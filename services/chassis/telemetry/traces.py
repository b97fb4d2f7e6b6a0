"""Traces: who asked for what, through gRPC metadata and Kafka headers, by W3C trace context.

A context travels as a carrier, {"traceparent": …, "tracestate": …}, whether spans are exported or
not: so a log line of any stage names the trace of the caller. Source: W3C Trace Context, level 1.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Literal, Protocol

from services.chassis.telemetry.logs import bound

if TYPE_CHECKING:  # heavy, and off by default
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

PARENT: Final = "traceparent"
STATE: Final = "tracestate"
TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
TRACESTATE: Final = re.compile(r"[ -~]{1,512}")

Carrier = Mapping[str, str]
Kind = Literal["internal", "server", "client", "producer", "consumer"]

_carried: ContextVar[Carrier] = ContextVar("carried")


class Traces(Protocol):
    """Follows work from service to service."""

    def span(
        self, name: str, carrier: Carrier | None = None, kind: Kind = "internal", **ids: str
    ) -> AbstractContextManager[dict[str, str]]:
        """Enter a piece of work: what is entered inside, and all log lines, belong to it.

        carrier: what came with the work; None: the work that goes on here, or a new trace. Yields
        the carrier to send along with what follows from it.
        """
        ...

    def close(self) -> None:
        """Send what is not yet sent."""
        ...


def open_traces(service: str, endpoint: str) -> Traces:
    """Return what exports spans to an OTLP endpoint, or only passes contexts on where it is ""."""
    if not endpoint:
        return Passing()
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    insecure = endpoint.startswith("http://")
    return Exporting(service, OTLPSpanExporter(endpoint=endpoint, insecure=insecure))


def current() -> dict[str, str]:
    """Return the carrier of the work that goes on in this thread; empty for none."""
    return dict(_carried.get({}))


def carrier_of(pairs: Iterable[tuple[str, str | bytes]]) -> dict[str, str]:
    """Return the trace context among gRPC metadata or Kafka headers; empty where none is sound."""
    found = {name: _text(value) for name, value in pairs if name in {PARENT, STATE}}
    if not TRACEPARENT.fullmatch(found.get(PARENT, "")):
        return {}
    if not TRACESTATE.fullmatch(found.get(STATE, "")):
        found.pop(STATE, None)
    return found


def new_carrier(*, sampled: bool = False) -> dict[str, str]:
    """Return the context of a new trace."""
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    return {PARENT: f"00-{trace}-{span}-{'01' if sampled else '00'}"}


def trace_id(carrier: Carrier) -> str:
    """Return the id of the trace, 32 hexadecimal digits; empty for none."""
    return carrier.get(PARENT, "")[3:35]


def named(traceparent: str, **ids: str) -> AbstractContextManager[None]:
    """Name a trace, and what else is known of the work, on every log line meanwhile."""
    return bound(trace=trace_id({PARENT: traceparent}), **ids)


@contextmanager
def carried(carrier: Carrier) -> Iterator[dict[str, str]]:
    """Go on with a context in this thread, and name its trace on every log line."""
    before = _carried.set(dict(carrier))
    try:
        with bound(trace=trace_id(carrier)):
            yield dict(carrier)
    finally:
        _carried.reset(before)


class Passing:
    """Passes contexts on and exports nothing."""

    @contextmanager
    def span(
        self,
        name: str,  # noqa: ARG002  # as Traces says
        carrier: Carrier | None = None,
        kind: Kind = "internal",  # noqa: ARG002
        **ids: str,  # noqa: ARG002
    ) -> Iterator[dict[str, str]]:
        """Go on with the context that came, or with a new one."""
        with carried(_sound(carrier) or current() or new_carrier()) as onward:
            yield onward

    def close(self) -> None:
        """Send nothing."""


class Exporting:
    """Exports spans through OpenTelemetry."""

    def __init__(self, service: str, exporter: SpanExporter) -> None:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        resource = Resource.create({"service.name": f"rostrum-{service}"})
        self._provider: TracerProvider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("rostrum")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, carrier: Carrier | None = None, kind: Kind = "internal", **ids: str
    ) -> Iterator[dict[str, str]]:
        """Record a span within the context that came, or in a trace of its own."""
        from opentelemetry.context import Context  # noqa: PLC0415
        from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415

        parent = self._propagator.extract(_sound(carrier) or current(), context=Context())
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            kind=SpanKind[kind.upper()],
            attributes={f"rostrum.{key}": value for key, value in ids.items() if value},
        ) as span:
            onward: dict[str, str] = {}
            self._propagator.inject(onward, context=set_span_in_context(span))
            with carried(onward):
                yield onward

    def close(self) -> None:
        """Send what is not yet sent."""
        self._provider.shutdown()


def _sound(carrier: Carrier | None) -> dict[str, str]:
    return carrier_of(carrier.items()) if carrier else {}


def _text(value: str | bytes) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value
