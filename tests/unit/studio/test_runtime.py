"""The runtime leads orders through director and workers, whatever becomes of the workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rostrum.director.v1.director_pb2 import Order

from services.chassis.answers import Bug, Work, write_error
from services.chassis.errors import Invalid
from services.chassis.pool import Done
from services.chassis.store import Store
from services.director.dispatch import Director
from services.director.state import State
from services.studio.complaints import Place
from services.studio.documents import Document
from services.studio.events import Event, Outcome, TaskEnded, Trouble
from services.studio.library import Library
from services.studio.orders import Job, Reader
from services.studio.runtime import DEATHS, Runtime
from services.studio.signals import Stop


class Workers:
    """A pool whose workers answer what they were told to, by the request's type."""

    size = 2

    def __init__(self, answers: dict[str, bytes | None]) -> None:
        self._answers = answers
        self._started: list[tuple[str, str]] = []

    @property
    def free(self) -> int:
        return self.size - len(self._started)

    def start(self, name: str, work: Work) -> None:
        self._started.append((name, work.request.DESCRIPTOR.name))

    def wait(self, others: list[int], seconds: float) -> list[Done]:
        done = [Done(key, self._answers.get(name)) for key, name in self._started]
        self._started.clear()
        return done


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(f"sqlite:///{tmp_path}/state.sqlite")
    yield state
    state.close()


def run(
    tmp_path: Path, state: State, events: list[Event], workers: Workers, *jobs: Job
) -> list[Outcome]:
    store = Store.in_folder(tmp_path / "store")
    director = Director(store, state, lambda stage, request: "print", jitter=lambda: 0.0)
    line = Runtime(director, workers, store, lambda video, outputs: {}, events.append)  # type: ignore[arg-type]
    with Stop() as stop:
        return line.run(jobs, tmp_path / "out", stop)


def job(tmp_path: Path, name: str) -> Job:
    fields = {"name": name, "presenter": "amara", "script": f"{name}.", "data": {"title": "x"}}
    store = Store.in_folder(tmp_path / "store")
    document = Document(tmp_path / "o.json", Place("o.json", {}), fields)
    return Reader(Library(store, tmp_path), "", Order()).job(document)


def test_a_task_that_ends_every_worker_is_given_up(
    tmp_path: Path, state: State, events: list[Event]
) -> None:
    (outcome,) = run(tmp_path, state, events, Workers({}), job(tmp_path, "a"))
    assert outcome.status == "failed"
    assert f"has ended {DEATHS} workers" in outcome.fault
    ended = [event for event in events if isinstance(event, TaskEnded)]
    given_up = next(event.task for event in ended if event.outcome == "failed")
    ends = [event.outcome for event in ended if event.task == given_up]
    assert ends == ["again"] * (DEATHS - 1) + ["failed"]


def test_a_bug_is_told_with_its_traceback_and_ends_the_video(
    tmp_path: Path, state: State, events: list[Event]
) -> None:
    bug = write_error(Bug("Traceback\nValueError: no"))
    names = ("PlanChunksRequest", "ImportPortraitRequest", "CheckSceneRequest")
    workers = Workers(dict.fromkeys(names, bug))
    (outcome,) = run(tmp_path, state, events, workers, job(tmp_path, "a"))
    assert outcome.status == "failed"
    assert any("Traceback" in event.text for event in events if isinstance(event, Trouble))


def test_a_stages_complaint_names_the_orders_field(
    tmp_path: Path, state: State, events: list[Event]
) -> None:
    no_face = write_error(Invalid("file_digest", "FACE_NOT_FOUND", "take another"))
    silent = write_error(Invalid("script", "LANGUAGE_UNSUPPORTED", "write words"))
    no_title = write_error(Invalid("scene.data.title", "DATA_TEXT_EMPTY", "write one"))
    names = ("ImportPortraitRequest", "PlanChunksRequest", "CheckSceneRequest")
    workers = Workers(dict(zip(names, (no_face, silent, no_title), strict=True)))
    (outcome,) = run(tmp_path, state, events, workers, job(tmp_path, "a"))
    assert outcome.status == "invalid"
    assert {(c.field, c.reason) for c in outcome.complaints} == {
        ("presenter", "FACE_NOT_FOUND"),
        ("script", "LANGUAGE_UNSUPPORTED"),
        ("data.title", "DATA_TEXT_EMPTY"),
    }


def test_a_job_that_cannot_be_read_takes_its_place_among_the_outcomes(
    tmp_path: Path, state: State, events: list[Event]
) -> None:
    unread = Job("b", Place("b.json", {}), None)
    outcomes = run(tmp_path, state, events, Workers({}), job(tmp_path, "a"), unread)
    assert [(o.name, o.status) for o in outcomes] == [("a", "failed"), ("b", "invalid")]


def test_what_has_not_ended_when_asked_to_stop_is_stopped(
    tmp_path: Path, state: State, events: list[Event]
) -> None:
    class Stopping(Workers):
        def wait(self, others: list[int], seconds: float) -> list[Done]:
            stop.requested = True
            return []

    store = Store.in_folder(tmp_path / "store")
    director = Director(store, state, lambda stage, request: "print")
    line = Runtime(director, Stopping({}), store, lambda video, outputs: {}, events.append)  # type: ignore[arg-type]
    with Stop() as stop:
        (outcome,) = line.run([job(tmp_path, "a")], tmp_path / "out", stop)
    assert outcome.status == "stopped"
