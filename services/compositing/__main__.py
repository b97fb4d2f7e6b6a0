"""Runs compositing as a service: `python -m services.compositing`."""

from __future__ import annotations

import sys

from services.chassis.telemetry import logs

if __name__ == "__main__":  # from here on all that is said is JSON, errors of imports too
    logs.set_up("compositing")

    from services.chassis.service import run_stage
    from services.compositing.rpc import open_door
    from services.compositing.settings import CompositingSettings

    sys.exit(run_stage("compositing", CompositingSettings, open_door))
