"""Lets calls in at the doors: says whose they are, bounds them, and tells callers what is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import grpc
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from services.chassis.callers import Callers
from services.chassis.calls import Call
from services.chassis.door import Door, Method
from services.chassis.errors import Invalid, StageError
from services.chassis.rates import Rates
from services.chassis.requests import read
from services.chassis.settings import DoorSettings
from services.chassis.status import Abandoned, Late, Refused, code_of, status_of
from services.chassis.telemetry.logs import get_log
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import Traces, carrier_of

FOREVER_SECONDS: Final = 10 * 365 * 86400.0
"""grpc gives callers without a deadline one that lies centuries ahead."""
BREAK_SECONDS: Final = 0.05
"""A stream that breaks off looks like one that ended until the break is heard of a moment later."""

log = get_log()


@dataclass(frozen=True)
class StreamThreads:
    """The threads of streams: however many callers watch, or say nothing, other calls find one."""

    giving: ThreadPoolExecutor
    """A thread for each stream that the service gives."""
    taking: ThreadPoolExecutor
    """One for each that it takes."""
    reading: ThreadPoolExecutor
    """One more for each that it takes, which waits for the next message."""

    def shut_down(self) -> None:
        """Let go of them once the server has stopped."""
        for threads in (self.giving, self.taking, self.reading):
            threads.shutdown(wait=False, cancel_futures=True)


class Reception:
    """Stands between grpc and the functions of all doors of one server. For many threads."""

    def __init__(
        self, settings: DoorSettings, most_streams: int, metrics: Metrics, traces: Traces
    ) -> None:
        self._callers = Callers(settings.team, settings.tls_client_ca is not None)
        self._rates = Rates(settings.calls_per_second, time.monotonic)
        self._longest_seconds = settings.longest_call_seconds
        self._most_streams = most_streams
        self._metrics = metrics
        self._traces = traces
        self._lock = Lock()
        self._streams: set[Call] = set()

    def handler(self, door: Door, threads: StreamThreads) -> grpc.GenericRpcHandler:
        """Return what grpc asks for the methods of a door."""
        handlers = {each.name: self._handler(door, each, threads) for each in door.methods}
        return grpc.method_handlers_generic_handler(door.name, handlers)

    def end_streams(self) -> None:
        """Tell everybody who watches to go on elsewhere."""
        with self._lock:
            streams = list(self._streams)
        for call in streams:
            call.stop(Refused("DRAINING", "this process stops; go on with another", 0.1))

    def _handler(
        self, door: Door, method: Method, threads: StreamThreads
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        # Without deserialisers: grpc would answer INTERNAL to bytes that are no message.
        if not method.gives_stream:
            answer = self._single(door, method, threads.reading)
            if method.takes_stream:
                answer.experimental_thread_pool = threads.taking  # type: ignore[attr-defined]
                return grpc.stream_unary_rpc_method_handler(answer)
            return grpc.unary_unary_rpc_method_handler(answer)
        if method.takes_stream:
            raise NotImplementedError(f"{method.name} streams both ways")
        answers = self._stream(door, method)
        answers.experimental_thread_pool = threads.giving  # type: ignore[attr-defined]
        return grpc.unary_stream_rpc_method_handler(answers)

    def _single(
        self, door: Door, method: Method, reading: ThreadPoolExecutor
    ) -> Callable[[Any, grpc.ServicerContext], bytes | None]:
        def answer(request: Any, context: grpc.ServicerContext) -> bytes | None:  # noqa: ANN401  # bytes, or an iterator of them
            response = None
            with self._answering(door, method, context) as call:
                asked = (
                    _requests(method, request, call, reading)
                    if method.takes_stream
                    else read(method.request, request)
                )
                response = _bytes_of(method.function(asked, call))
                call.check()
            return response

        return answer

    def _stream(
        self, door: Door, method: Method
    ) -> Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]:
        def answer(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            with self._answering(door, method, context) as call, self._counted(call):
                for response in method.function(read(method.request, request), call):
                    call.check()
                    yield _bytes_of(response)
                call.check()

        return answer

    @contextmanager
    def _answering(
        self, door: Door, method: Method, context: grpc.ServicerContext
    ) -> Iterator[Call]:
        """Open a call, close it, and turn what is raised between into what the caller is told."""
        name, began, status = f"{door.name}/{method.name}", time.monotonic(), Status()
        self._metrics.rpcs_active.add(1)
        carrier = carrier_of(context.invocation_metadata() or ())
        with self._traces.span(name, carrier, "server") as onward:
            try:
                with closing(self._open(name, method, context, onward)) as call:
                    yield call
            except GeneratorExit:  # nobody reads the stream any more
                status = status_of(Abandoned())
                raise
            except StageError as error:
                status = status_of(error)
                _log_refusal(name, error)
            except Exception as error:  # the one handler of what nobody foresaw
                status = status_of(error)
                log.exception("call failed", method=name)
            finally:
                self._metrics.rpcs_active.add(-1)
                self._metrics.rpcs.add(method=name, code=code_of(status).name)
                self._metrics.rpc_seconds.observe(time.monotonic() - began, method=name)
        if status.code:
            context.abort_with_status(rpc_status.to_status(status))

    def _open(
        self, name: str, method: Method, context: grpc.ServicerContext, trace: Mapping[str, str]
    ) -> Call:
        team = self._callers.team_of(context)
        self._rates.take(team)
        usual = None if method.gives_stream else self._longest_seconds
        call = Call(
            name,
            team,
            peer=context.peer(),
            trace=trace,
            deadline_seconds=_deadline_of(context),
            limit_seconds=method.seconds or usual,
        )
        if not context.add_callback(call.stop):
            call.stop()
        call.check()
        return call

    @contextmanager
    def _counted(self, call: Call) -> Iterator[None]:
        with self._lock:
            if len(self._streams) >= self._most_streams:
                raise Refused("STREAMS_TOO_MANY", f"at most {self._most_streams} at a time", 5.0)
            self._streams.add(call)
        try:
            yield
        finally:
            with self._lock:
                self._streams.discard(call)


def _requests(
    method: Method, stream: Iterator[bytes], call: Call, reading: ThreadPoolExecutor
) -> Iterator[Message]:
    """Yield a caller's messages.

    Raises Abandoned where it went away before the last one, Late where that does not come in time:
    grpc waits for the next without limit, until the call has ended.
    """
    try:
        while (data := reading.submit(next, stream, None).result(call.remaining())) is not None:
            yield read(method.request, data)
    except TimeoutError:
        call.stop(Late())
        call.check()
    except grpc.RpcError:
        call.stop()
        call.check()
        raise Abandoned from None
    call.stopped.wait(BREAK_SECONDS)
    call.check()


def _bytes_of(response: Message | bytes) -> bytes:
    return response if isinstance(response, bytes) else response.SerializeToString()


def _deadline_of(context: grpc.ServicerContext) -> float | None:
    seconds = context.time_remaining()
    return None if seconds is None or seconds > FOREVER_SECONDS else seconds


def _log_refusal(name: str, error: StageError) -> None:
    """Log why, without a word of what the caller wrote."""
    reasons = (
        sorted({each.reason for each in error.violations})
        if isinstance(error, Invalid)
        else [f"{type(error).__name__}: {error}"]
    )
    # Who is told to come back later comes back: one line each would fill the log.
    say = log.debug if isinstance(error, Refused) else log.info
    say("call refused", method=name, reasons=reasons)
