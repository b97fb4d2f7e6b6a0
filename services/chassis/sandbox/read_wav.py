"""Decodes the WAV `input` to float32 samples on standard output; runs in the sandbox.

Its argument is the folder of the packages.
"""

from __future__ import annotations

import sys

sys.path.append(sys.argv[1])

import soundfile  # found in the folder of the packages

BLOCK_FRAMES = 65_536


def main() -> None:
    """Write the samples, channel by channel within each frame."""
    with soundfile.SoundFile("input") as sound:
        while block := sound.buffer_read(BLOCK_FRAMES, dtype="float32"):
            sys.stdout.buffer.write(block)


if __name__ == "__main__":
    main()
