"""Runs the director as a service: `python -m services.director`."""

from __future__ import annotations

import sys

from services.chassis.telemetry import logs

if __name__ == "__main__":  # from here on all that is said is JSON, errors of imports too
    logs.set_up("director")

    from services.chassis.service import run
    from services.director.service import SERVICE, serve
    from services.director.settings import DirectorSettings

    sys.exit(run(SERVICE, DirectorSettings, serve))
