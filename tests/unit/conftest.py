"""Presenters, small, with their rigs: measured once for all tests of a run."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.chassis.rig import Rig
from services.chassis.timeline import Bytes

PRESENTERS = Path(__file__).parents[2] / "services" / "studio" / "presenters"
SMALL_PIXELS = 512


@cache
def portrait(name: str) -> Bytes:
    """A shipped presenter's portrait, RGBA, small enough for quick tests."""
    picture = cv2.imread(str(PRESENTERS / name / "portrait.png"), cv2.IMREAD_UNCHANGED)
    size = (SMALL_PIXELS, SMALL_PIXELS)
    alpha = cv2.resize(picture[..., 3], size, interpolation=cv2.INTER_AREA)
    colours = cv2.resize(picture[..., 2::-1], size, interpolation=cv2.INTER_AREA)
    return np.dstack([colours, alpha])


@cache
def rigged(name: str) -> tuple[Rig, Bytes]:
    from services.motion.engines import rigging  # noqa: PLC0415  loads the face mesh

    return rigging.build(portrait(name), 0, 0)


@pytest.fixture(scope="session")
def presenter() -> tuple[Rig, Bytes]:
    """Rig and raw texture of one presenter."""
    return rigged("amara")


@pytest.fixture(scope="session", params=["amara", "ingrid", "jun", "malik"])
def every_presenter(request: pytest.FixtureRequest) -> tuple[Rig, Bytes]:
    """Rig and raw texture of each shipped presenter in turn."""
    return rigged(request.param)


@pytest.fixture(scope="session")
def every_portrait() -> dict[str, Bytes]:
    """The shipped portraits by name, RGBA."""
    return {name: portrait(name) for name in ("amara", "ingrid", "jun", "malik")}
