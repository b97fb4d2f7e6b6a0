"""Asks networks on Triton: waits for servers that are away or full, up to a call's deadline."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, TypeVar

import grpc
import numpy as np
from tritonclient.grpc import InferenceServerClient, InferInput, InferResult
from tritonclient.utils import InferenceServerException, np_to_triton_dtype, triton_to_np_dtype

from services.chassis.addresses import on_loopback, split
from services.chassis.errors import Invalid, StageError, Transient
from services.chassis.inference import (
    DIGEST,
    Deadline,
    FeaturesMissing,
    Models,
    Signature,
    Tensors,
    TensorSpec,
    zeros,
)
from services.chassis.status import REASON

OPTIONS: Final = (
    ("grpc.lb_policy_name", "round_robin"),  # each call to the next of the servers behind a name
    ("grpc.dns_min_time_between_resolutions_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.keepalive_time_ms", 10_000),  # a server that fell silent is noticed
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.max_receive_message_length", 256 << 20),
)
"""Servers end each connection after some minutes: so names are looked up again, and new ones found.
Its keepalive matches what services/models/serving.py lets a server accept."""
IN_FLIGHT: Final = 4
PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 10.0
MICROSECONDS: Final = 1_000_000

T = TypeVar("T")


class Away(Exception):
    """Nobody could answer just now; the same question may be answered in a moment."""


class Full(Away):
    """A server's queue is full: it lives, and has enough to do."""


class TritonModels(Models):
    """The models of one address, behind which there may be many servers. Made where it is used."""

    def __init__(
        self, address: str, ca: Path | None = None, certificate: tuple[Path, Path] | None = None
    ) -> None:
        """Take an address, "host:port"; connect when first asked.

        ca: PEM file of who vouches for the servers; without it the address must be on loopback.
        certificate: PEM files of our key and certificate, for servers that want to know us.
        """
        host, port = split(address)
        if ca is None and not on_loopback(host):
            remedy = f"{address} is not this machine: name who vouches for its servers"
            raise Invalid("ROSTRUM_TRITON_CA", "SETTING_REQUIRED", remedy)
        self.address = address
        self._target = f"ipv4:{host}:{port}" if host == "127.0.0.1" else f"dns:///{address}"
        self._credentials = _credentials(ca, certificate) if ca else None
        self._signatures: dict[str, Signature] = {}
        self._slots = threading.BoundedSemaphore(IN_FLIGHT)
        self._open = ExitStack()

    def close(self) -> None:
        """End the connection, and with it all calls."""
        self._open.close()

    def probe(self, model: str, seconds: float = 30.0) -> None:
        """Have a model's process touch its device; raise Transient where it does not in time."""
        deadline = Deadline(seconds)
        signature = self._signature(model, deadline)
        try:
            self._infer(signature, zeros(signature), deadline, probe=True)
        except Full:
            return
        except Away as error:
            raise Transient(f"MODELS_UNAVAILABLE: {model}: {error}") from error

    def answered(self, model: str, seconds: float = LOOK_SECONDS) -> int:
        """Return how many requests its server has answered well since it was started.

        Raises Transient where it does not say so.
        """
        try:
            with _Translated(model):
                said = self._client.get_inference_statistics(model, client_timeout=seconds)
        except Away as error:
            raise Transient(f"MODELS_UNAVAILABLE: {model}: {error}") from error
        return sum(each.inference_stats.success.count for each in said.model_stats)

    def _signature(self, model: str, deadline: Deadline) -> Signature:
        if model not in self._signatures:
            config = self._patiently(model, lambda: self._config(model, deadline), deadline)
            self._signatures[model] = read_signature(config)
        return self._signatures[model]

    def _run(self, signature: Signature, inputs: Tensors, deadline: Deadline) -> Tensors:
        return self._patiently(
            signature.model, lambda: self._infer(signature, inputs, deadline), deadline
        )

    def _map(
        self, ask: Callable[[Tensors], Tensors], parts: Sequence[Tensors], deadline: Deadline
    ) -> list[Tensors]:
        if len(parts) == 1:
            return [ask(parts[0])]
        try:
            return list(self._threads.map(ask, parts))
        finally:
            deadline.stopped.set()  # after one has failed nobody waits for the others

    def _patiently(self, model: str, ask: Callable[[], T], deadline: Deadline) -> T:
        """Ask again and again, after growing pauses, until somebody answers."""
        pause = PAUSE_SECONDS
        while True:
            try:
                return self._in_turn(ask, deadline)
            except Away as error:
                longest = min(pause, LONGEST_PAUSE_SECONDS)
                wait = longest * random.uniform(0.5, 1)  # noqa: S311  # so that not all come at once
                if deadline.stopped.wait(min(wait, deadline.remaining())) or (
                    deadline.remaining() <= 0
                ):
                    raise _too_late(model, error, deadline) from error
                pause *= 2

    def _in_turn(self, ask: Callable[[], T], deadline: Deadline) -> T:
        if not self._slots.acquire(timeout=deadline.remaining()):
            raise Full("as many calls as may be are on their way")
        try:
            return ask()
        finally:
            self._slots.release()

    def _infer(
        self, signature: Signature, inputs: Tensors, deadline: Deadline, *, probe: bool = False
    ) -> Tensors:
        remaining = max(deadline.remaining(), 0.001)
        with _Translated(signature.model):
            result: InferResult = self._client.infer(
                signature.model,
                [_input(name, array) for name, array in inputs.items()],
                model_version=signature.version,
                timeout=int(remaining * MICROSECONDS),  # who has waited too long is not served
                client_timeout=remaining,
                parameters={"probe": True} if probe else None,
            )
        return {each.name: result.as_numpy(each.name) for each in signature.outputs}

    def _config(self, model: str, deadline: Deadline) -> Any:  # noqa: ANN401  # a message of theirs
        seconds = min(LOOK_SECONDS, max(deadline.remaining(), 0.001))
        with _Translated(model):
            return self._client.get_model_config(model, client_timeout=seconds).config

    @cached_property
    def _client(self) -> InferenceServerClient:
        client = InferenceServerClient(
            self._target, creds=self._credentials, channel_args=list(OPTIONS)
        )
        self._open.callback(client.close)
        return client

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        pool = ThreadPoolExecutor(IN_FLIGHT, "inference")
        self._open.callback(pool.shutdown, wait=False, cancel_futures=True)
        return pool


def read_signature(config: Any) -> Signature:  # noqa: ANN401  # Triton's ModelConfig
    """Return what a server's description of a model says."""
    names = {each.name for each in config.input}
    return Signature(
        model=config.name,
        version=config.parameters["version"].string_value,
        fingerprint=config.parameters["fingerprint"].string_value,
        most_items=max(config.max_batch_size, 1),
        inputs=tuple(
            _spec(each, kept=each.name + DIGEST in names)
            for each in config.input
            if each.name.removesuffix(DIGEST) not in names - {each.name}
        ),
        outputs=tuple(_spec(each) for each in config.output),
    )


def _spec(said: Any, *, kept: bool = False) -> TensorSpec:  # noqa: ANN401
    kind = type(said).DESCRIPTOR.fields_by_name["data_type"].enum_type.values_by_number
    name = kind[said.data_type].name.removeprefix("TYPE_")
    return TensorSpec(said.name, np.dtype(triton_to_np_dtype(name)).name, tuple(said.dims), kept)


def _input(name: str, array: np.ndarray[Any, Any]) -> InferInput:
    tensor = InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(np.ascontiguousarray(array))
    return tensor


class _Translated:
    """Turns what Triton and gRPC say into our words, here and nowhere else."""

    def __init__(self, model: str) -> None:
        self._model = model

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, InferenceServerException):
            raise translated(self._model, error.status() or "", error.message() or "") from error


SAID: Final[Mapping[str, Callable[[str], Exception]]] = {
    FeaturesMissing.reason: FeaturesMissing,
    "Exceeds maximum queue size": Full,
    "tub process": Away,  # a model's process was killed; its server's own probe will notice
    "larger than max": partial(Invalid, "", "TENSORS_TOO_LARGE"),
    "' is not found": partial(Invalid, "engine", "MODEL_NOT_SERVED"),
}
"""Words that say more than a status does."""
PASSING: Final[Mapping[str, type[Away]]] = {
    "StatusCode.UNAVAILABLE": Away,  # its pod starts, drains, or is gone
    "StatusCode.RESOURCE_EXHAUSTED": Full,
    "StatusCode.DEADLINE_EXCEEDED": Away,
    "StatusCode.CANCELLED": Away,  # the server ended the connection
    "StatusCode.NOT_FOUND": Away,  # it drains, or has another version than was announced
}


def translated(model: str, status: str, message: str) -> Exception:
    """Return the error that stands for a server's answer; a bug of the model for all unforeseen."""
    for words, error in SAID.items():
        if words in message:
            return error(f"{model}: {message}")
    if kind := PASSING.get(status):
        return kind(message)
    if status == "StatusCode.INVALID_ARGUMENT":
        found = REASON.match(message)
        return Invalid("", found[0] if found else "TENSORS_INVALID", f"{model}: {message}")
    return RuntimeError(f"{model}: {status}: {message}")


def _too_late(model: str, last: Away, deadline: Deadline) -> StageError:
    reason = "MODELS_BUSY" if isinstance(last, Full) else "MODELS_UNAVAILABLE"
    return Transient(f"{reason}: {model} gave no answer in {deadline.seconds:.0f} s: {last}")


def _credentials(ca: Path, certificate: tuple[Path, Path] | None) -> grpc.ChannelCredentials:
    key, chain = (each.read_bytes() for each in certificate) if certificate else (None, None)
    return grpc.ssl_channel_credentials(ca.read_bytes(), key, chain)
