"""Runs lip sync as a service: `python -m services.lipsync`."""

from __future__ import annotations

import sys

from services.chassis.service import run_stage
from services.lipsync.rpc import open_door
from services.lipsync.settings import LipsyncSettings

if __name__ == "__main__":
    sys.exit(run_stage("lipsync", LipsyncSettings, open_door))
