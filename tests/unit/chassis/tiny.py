"""A stage whose requests say what becomes of them; work processes load it by its name."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from functools import partial
from pathlib import Path

from rostrum.lipsync.v1.lipsync_pb2 import SyncRequest, SyncResponse
from rostrum.media.v1.media_pb2 import Speech, Take

from services.chassis.answers import Ready, Work
from services.chassis.child import Method, Offer, Setup
from services.chassis.errors import Corrupt, Invalid, Transient
from services.chassis.keys import task_key
from services.chassis.store import Store
from services.chassis.telemetry.logs import get_log

ENGINES = (("tiny", "tiny 1"), ("other", "other 1"))
SYNC = SyncRequest.DESCRIPTOR.full_name


def sync(request: SyncRequest, store: Store) -> SyncResponse:
    """Do what the request's digest says, its frame count tells one request from another."""
    word, _, value = request.speech.timing_digest.partition(" ")
    if word == "sleep":
        Path(tempfile.gettempdir(), "half").write_text("half", encoding="ascii")
        time.sleep(float(value))
    elif word.startswith("wait"):
        while not Path(value).exists():
            time.sleep(0.01)
        _end_as(word.removeprefix("wait-then-"))
    elif word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "die-once" and not Path(value).exists():
        Path(value).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    elif word in {"print", "abort"}:
        os.write(2, value.encode())
        if word == "abort":
            os.abort()
    elif word == "log":
        get_log().warning("hard to say")
    elif word == "invalid":
        raise Invalid("speech", "SPEECH_LENGTH_INVALID", "say more")
    elif word == "transient":
        raise Transient("STORAGE_UNAVAILABLE: the disk sleeps")
    elif word == "corrupt":
        raise Corrupt(value, "ASSET_NOT_FOUND")
    elif word == "bug":
        raise ZeroDivisionError
    digest = store.put(f"{os.getpid()}".encode())
    return SyncResponse(take=Take(digest=digest, frame_count=request.speech.frame_count))


def _end_as(word: str) -> None:
    if word == "refuse":
        raise Invalid("speech", "WOKEN_LATE", "somebody else has this by now")
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)


def offer() -> Offer:
    methods: dict[str, Method] = {SYNC: (SyncRequest, sync)}
    return Offer(methods.__getitem__, Ready(ENGINES, (SYNC,)), lambda _store: request(""))


def broken() -> Offer:
    raise Transient("MODEL_UNAVAILABLE: it is elsewhere")


def setup(folder: Path, scratch: Path | None = None) -> Setup:
    open_store = partial(Store.in_folder, folder / "store")
    return Setup(offer, open_store, folder / "log", scratch or folder / "scratch")


def request(word: str, number: int = 0, engine: str = "") -> SyncRequest:
    speech = Speech(timing_digest=word, frame_count=number)
    return SyncRequest(speech=speech, engine=engine)


def key_of(asked: SyncRequest, team: str = "house") -> str:
    return task_key(team, asked, dict(ENGINES)[asked.engine or "tiny"])


def work(word: str, number: int = 0, team: str = "house", *, anew: bool = False) -> Work:
    asked = request(word, number)
    return Work(key_of(asked, team), asked, team, anew)
