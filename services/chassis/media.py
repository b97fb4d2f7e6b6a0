"""The documents that stages hand one another: tracks, timings and sound, with their checks."""

from __future__ import annotations

import io
import json
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import soundfile

from services.chassis.errors import Invalid
from services.chassis.store import Store
from services.chassis.timeline import SAMPLE_RATE, TRACKS, Floats, Phoneme, Timing, Word


def write_arrays(store: Store, arrays: dict[str, npt.NDArray[np.generic]]) -> str:
    """Store named arrays as npz and return the digest; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return store.put(buffer.getvalue())


def read_arrays(store: Store, digest: str) -> dict[str, npt.NDArray[np.generic]]:
    """Return the named arrays of an npz that a stage of ours wrote."""
    with np.load(io.BytesIO(store.get(digest)), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


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
    if tracks is None or tracks.ndim != 2 or tracks.shape[1] != len(names):
        raise Invalid("digest", "TRACKS_SHAPE_INVALID", f"expected (frames, {len(names)})")
    return tracks.astype(np.float32, copy=False)


def write_timing(store: Store, timing: Timing) -> str:
    """Store a timing as JSON and return the digest."""
    text = json.dumps(asdict(timing), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return store.put(text.encode())


def read_timing(store: Store, digest: str) -> Timing:
    """Return a stored timing."""
    document = json.loads(store.get(digest))
    return Timing(
        sample_count=document["sample_count"],
        words=tuple(Word(**word) for word in document["words"]),
        phonemes=tuple(Phoneme(**phoneme) for phoneme in document["phonemes"]),
    )


def write_audio(store: Store, samples: Floats) -> str:
    """Store mono sound in -1 to 1 at 48 kHz as 16-bit WAV and return the digest."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, SAMPLE_RATE, subtype="PCM_16", format="WAV")
    return store.put(buffer.getvalue())


def read_audio(store: Store, digest: str) -> Floats:
    """Return mono sound in -1 to 1 at 48 kHz. Raises Invalid for another rate or channel count."""
    samples, rate = soundfile.read(io.BytesIO(store.get(digest)), dtype="float32", always_2d=True)
    if rate != SAMPLE_RATE or samples.shape[1] != 1:
        raise Invalid("audio_digest", "AUDIO_FORMAT_INVALID", "expected mono sound at 48 kHz")
    mono: Floats = samples[:, 0]
    return mono
