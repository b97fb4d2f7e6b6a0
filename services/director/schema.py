"""Finds the class of a stage's message by its full name."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass


@cache
def message_class(full_name: str) -> type[Message]:
    """Return the class of, for example, "rostrum.lipsync.v1.SyncRequest".

    Raises KeyError for a message there is not, ModuleNotFoundError for a room there is not.
    """
    package, _, _ = full_name.rpartition(".")
    room = package.split(".")[1]
    import_module(f"{package}.{room}_pb2")
    kind: type[Message] = GetMessageClass(Default().FindMessageTypeByName(full_name))
    return kind


def response_class(request_type: str) -> type[Message]:
    """Return the class that answers a request: a call's two messages differ in the last word."""
    return message_class(request_type.removesuffix("Request") + "Response")
