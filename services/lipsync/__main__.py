"""Runs lipsync as a service: `python -m services.lipsync`."""

from __future__ import annotations

import sys

from services.chassis.telemetry import logs

if __name__ == "__main__":  # from here on all that is said is JSON, errors of imports too
    logs.set_up("lipsync")

    from services.chassis.service import run_stage
    from services.lipsync.rpc import open_door
    from services.lipsync.settings import LipsyncSettings

    sys.exit(run_stage("lipsync", LipsyncSettings, open_door))
