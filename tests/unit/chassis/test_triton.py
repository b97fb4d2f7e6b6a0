"""What a model server says becomes our words: what passes, what is wrong, what is a bug."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from services.chassis.errors import Invalid, Transient
from services.chassis.inference import Deadline, FeaturesMissing
from services.chassis.triton import IN_FLIGHT, Away, Full, TritonModels, translated


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        ("UNAVAILABLE", "failed to connect to all addresses", Away),
        ("UNAVAILABLE", "Request timeout expired", Away),
        ("UNAVAILABLE", "in ensemble x, Exceeds maximum queue size", Full),
        ("RESOURCE_EXHAUSTED", "too many calls", Full),
        ("RESOURCE_EXHAUSTED", "Received message larger than max (9 vs. 4)", Invalid),
        ("NOT_FOUND", "Request for unknown model: 'x' is not found", Invalid),
        ("NOT_FOUND", "Request for unknown model: 'x' version 3 is not found", Away),
        ("NOT_FOUND", "Request for model 'x' has no available versions", Away),
        ("NOT_FOUND", "FEATURES_MISSING: 00ff", FeaturesMissing),
        ("INTERNAL", "Failed to process the request: Stub process 'x' is not healthy.", Away),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", Away),
        ("CANCELLED", "", Away),
        ("INVALID_ARGUMENT", "TILE_SIDES_ODD: tile: give even tiles", Invalid),
        ("INTERNAL", "Traceback (most recent call last): …", RuntimeError),
    ],
)
def test_an_answer_is_what_it_says(status: str, message: str, kind: type[Exception]) -> None:
    assert type(translated("x", f"StatusCode.{status}", message)) is kind


def test_a_model_s_own_reason_reaches_the_caller() -> None:
    error = translated("x", "StatusCode.INVALID_ARGUMENT", "TILE_SIDES_ODD: tile: give even tiles")
    assert isinstance(error, Invalid)
    assert error.violations[0].reason == "TILE_SIDES_ODD"


def test_servers_elsewhere_are_asked_only_where_somebody_vouches_for_them(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="ROSTRUM_TRITON_CA"):
        TritonModels("models.example:8001")
    ca = tmp_path / "ca.pem"
    ca.write_text("who vouches")
    TritonModels("models.example:8001", ca).close()


def test_whoever_waits_behind_other_calls_is_told_so_at_the_deadline() -> None:
    models = TritonModels("127.0.0.1:1")
    for _ in range(IN_FLIGHT):
        models._slots.acquire()
    began = time.monotonic()
    with pytest.raises(Transient, match="MODELS_BUSY"):
        models._patiently("x", lambda: None, Deadline(0.2))
    assert time.monotonic() - began < 10


def test_closing_waits_for_no_call() -> None:
    models, over = TritonModels("127.0.0.1:1"), threading.Event()
    calls = [models._threads.submit(over.wait, 20) for _ in range(2 * IN_FLIGHT)]
    began = time.monotonic()
    models.close()
    assert time.monotonic() - began < 10
    assert calls[-1].cancelled()
    over.set()
