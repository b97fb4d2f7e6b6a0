"""A gRPC service as plain functions: what a room says, without a word of grpc."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from services.chassis.calls import Call

Function: TypeAlias = Callable[[Any, Call], Any]
"""(request, call) -> response. Where callers stream, `request` is an iterator of requests; where
the service streams, the function returns an iterator of responses. A response is a message, or
the bytes of one. Whatever of chassis.errors or chassis.status it raises, the caller is told."""

NO_LIMITS: Final[Mapping[str, float]] = {}


@dataclass(frozen=True)
class Method:
    """One method of a door."""

    name: str
    """As the proto says it, for example "Sync"."""
    function: Function
    request: type[Message]
    takes_stream: bool
    gives_stream: bool
    seconds: float | None
    """How long a call without a deadline may take; None: as the server's settings say."""


@dataclass(frozen=True)
class Door:
    """One gRPC service."""

    name: str
    """Full name, for example "rostrum.lipsync.v1.LipsyncService"."""
    methods: tuple[Method, ...]


def door(
    service: ServiceDescriptor,
    functions: Mapping[str, Function],
    seconds: Mapping[str, float] = NO_LIMITS,
) -> Door:
    """Return the door of a service: one function for each method, by the method's name.

    seconds: how long calls without a deadline may take, where the server's settings say otherwise.
    Raises ValueError where the functions are not exactly the service's methods.
    """
    names = {method.name for method in service.methods}
    if names != functions.keys() or not seconds.keys() <= names:
        raise ValueError(f"{service.full_name} has {sorted(names)}, not {sorted(functions)}")
    return Door(
        service.full_name,
        tuple(
            _method(each, functions[each.name], seconds.get(each.name)) for each in service.methods
        ),
    )


def _method(descriptor: MethodDescriptor, function: Function, seconds: float | None) -> Method:
    return Method(
        name=descriptor.name,
        function=function,
        request=GetMessageClass(descriptor.input_type),
        takes_stream=descriptor.client_streaming,
        gives_stream=descriptor.server_streaming,
        seconds=seconds,
    )
