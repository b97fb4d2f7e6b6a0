"""Runs motion as a service: `python -m services.motion`."""

from __future__ import annotations

import sys

from services.chassis.service import run_stage
from services.motion.rpc import open_door
from services.motion.settings import MotionSettings

if __name__ == "__main__":
    sys.exit(run_stage("motion", MotionSettings, open_door))
