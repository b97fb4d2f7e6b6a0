"""Runs motion as a service: `python -m services.motion`."""

from __future__ import annotations

import sys

from services.chassis.telemetry import logs

if __name__ == "__main__":  # from here on all that is said is JSON, errors of imports too
    logs.set_up("motion")

    from services.chassis.service import run_stage
    from services.motion.rpc import open_door
    from services.motion.settings import MotionSettings

    sys.exit(run_stage("motion", MotionSettings, open_door))
