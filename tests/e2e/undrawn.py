"""Videos without their pictures: every task but drawing, done in this process."""

from __future__ import annotations

from pathlib import Path

from google.protobuf.message import Message

from services.chassis.store import Store
from services.director.dispatch import Director
from services.director.state import State
from services.director.videos import Task
from services.studio.documents import Document
from services.studio.library import Library
from services.studio.orders import Reader
from services.studio.stages import fingerprint, methods_of

Done = tuple[Task, Message]


class Undrawn:
    """A store with its memory, in which orders are worked on up to their pictures."""

    def __init__(self, folder: Path) -> None:
        self._home = folder
        self._store = Store.in_folder(folder / "store")
        self._state = State(f"sqlite:///{folder}/state.sqlite")

    def work(self, document: Document, *, performed: bool = True) -> list[Done]:
        """Do what can be done without drawing, and return it.

        performed: also what is not needed to know the words and their times.
        """
        job = Reader(Library(self._store, self._home)).job(document)
        assert job.commission is not None
        director = Director(self._store, self._state, fingerprint)
        video = director.admit(job.commission)
        done: list[Done] = []
        while tasks := [t for t in director.ready(video) if is_wanted(t, performed=performed)]:
            for task in tasks:
                _, method = methods_of(task.stage)[task.request.DESCRIPTOR.full_name]
                response = method(task.request, self._store)
                director.accept(task, response, 0.0)
                done.append((task, response))
        assert video.error is None, video.error
        return done


def is_wanted(task: Task, *, performed: bool) -> bool:
    """Return whether a task is a check, or a part that is not drawn."""
    is_check = bool(task.step.reads)
    return is_check or task.stage == "speech" or (performed and task.stage != "compositing")
