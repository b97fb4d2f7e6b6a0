"""Runs speech as a service: `python -m services.speech`."""

from __future__ import annotations

import sys

from services.chassis.service import run_stage
from services.speech.rpc import open_door
from services.speech.settings import SpeechSettings

if __name__ == "__main__":
    sys.exit(run_stage("speech", SpeechSettings, open_door))
