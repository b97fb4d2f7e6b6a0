"""Every served model gives what its description says, whatever its networks have learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from services.chassis.errors import Invalid
from services.chassis.inference import DIGEST, TensorSpec, digest_of
from services.models.networks import NETWORKS
from services.models.runners.liveportrait import degrees
from services.models.served.catalogue import CATALOGUE, MOUTH_SIDES
from services.models.served.description import CPU
from services.models.served.running import Running

QUICK = (
    "liveportrait_motion",
    "liveportrait_keypoints",
    "wav2lip",
    "syncnet",
    "realesrgan_x2plus",
    "realesr_general_x4v3",
)
"""Models that take no more than a moment on a CPU."""
TILE_PIXELS = 16


def untaught(name: str) -> nn.Module:
    torch.manual_seed(3)
    return NETWORKS[name]().eval().requires_grad_(False)


def running(model: str) -> Running:
    return Running(CATALOGUE[model], CPU, untaught)


def some(spec: TensorSpec, count: int) -> np.ndarray:
    dims = [TILE_PIXELS if dim < 0 else dim for dim in spec.dims]
    random = np.random.default_rng(len(spec.name))
    if spec.kind == "uint8":
        return random.integers(0, 255, (count, *dims), np.uint8)
    return random.uniform(-1, 1, (count, *dims)).astype(spec.kind)


def question(model: str, count: int) -> dict[str, torch.Tensor]:
    arrays = {each.name: some(each, count) for each in CATALOGUE[model].inputs}
    for each in CATALOGUE[model].inputs:
        if each.kept:
            arrays[each.name + DIGEST] = np.stack([digest_of(item) for item in arrays[each.name]])
    return {name: torch.tensor(array) for name, array in arrays.items()}


@pytest.mark.parametrize("model", QUICK)
def test_what_comes_out_is_what_is_described(model: str) -> None:
    asked = running(model)
    (answer,) = asked.answer([asked.look_at(question(model, 2))])
    assert list(answer) == [each.name for each in CATALOGUE[model].outputs]
    for each in CATALOGUE[model].outputs:
        array = answer[each.name].numpy()
        assert each.fits(array), f"{each.name}: {array.dtype} {array.shape}, not {each}"
        assert len(array) == 2


def test_wav2lip_is_asked_in_rgb_and_asks_its_network_in_bgr() -> None:
    asked = question("wav2lip", 1)
    network = untaught("wav2lip")
    bgr = asked["face"].flip(-1).permute(0, 3, 1, 2).float() / 255
    masked = bgr.clone()
    masked[:, :, 48:] = 0
    with torch.inference_mode():
        told = network(asked["mel"][:, None], torch.cat((masked, bgr), dim=1))
    published = (told * 255).to(torch.uint8).permute(0, 2, 3, 1).flip(-1)
    model = running("wav2lip")
    (answer,) = model.answer([model.look_at(asked)])
    apart = (answer["picture"].int() - published.int()).abs()
    assert apart.max() <= 1, "more than rounding lies between both"
    assert answer["picture"].float().std() > 0


def test_key_points_are_fitted_in_full_precision_where_networks_run_in_half() -> None:
    asked = question("liveportrait_keypoints", 2)
    plain, half = (
        Running(CATALOGUE["liveportrait_keypoints"], device, untaught)
        for device in (CPU, replace(CPU, precision="bfloat16"))
    )
    (wanted,), (answer,) = (each.answer([each.look_at(asked)]) for each in (plain, half))
    for name, array in wanted.items():
        assert torch.equal(answer[name], array)


def test_angles_are_read_as_published() -> None:
    sure = torch.full((1, 66), -100.0)
    sure[0, 40] = 100.0
    assert degrees(sure).item() == pytest.approx(40 * 3 - 97.5)


def test_tiles_with_odd_sides_are_refused() -> None:
    asked = running("realesrgan_x2plus")
    odd = asked.look_at({"tile": torch.zeros(1, 15, 16, 3, dtype=torch.uint8)})
    with pytest.raises(Invalid, match="TILE_SIDES_ODD"):
        asked.answer([odd])


def test_the_mouth_s_window_is_the_network_s_own() -> None:
    from services.models.networks.gfpgan import MOUTH  # noqa: PLC0415

    assert (MOUTH.bottom - MOUTH.top, MOUTH.right - MOUTH.left, 3) == MOUTH_SIDES


def test_every_model_s_networks_are_ones_we_have() -> None:
    assert {name for each in CATALOGUE.values() for name in each.networks} <= NETWORKS.keys()
