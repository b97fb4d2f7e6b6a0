"""Writes what Triton must know of a model: config.pbtxt, in protobuf's text format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from services.chassis.inference import DIGEST, DIGEST_BYTES, TensorSpec
from services.models.served.description import Device, Served

KINDS: Final = {"uint8": "TYPE_UINT8", "float32": "TYPE_FP32", "int64": "TYPE_INT64"}
MICROSECONDS: Final = 1_000_000
MERGE_MICROSECONDS: Final = 2_000
"""For which a server waits for others to fill a batch, where it merges requests."""


def config(served: Served, device: Device, parameters: Mapping[str, str]) -> str:
    """Return a model's config.pbtxt. parameters: what its process needs to know besides."""
    return "\n".join(
        (
            f"name: {_quoted(served.name)}",
            'backend: "python"',
            f"max_batch_size: {served.most_items}",
            *_inputs(served),
            *(_tensor("output", each) for each in served.outputs),
            _batching(device),
            _instances(served, device),
            "version_policy { latest { num_versions: 1 } }",
            *_parameters(parameters),
            "",
        )
    )


def _inputs(served: Served) -> Iterator[str]:
    for each in served.inputs:
        yield _tensor("input", each)
        if each.kept:
            yield _tensor("input", TensorSpec(each.name + DIGEST, "uint8", (DIGEST_BYTES,)))


def _tensor(role: str, spec: TensorSpec) -> str:
    dims = ", ".join(map(str, spec.dims))
    optional = " optional: true" if spec.kept else ""
    name, kind = _quoted(spec.name), KINDS[spec.kind]
    return f"{role} {{ name: {name} data_type: {kind} dims: [ {dims} ]{optional} }}"


def _batching(device: Device) -> str:
    """Let no more wait than can be served in time; whoever is refused asks again."""
    delay = MERGE_MICROSECONDS if device.merged else 0
    timeout = int(device.waiting_seconds * MICROSECONDS)
    return (
        f"dynamic_batching {{ max_queue_delay_microseconds: {delay} default_queue_policy {{ "
        f"timeout_action: REJECT default_timeout_microseconds: {timeout} "
        f"allow_timeout_override: true max_queue_size: {device.waiting_requests} }} }}"
    )


def _instances(served: Served, device: Device) -> str:
    kind = "KIND_GPU" if device.on_gpu else "KIND_CPU"
    return f"instance_group {{ count: {device.instances.get(served.name, 1)} kind: {kind} }}"


def _parameters(parameters: Mapping[str, str]) -> Iterator[str]:
    for key, value in sorted(parameters.items()):
        yield f"parameters {{ key: {_quoted(key)} value {{ string_value: {_quoted(value)} }} }}"


def _quoted(text: str) -> str:
    return json.dumps(text)  # protobuf reads the same escapes
