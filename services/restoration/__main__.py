"""Runs restoration as a service: `python -m services.restoration`."""

from __future__ import annotations

import sys

from services.chassis.service import run_stage
from services.restoration.rpc import open_door
from services.restoration.settings import RestorationSettings

if __name__ == "__main__":
    sys.exit(run_stage("restoration", RestorationSettings, open_door))
