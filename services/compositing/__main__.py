"""Runs compositing as a service: `python -m services.compositing`."""

from __future__ import annotations

import sys

from services.chassis.service import run_stage
from services.compositing.rpc import open_door
from services.compositing.settings import CompositingSettings

if __name__ == "__main__":
    sys.exit(run_stage("compositing", CompositingSettings, open_door))
