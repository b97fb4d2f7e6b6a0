"""What the protos promise, the stages answer."""

import importlib
from types import ModuleType

import pytest
from google.protobuf.descriptor import MethodDescriptor

STAGES = ("speech", "motion", "lipsync", "restoration", "compositing")


def methods_in_proto(word: str) -> list[MethodDescriptor]:
    module = importlib.import_module(f"rostrum.{word}.v1.{word}_pb2")
    service = module.DESCRIPTOR.services_by_name[f"{word.capitalize()}Service"]
    return list(service.methods)


def room(word: str, part: str) -> ModuleType:
    return importlib.import_module(f"services.{word}.{part}")


@pytest.mark.parametrize("word", STAGES)
def test_a_stage_answers_exactly_what_its_proto_declares(word: str) -> None:
    answered = room(word, "stage").methods(room(word, "engines").load())
    assert {kind.DESCRIPTOR.full_name for kind in answered} == {
        method.input_type.full_name for method in methods_in_proto(word)
    }


@pytest.mark.parametrize("word", STAGES)
def test_an_engines_fingerprint_is_the_same_in_every_process(word: str) -> None:
    first, again = room(word, "engines").load(), room(word, "engines").load()
    for name in first.names():
        assert first.pick(name).fingerprint == again.pick(name).fingerprint
        assert first.pick(name).fingerprint.startswith(name)
