"""Runs restoration as a service: `python -m services.restoration`."""

from __future__ import annotations

import sys

from services.chassis.telemetry import logs

if __name__ == "__main__":  # from here on all that is said is JSON, errors of imports too
    logs.set_up("restoration")

    from services.chassis.service import run_stage
    from services.restoration.rpc import open_door
    from services.restoration.settings import RestorationSettings

    sys.exit(run_stage("restoration", RestorationSettings, open_door))
