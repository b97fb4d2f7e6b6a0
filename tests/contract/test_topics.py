"""The registry of topics and the code hold together."""

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from google.protobuf import descriptor_pool

from services.chassis import topics
from services.chassis.envelope import MESSAGES, REQUIRED
from services.chassis.topics import RAW, TOPICS, Topic, dead_of, tasks_of

ROOT = Path(__file__).parents[2]
REGISTRY = ROOT / "protos" / "topics.yaml"
STAGES = ("speech", "motion", "lipsync", "restoration", "compositing")
ROOMS = {path.parent.name for path in (ROOT / "services").glob("*/__init__.py")}
CODE = sorted(set((ROOT / "services").rglob("*.py")) - {Path(str(topics.__file__))})
EVERY = pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)


@EVERY
def test_a_topics_message_is_one_that_code_can_read(topic: Topic) -> None:
    if topic.message == RAW:
        return
    assert descriptor_pool.Default().FindMessageTypeByName(topic.message)
    assert topic.message in MESSAGES, "unwrap would not know it"


def test_every_message_of_the_bus_says_what_it_must_hold() -> None:
    assert set(REQUIRED) == set(MESSAGES.values())
    for kind, names in REQUIRED.items():
        known = {*kind.DESCRIPTOR.fields_by_name, *kind.DESCRIPTOR.oneofs_by_name}
        assert known.issuperset(names), kind


@EVERY
def test_who_writes_and_reads_is_a_room(topic: Topic) -> None:
    assert topic.writers, "a topic that nobody writes is no topic"
    assert ROOMS.issuperset(topic.writers + topic.readers)


@EVERY
def test_a_name_has_dots_and_no_underscore(topic: Topic) -> None:
    assert re.fullmatch(r"rostrum(\.[a-z]+)+", topic.name), "Kafka's metrics mix dots and _ up"


@EVERY
def test_limits_are_ones_that_brokers_keep(topic: Topic) -> None:
    assert topic.partitions >= 1
    assert topic.retention_hours >= 1
    assert topic.largest_bytes <= 1_048_576, "media travel by digest"
    assert topic.purpose.endswith(".")


def test_every_stage_has_its_topics() -> None:
    for stage in STAGES:
        tasks = tasks_of(stage)
        assert (tasks.readers, tasks.writers) == ((stage,), ("director",))
        assert dead_of(tasks).writers == (stage,)
    assert dead_of(topics.REPORTS).writers == ("director",)


@EVERY
def test_what_cannot_be_read_has_a_place_to_go_with_its_reasons(topic: Topic) -> None:
    others_read_it = topic.message != RAW and bool(topic.readers)
    kept = others_read_it and topic.retention_hours > 1  # the rest is sent again within seconds
    if kept:
        assert dead_of(topic).largest_bytes >= topic.largest_bytes + 4_096


def names_in(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts in a module's code, without its docstrings."""
    text = path.read_text(encoding="utf-8")
    if not any(part in text for part in ("rostrum.", ".tasks", ".dead")):
        return
    tree = ast.parse(text)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def test_no_topic_is_named_outside_the_registry() -> None:
    part = re.compile(r"(^|rostrum\.[^/ ]*)\.(tasks|dead)$")
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in CODE
        for line, text in names_in(path)
        if text in TOPICS or part.search(text)
    ]
    assert not found, "take names from services.chassis.topics: one place to change them"


def test_the_check_for_names_finds_them(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(
        '"""Reads rostrum.reports."""\nA = f"rostrum.{1}.tasks"\nB = "rostrum.videos"\n'
    )
    assert [text for _, text in names_in(planted) if text != "rostrum."] == [
        "rostrum.videos",
        ".tasks",
    ]


def test_code_reads_the_registry_itself() -> None:
    said = yaml.safe_load(REGISTRY.read_text())
    assert list(said) == list(TOPICS)
    link = ROOT / "services" / "chassis" / "topics.yaml"
    assert link.resolve() == REGISTRY, "a second copy would grow apart"


def test_a_wheel_has_the_registry(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for part in ("services/__init__.py", "services/chassis/topics.yaml", "protos/topics.yaml"):
        (source / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, source / part, follow_symlinks=False)
    for part in ("pyproject.toml", "README.md", "LICENSE", "services/chassis/__init__.py"):
        shutil.copy(ROOT / part, source / part)
    (source / "protos/gen/rostrum").mkdir(parents=True)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", str(tmp_path), str(source)], check=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("services/chassis/topics.yaml") == REGISTRY.read_bytes()
