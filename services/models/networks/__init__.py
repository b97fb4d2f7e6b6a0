"""The published networks by the names their golden vectors have; a line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from torch import nn

from services.models.networks.appearance import AppearanceExtractor
from services.models.networks.generator import SpadeGenerator
from services.models.networks.gfpgan import GFPGAN
from services.models.networks.motion import MotionExtractor
from services.models.networks.rrdbnet import RRDBNet
from services.models.networks.srvgg import SRVGGNetCompact
from services.models.networks.stitching import eye_retargeter, lip_retargeter, stitcher
from services.models.networks.syncnet import SyncNet
from services.models.networks.warping import WarpingNetwork
from services.models.networks.wav2lip import Wav2Lip

NETWORKS: Final[Mapping[str, Callable[[], nn.Module]]] = {
    "lp_F": AppearanceExtractor,
    "lp_M": MotionExtractor,
    "lp_W": WarpingNetwork,
    "lp_G": SpadeGenerator,
    "lp_S": stitcher,
    "lp_Reye": eye_retargeter,
    "lp_Rlip": lip_retargeter,
    "wav2lip": Wav2Lip,
    "syncnet_color": SyncNet,
    "gfpgan": GFPGAN,
    "realesrgan_x2plus": RRDBNet,
    "realesr_general_x4v3": SRVGGNetCompact,
}
"""Build a network without weights; its state dict has the published names and shapes."""
