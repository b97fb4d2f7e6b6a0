"""Runs speech as a service: `python -m services.speech`."""

from __future__ import annotations

import sys

from services.chassis.telemetry import logs

if __name__ == "__main__":  # from here on all that is said is JSON, errors of imports too
    logs.set_up("speech")

    from services.chassis.service import run_stage
    from services.speech.rpc import open_door
    from services.speech.settings import SpeechSettings

    sys.exit(run_stage("speech", SpeechSettings, open_door))
