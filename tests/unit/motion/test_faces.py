"""MediaPipe's loading, as a service sees it."""

import subprocess
import sys

LOAD = """
import sys
import numpy as np
said = []
sys.excepthook = lambda kind, error, trace: said.append(repr(error))
hook = sys.excepthook
from services.motion.engines import faces
faces.matte(np.zeros((64, 64, 3), np.uint8))
assert sys.excepthook is hook
sys.exit("; ".join(said) or 0)
"""


def test_its_own_trouble_is_not_taken_for_a_bug_of_the_service() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD], check=False, capture_output=True, text=True
    )
    assert loaded.returncode == 0, loaded.stderr
