"""Networks are laid out for the device they run on."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from services.models.networks import NETWORKS
from services.models.networks.folding import fold
from services.models.served.description import T4
from services.models.served.loading import prepared

PLAIN = replace(T4, compiled=False)


@pytest.mark.parametrize("name", ["lp_F", "lp_W", "lp_G"])
def test_pictures_weights_are_laid_out_for_a_gpu_and_volumes_stay(name: str) -> None:
    network = prepared(fold(NETWORKS[name]().eval()), PLAIN)
    tensors = list(network.parameters())
    assert all(
        each.is_contiguous(memory_format=torch.channels_last) for each in tensors if each.dim() == 4
    )
    assert all(each.is_contiguous() for each in tensors if each.dim() != 4)
    assert any(not each.is_contiguous() for each in tensors)
