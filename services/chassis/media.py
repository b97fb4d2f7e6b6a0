"""The documents that stages hand one another: tracks, timings and sound, with their checks."""

from __future__ import annotations

import io
import json
import math
import struct
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import soundfile

from services.chassis import arrays
from services.chassis.arrays import Arrays
from services.chassis.errors import Invalid
from services.chassis.store import Store
from services.chassis.timeline import SAMPLE_RATE, TRACKS, Floats, Phoneme, Timing, Word

LARGEST_NUMBER: Final = 1e4
"""Of tracks; far beyond any angle or distance."""
MOST_TIMING_BYTES: Final = 1 << 20
WAV_HEAD: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")


def write_arrays(store: Store, named: Arrays) -> str:
    """Store named arrays as npz and return the digest; the same arrays give the same bytes."""
    return store.put(arrays.pack(named))


def read_arrays(store: Store, digest: str) -> Arrays:
    """Return the named arrays of an npz. Raises Invalid for any other object."""
    try:
        return arrays.unpack(store.get(digest))
    except (ValueError, RecursionError) as error:
        remedy = f"{digest} is not what a stage writes there: {error}"
        raise Invalid("digest", "ARRAYS_INVALID", remedy) from None


def write_tracks(store: Store, tracks: Floats, names: tuple[str, ...] = TRACKS) -> str:
    """Store numbers per frame, (frames, len(names)), and return the digest.

    Raises ValueError for another shape or a number that is not finite: both are bugs of the stage.
    """
    if tracks.ndim != 2 or tracks.shape[1] != len(names) or not np.isfinite(tracks).all():
        raise ValueError(f"tracks of shape {tracks.shape} for {len(names)} names, or not finite")
    return write_arrays(store, {"tracks": np.ascontiguousarray(tracks, np.float32)})


def read_tracks(store: Store, digest: str, names: tuple[str, ...] = TRACKS) -> Floats:
    """Return numbers per frame, (frames, len(names)) float32.

    Raises Invalid where the object holds other tracks than these.
    """
    tracks = read_arrays(store, digest).get("tracks")
    if tracks is None or tracks.ndim != 2 or tracks.shape[1] != len(names) or not len(tracks):
        raise Invalid("digest", "TRACKS_SHAPE_INVALID", f"expected (frames, {len(names)})")
    numbers = tracks.astype(np.float32, copy=False)
    if not (np.abs(numbers) <= LARGEST_NUMBER).all():
        remedy = f"numbers per frame lie within ±{LARGEST_NUMBER:g}"
        raise Invalid("digest", "TRACKS_OUT_OF_RANGE", remedy)
    return numbers


def write_timing(store: Store, timing: Timing) -> str:
    """Store a timing as JSON and return the digest."""
    text = json.dumps(asdict(timing), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return store.put(text.encode())


def read_timing(store: Store, digest: str) -> Timing:
    """Return a stored timing. Raises Invalid for any other object."""
    try:
        return _timing(store.get(digest))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        remedy = f"{digest} is not the timing that speech writes: {error!r}"
        raise Invalid("timing_digest", "TIMING_INVALID", remedy) from None


def _timing(data: bytes) -> Timing:
    if len(data) > MOST_TIMING_BYTES:
        raise ValueError("longer than any chunk's")
    document = json.loads(data.decode())
    timing = Timing(
        sample_count=document["sample_count"],
        words=tuple(Word(**word) for word in document["words"]),
        phonemes=tuple(Phoneme(**phoneme) for phoneme in document["phonemes"]),
    )
    _check(isinstance(timing.sample_count, int), timing.sample_count)
    for word in timing.words:
        _check_place(word, timing.sample_count)
        _check(isinstance(word.text, str), word)
    for phoneme in timing.phonemes:
        _check_place(phoneme, timing.sample_count)
        _check(isinstance(phoneme.ipa, str) and isinstance(phoneme.stress, int | float), phoneme)
        _check(math.isfinite(phoneme.stress), phoneme)
    return timing


def _check_place(part: Word | Phoneme, sample_count: int) -> None:
    """Raise ValueError unless a part lies within its chunk."""
    _check(isinstance(part.start, int) and isinstance(part.end, int), part)
    _check(0 <= part.start <= part.end <= sample_count, part)


def _check(holds: bool, said: Any) -> None:  # noqa: ANN401  # whatever is wrong
    if not holds:
        raise ValueError(str(said)[:80])


def write_audio(store: Store, samples: Floats) -> str:
    """Store mono sound in -1 to 1 at 48 kHz as 16-bit WAV and return the digest."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, SAMPLE_RATE, subtype="PCM_16", format="WAV")
    return store.put(buffer.getvalue())


def read_audio(store: Store, digest: str) -> Floats:
    """Return mono sound in -1 to 1 at 48 kHz, as `write_audio` stored it.

    The head must be exactly that of such a file: sound from outside comes in through the sandbox
    alone. Raises Invalid for any other object.
    """
    data = store.get(digest)
    size = len(data) - WAV_HEAD.size
    head = _wav_head(size) if size >= 0 and size % 2 == 0 else b""
    if not head or not data.startswith(head):
        remedy = "expected mono sound at 48 kHz in 16 bits, as speech writes it"
        raise Invalid("audio_digest", "AUDIO_FORMAT_INVALID", remedy)
    samples = np.frombuffer(data, "<i2", offset=WAV_HEAD.size)
    return samples.astype(np.float32) / np.float32(32768)


def _wav_head(size_bytes: int) -> bytes:
    """Return the head of a file with so many bytes of sound."""
    whole = size_bytes + WAV_HEAD.size - 8
    form = (16, 1, 1, SAMPLE_RATE, SAMPLE_RATE * 2, 2, 16)
    return WAV_HEAD.pack(b"RIFF", whole, b"WAVE", b"fmt ", *form, b"data", size_bytes)
