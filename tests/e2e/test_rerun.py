"""An edit costs what it changes: one sentence of a bulletin, a few chunks of speech and lips."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from services.chassis.store import Store
from services.director.dispatch import Director
from services.director.state import State
from services.studio.documents import read_document
from services.studio.library import Library
from services.studio.orders import Reader
from services.studio.stages import fingerprint, methods_of
from tests.e2e.conftest import SAMPLES


def spoken(store: Store, state: State, script: str, home: Path) -> Counter[str]:
    """Do every task for a script but drawing, and return how many were done, by stage."""
    document = read_document(SAMPLES / "bulletin.yaml")
    document.fields["script"] = script
    job = Reader(Library(store, home)).job(document)
    assert job.production is not None
    director = Director(store, state, fingerprint)
    video = director.admit(job.production)
    done: Counter[str] = Counter()
    while tasks := [t for t in director.ready(video) if not drawn(t.name)]:
        for task in tasks:
            _, method = methods_of(task.stage)[task.request.DESCRIPTOR.full_name]
            director.accept(task, method(task.request, store), 0.0)
            done[task.stage] += task.name not in {"speech/plan"}
    assert video.error is None, video.error
    return done


def drawn(task: str) -> bool:
    stage, _, name = task.partition("/")
    return stage == "compositing" and (name.isdigit() or name == "join")


def test_one_changed_sentence_costs_at_most_three_chunks(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path / "store")
    state = State(f"sqlite:///{tmp_path}/state.sqlite")
    paragraphs = read_document(SAMPLES / "bulletin.yaml").fields["script"].split("\n\n")
    plain = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    before = "volunteers have mended more than 900 lamps, bicycles and radios."
    after = "volunteers have mended some 1,400 lamps, kettles, bicycles, toasters and radios."
    assert before in plain
    first = spoken(store, state, plain, tmp_path)
    assert first["lipsync"] >= 9, "a bulletin of 90 s has so many chunks"
    second = spoken(store, state, plain.replace(before, after), tmp_path)
    assert 1 <= second["speech"] <= 3
    assert 1 <= second["lipsync"] <= 3
