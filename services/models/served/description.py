"""How a served model is described, and the machines that it may run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from services.chassis.inference import TensorSpec

MOST_ITEMS: Final = 16


@dataclass(frozen=True)
class Served:
    """One model of a server: tensors in, tensors out, and the code between them."""

    name: str
    networks: tuple[str, ...]
    """Whose weights it needs, as `networks.NETWORKS` calls them."""
    runner: str
    """Where its code is, "module:Class"."""
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    revision: int = 1
    """Goes up when the same weights and inputs give other numbers."""
    most_items: int = MOST_ITEMS
    """In one batch; 16 at most."""
    compiled: bool = True
    """Whether any of its networks is asked by `forward`, the part that devices compile. Batches are
    then filled up to a power of 2 there."""
    cpu_items: int = MOST_ITEMS
    """Computed at once on a CPU, where more would take gigabytes and save no time."""


@dataclass(frozen=True)
class Device:
    """A class of machines, and how models run there."""

    name: str
    on_gpu: bool = False
    precision: Literal["float32", "float16", "bfloat16"] = "float32"
    """Of convolutions and products; all else is float32."""
    compiled: bool = False
    """Whether what networks do in `forward` becomes CUDA graphs; their other methods never do."""
    merged: bool = False
    """Whether items of several requests are computed as one batch."""
    threads: int = 0
    """Of one process of a model, on the CPU; 0: as many as there are cores."""
    kept_bytes: int = 1 << 30
    """Most that what is kept of pictures may take, in each process of a model."""
    waiting_requests: int = 16
    """Of one model; more are refused, and come again."""
    waiting_seconds: float = 60.0
    """After which a waiting request is refused, and comes again."""
    instances: Mapping[str, int] = field(default_factory=dict)
    """Processes of a model, by its name; 1 of any other."""

    @property
    def torch_name(self) -> str:
        """As torch calls it."""
        return "cuda" if self.on_gpu else "cpu"


CPU: Final = Device("cpu", kept_bytes=4 << 30)
T4: Final = Device(
    "t4", on_gpu=True, precision="float16", compiled=True, merged=True, kept_bytes=1 << 30
)
L4: Final = replace(T4, name="l4", kept_bytes=2 << 30)
A100: Final = replace(
    L4, name="a100", kept_bytes=4 << 30, waiting_requests=32, instances={"wav2lip": 2}
)
H100: Final = replace(A100, name="h100", kept_bytes=8 << 30, waiting_requests=64)
DEVICES: Final = {each.name: each for each in (CPU, T4, L4, A100, H100)}
"""By name. H100 stands for all larger ones: H200, B200."""
