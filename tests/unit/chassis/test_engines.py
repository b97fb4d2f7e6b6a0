"""A stage's engines are found by name; requests that name none get the first."""

from dataclasses import dataclass

import pytest
from rostrum.motion.v1.motion_pb2 import MakeLoopRequest

from services.chassis.engines import Engines
from services.chassis.errors import Invalid


@dataclass(frozen=True)
class Plain:
    name: str
    fingerprint: str


ENGINES = Engines([Plain("draft", "draft 1"), Plain("neural", "neural 7")])


def test_engines_are_picked_by_name() -> None:
    assert ENGINES.pick("neural").fingerprint == "neural 7"
    assert ENGINES.names() == ("draft", "neural")


def test_an_engine_that_is_not_here_is_said_with_those_that_are() -> None:
    with pytest.raises(Invalid, match="choose from draft, neural") as refusal:
        ENGINES.pick("cinema")
    assert refusal.value.violations[0].reason == "ENGINE_UNKNOWN"


@pytest.mark.parametrize(("name", "fingerprint"), [("", "draft 1"), ("neural", "neural 7")])
def test_a_request_has_the_fingerprint_of_the_engine_it_names(name: str, fingerprint: str) -> None:
    assert ENGINES.fingerprint(MakeLoopRequest(engine=name)) == fingerprint
