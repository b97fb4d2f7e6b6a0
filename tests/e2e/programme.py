"""What is said in a finished video, and when: read from its commission record and the store."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from services.chassis.media import read_timing
from services.chassis.store import Store
from services.chassis.timeline import Phoneme, Timing, Word, samples_per_frame


def timing_of(record: Path, home: Path) -> Timing:
    """Return the timing of a whole programme.

    record: the video's production.json. home: what ROSTRUM_HOME was when it was made.
    """
    store = Store.in_folder(home / "store")
    commission = json.loads(record.read_text())
    (join,) = [task for task in commission["tasks"] if task["name"] == "compositing/join"]
    return joined(join["request"]["chunks"], commission["frame_rate"], store)


def joined(chunks: list[dict[str, object]], frame_rate: int, store: Store) -> Timing:
    """Return the timings of chunks one after another, with the silences between."""
    frame = samples_per_frame(frame_rate)
    words: list[Word] = []
    phonemes: list[Phoneme] = []
    at = 0
    for chunk in chunks:
        speech = chunk["speech"]
        assert isinstance(speech, dict)
        lead, tail = (int(str(chunk.get(key, 0))) * frame for key in ("leadFrames", "tailFrames"))
        timing = read_timing(store, speech["timingDigest"])
        phonemes.append(Phoneme("", at, at + lead, 0.0))
        at += lead
        words += [replace(w, start=w.start + at, end=w.end + at) for w in timing.words]
        phonemes += [replace(p, start=p.start + at, end=p.end + at) for p in timing.phonemes]
        at += timing.sample_count
        phonemes.append(Phoneme("", at, at + tail, 0.0))
        at += tail
    spoken = tuple(phoneme for phoneme in phonemes if phoneme.end > phoneme.start)
    return Timing(at, tuple(words), spoken)
