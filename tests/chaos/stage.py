"""Runs a stage's service with synthetic engines: `python -m tests.chaos.stage STAGE [hasty]`."""

import sys

if __name__ == "__main__":  # work processes import this module too, and need none of the rest
    from tests.chaos.wiring import serve

    sys.exit(serve(*sys.argv[1:]))
