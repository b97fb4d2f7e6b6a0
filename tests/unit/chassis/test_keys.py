"""A task is found again under its key, today and in ten years, here and on another machine."""

import hashlib

import pytest
from google.protobuf import struct_pb2
from google.protobuf.wrappers_pb2 import DoubleValue
from rostrum.compositing.v1.compositing_pb2 import CheckSceneRequest, Scene
from rostrum.lipsync.v1.lipsync_pb2 import SyncRequest
from rostrum.media.v1.media_pb2 import Speech
from rostrum.motion.v1.motion_pb2 import MakeLoopRequest
from rostrum.speech.v1.speech_pb2 import Chunk, PlanChunksRequest, SynthesizeRequest

from services.chassis.errors import Invalid
from services.chassis.keys import canonical, task_key

LOOP = MakeLoopRequest(engine="tracks", frame_rate=25, frame_count=3200, seed=7)


def scene(**data: object) -> CheckSceneRequest:
    request = CheckSceneRequest(scene=Scene(template="news-frame"), script="Hello.")
    request.scene.data.update(data)
    return request


def test_a_key_is_the_digest_of_a_document_that_can_be_written_by_hand() -> None:
    document = (
        '["public","rostrum.motion.v1.MakeLoopRequest","tracks 1",'
        '{"engine":"tracks","frameCount":3200,"frameRate":25,"seed":7}]'
    )
    assert task_key("public", LOOP, "tracks 1") == hashlib.sha256(document.encode()).hexdigest()


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (LOOP, "fb0e1ac304244bfdbbe6aea3515d5fe25449ae7db91efcdc56b7d9d9622b4fb6"),
        (
            SynthesizeRequest(chunk=Chunk(text="Zażółć gęślą jaźń – „ok”.")),
            "f9e0615f08cb8f3bbde899fd349fb76a14b306067931bb397f6e08a13416ca68",
        ),
        (
            scene(title="Senior Welder", rows=[{"text": "€52,000"}], share=0.1, big=1e21),
            "0966f2cfe493673de7b17d4563de49b92c79442a3b8ba8b92a3a32ac01c4c1af",
        ),
    ],
    ids=["whole numbers", "accents", "template data"],
)
def test_keys_never_change(request_: object, key: str) -> None:
    assert task_key("public", request_, "engine 1") == key, "every result ever made would be lost"


def test_keys_tell_realms_stages_and_engines_apart() -> None:
    same = {"engine": "x"}
    keys = {
        task_key("public", LOOP, "tracks 1"),
        task_key("other", LOOP, "tracks 1"),
        task_key("public", LOOP, "tracks 2"),
        task_key("public", PlanChunksRequest(**same), "1"),
        task_key("public", SyncRequest(**same), "1"),
    }
    assert len(keys) == 5


def test_what_is_not_said_and_what_is_said_to_be_nothing_are_the_same_task() -> None:
    silent = SyncRequest(engine="visemes", speech=Speech(frame_rate=25))
    outspoken = SyncRequest(
        engine="visemes", speech=Speech(audio_digest="", sample_count=0, frame_rate=25)
    )
    assert task_key("public", silent, "1") == task_key("public", outspoken, "1")


def test_the_order_in_which_data_was_written_does_not_matter() -> None:
    assert task_key("r", scene(a=1, b={"c": 2, "d": 3}), "1") == task_key(
        "r", scene(b={"d": 3, "c": 2}, a=1.0), "1"
    )


def test_the_order_of_a_list_does() -> None:
    assert task_key("r", scene(a=[1, 2]), "1") != task_key("r", scene(a=[2, 1]), "1")


def test_a_field_that_this_version_does_not_know_is_refused_however_deep_it_lies() -> None:
    newer = SyncRequest(engine="visemes", speech=Speech(frame_rate=25))
    newer.speech.MergeFromString(b"\xfa\x07\x03new")  # field 127
    with pytest.raises(Invalid) as caught:
        task_key("public", newer, "1")
    violation = caught.value.violations[0]
    assert (violation.field, violation.reason) == ("speech.127", "FIELD_UNKNOWN")


def test_an_agreement_with_floats_is_refused_outside_of_template_data() -> None:
    with pytest.raises(TypeError, match="float"):
        canonical(DoubleValue(value=1.5))
    assert canonical(scene(a=1.5))["scene"]["data"] == {"a": 1.5}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_cannot_say_are_the_callers_mistake(number: float) -> None:
    request = scene()
    request.scene.data.fields["a"].CopyFrom(struct_pb2.Value(number_value=number))
    with pytest.raises(Invalid, match="VALUE_OUT_OF_RANGE"):
        task_key("public", request, "1")
