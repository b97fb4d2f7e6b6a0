"""Every model that a server has: names, tensors, batches, networks. Nothing else says them."""

from __future__ import annotations

from typing import Final

from services.chassis.inference import TensorSpec
from services.models.served.description import Served

KEYPOINTS: Final = 21
MOUTH_SIDES: Final = (192, 256, 3)
"""Of the window that `networks.gfpgan.MOUTH` places in an aligned face."""


def _picture(name: str, side: int, *, kept: bool = False) -> TensorSpec:
    return TensorSpec(name, "uint8", (side, side, 3), kept)


def _numbers(name: str, *dims: int) -> TensorSpec:
    return TensorSpec(name, "float32", dims)


CATALOGUE: Final = {
    each.name: each
    for each in (
        Served(
            # Draws a face: RGB crop of the portrait, and where its key points shall be.
            name="liveportrait",
            networks=("lp_F", "lp_W", "lp_G"),
            runner="services.models.runners.liveportrait:Animation",
            inputs=(
                _picture("source", 256, kept=True),
                _numbers("source_keypoints", KEYPOINTS, 3),
                _numbers("driving_keypoints", KEYPOINTS, 3),
            ),
            outputs=(_picture("picture", 512),),
            revision=2,
            cpu_items=1,
        ),
        Served(
            # Reads a face: canonical key points and what moves them. Angles in degrees.
            name="liveportrait_motion",
            networks=("lp_M",),
            runner="services.models.runners.liveportrait:Motion",
            inputs=(_picture("crop", 256),),
            outputs=(
                _numbers("keypoints", KEYPOINTS, 3),
                _numbers("expression", KEYPOINTS, 3),
                _numbers("angles", 3),  # pitch, yaw, roll
                _numbers("translation", 3),
                _numbers("scale", 1),
            ),
        ),
        Served(
            # Fits key points: to the body (stitched), to wanted eyes and lips (to be added).
            name="liveportrait_keypoints",
            networks=("lp_S", "lp_Reye", "lp_Rlip"),
            runner="services.models.runners.liveportrait:Retargeting",
            inputs=(
                _numbers("source_keypoints", KEYPOINTS, 3),
                _numbers("driving_keypoints", KEYPOINTS, 3),
                _numbers("eye_ratios", 3),  # left, right, wanted
                _numbers("lip_ratios", 2),  # now, wanted
            ),
            outputs=(
                _numbers("stitched", KEYPOINTS, 3),
                _numbers("eyes", KEYPOINTS, 3),
                _numbers("lips", KEYPOINTS, 3),
            ),
            revision=2,
        ),
        Served(
            name="wav2lip",
            networks=("wav2lip",),
            runner="services.models.runners.wav2lip:Mouths",
            inputs=(_picture("face", 96, kept=True), _numbers("mel", 80, 16)),
            outputs=(_picture("picture", 96),),
            compiled=False,
        ),
        Served(
            # Unit vectors of 5 faces and of the sound from the first on.
            name="syncnet",
            networks=("syncnet_color",),
            runner="services.models.runners.wav2lip:Sync",
            inputs=(TensorSpec("faces", "uint8", (5, 96, 96, 3)), _numbers("mel", 80, 16)),
            outputs=(_numbers("sound", 512), _numbers("sight", 512)),
        ),
        Served(
            name="gfpgan",
            networks=("gfpgan",),
            runner="services.models.runners.restoration:Faces",
            inputs=(_picture("face", 512),),
            outputs=(_picture("picture", 512),),
            revision=2,
            cpu_items=1,
        ),
        Served(
            # Restores the mouth's window of faces that differ from a restored loop's there alone.
            name="gfpgan_mouth",
            networks=("gfpgan",),
            runner="services.models.runners.restoration:Mouths",
            inputs=(
                _picture("face", 512, kept=True),  # the loop's, as it was before restoration
                TensorSpec("mouth", "uint8", MOUTH_SIDES),
            ),
            outputs=(TensorSpec("picture", "uint8", MOUTH_SIDES),),
            revision=2,
            cpu_items=2,
            compiled=False,
        ),
        Served(
            name="realesrgan_x2plus",
            networks=("realesrgan_x2plus",),
            runner="services.models.runners.restoration:TwiceAsLarge",
            inputs=(_picture("tile", -1),),
            outputs=(_picture("picture", -1),),
            most_items=4,
            revision=2,
            cpu_items=1,
        ),
        Served(
            name="realesr_general_x4v3",
            networks=("realesr_general_x4v3",),
            runner="services.models.runners.restoration:FourTimesAsLarge",
            inputs=(_picture("tile", -1),),
            outputs=(_picture("picture", -1),),
            most_items=4,
            revision=2,
            cpu_items=1,
        ),
    )
}
"""By name. All pictures are RGB; mel is in -4..4."""
