"""What the networks cost on this machine: each as published, and with its savings, in turn.

`python -m tests.bench.networks [network…]` measures them alone. One thread, and processor seconds
instead of the clock's: what else runs here matters less, and a ratio holds for any number of cores.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from services.models.networks.folding import fold
from services.models.networks.gfpgan import GFPGAN, MOUTH, SIDE_PIXELS
from services.models.networks.region import Region, cut
from services.models.networks.warping import WarpingNetwork
from services.models.networks.wav2lip import Wav2Lip
from tests.golden.parity import seeded
from tests.golden.vectors import make_inputs, read_specs

ROUNDS = 3
"""The fastest of so many counts."""
FRAME = ("lp_W", "lp_G")
"""What LivePortrait runs once a frame; its other networks run once a portrait."""

Run = Callable[[], object]


@dataclass(frozen=True)
class Cost:
    """Processor seconds of one item."""

    plain_seconds: float
    saving_seconds: float

    @property
    def ratio(self) -> float:
        """How many times faster the savings make it."""
        return self.plain_seconds / self.saving_seconds

    def __add__(self, other: Cost) -> Cost:
        plain = self.plain_seconds + other.plain_seconds
        return Cost(plain, self.saving_seconds + other.saving_seconds)


@dataclass(frozen=True)
class Costs:
    """What was measured of each network."""

    by_name: Mapping[str, Cost]

    def rows(self) -> dict[str, Cost]:
        """Return the networks, and a frame of LivePortrait where both its parts are there."""
        rows = dict(self.by_name)
        if all(name in rows for name in FRAME):
            first, second = (rows[name] for name in FRAME)
            rows["LivePortrait, a frame"] = first + second
        return rows

    def tables(self) -> Sequence[Table]:
        """Return it for people."""
        table = Table("network", "plain s", "with savings s", "times faster", box=None)
        for name, cost in self.rows().items():
            cells = (cost.plain_seconds, cost.saving_seconds, cost.ratio)
            table.add_row(name, *(f"{cell:.3f}" for cell in cells))
        return [table]

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            name: {"plain": cost.plain_seconds, "saving": cost.saving_seconds, "ratio": cost.ratio}
            for name, cost in self.rows().items()
        }


def loaded(name: str) -> tuple[nn.Module, list[Tensor]]:
    """Return a network with golden weights, and inputs for it."""
    spec = read_specs()[name]
    return seeded(spec), [torch.from_numpy(value) for value in make_inputs(spec)]


def folded(name: str) -> tuple[Run, Run]:
    """Return a network's run and that of its folded form."""
    network, inputs = loaded(name)
    quick = fold(network)
    return lambda: network(*inputs), lambda: quick(*inputs)


def warping() -> tuple[Run, Run]:
    """Return a frame's warping with its source made ready each time, and folded with it ready."""
    network, (volume, driving, points) = loaded("lp_W")
    assert isinstance(network, WarpingNetwork)
    quick = fold(network)
    source = quick.prepare(volume, points)
    return lambda: network(volume, driving, points), lambda: quick.warp(source, driving)


def speaking(top: int) -> tuple[Run, Run]:
    """Return Wav2Lip's frame, and the same from row `top` on with its face encoded before."""
    network, (mel, face) = loaded("wav2lip")
    quick = cast("Wav2Lip", fold(network))
    features = quick.encode_face(face)
    return lambda: network(mel, face), lambda: quick.decode(quick.encode_speech(mel), features, top)


def restored_mouth() -> tuple[Run, Run]:
    """Return the restoring of a whole face, and of its mouth beside a loop's kept maps."""
    network, (face,) = loaded("gfpgan")
    quick = cast("GFPGAN", fold(network))
    kept = quick.keep(quick.encode(face))
    mouth = cut(face, MOUTH, Region.whole(SIDE_PIXELS))
    return lambda: network(face), lambda: quick.redraw(mouth, kept)


NETWORKS: Mapping[str, Callable[[], tuple[Run, Run]]] = {
    "lp_F": lambda: folded("lp_F"),
    "lp_M": lambda: folded("lp_M"),
    "lp_W": warping,
    "lp_G": lambda: folded("lp_G"),
    "wav2lip": lambda: speaking(top=0),
    "wav2lip, rows from 40 on": lambda: speaking(top=40),
    "syncnet_color": lambda: folded("syncnet_color"),
    "gfpgan": lambda: folded("gfpgan"),
    "gfpgan, the mouth": restored_mouth,
    "realesrgan_x2plus": lambda: folded("realesrgan_x2plus"),
}
"""For each network its plain run and the one with savings; a line each.

Real-ESRGAN's small network has nothing to save.
"""


def measure_networks(*names: str) -> Costs:
    """Measure these networks, or all."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            return Costs({name: cost(*NETWORKS[name]()) for name in names or NETWORKS})
    finally:
        torch.set_num_threads(threads)


def cost(plain: Run, saving: Run) -> Cost:
    """Return the fastest of both, run in turn so that both meet the same machine."""
    times = [(seconds(plain), seconds(saving)) for _ in range(ROUNDS)]
    return Cost(*(min(column) for column in zip(*times, strict=True)))


def seconds(run: Run) -> float:
    """Return this thread's processor seconds for one run."""
    start = time.thread_time()
    run()
    return time.thread_time() - start


if __name__ == "__main__":
    costs = measure_networks(*sys.argv[1:])
    for shown in costs.tables():
        Console(highlight=False).print(shown)
    sys.stdout.write(f"{json.dumps(costs.as_json())}\n")
