"""What comes off the wire is a request of this version, or is refused by its field."""

from __future__ import annotations

import pytest
from google.protobuf.wrappers_pb2 import BytesValue
from rostrum.director.v1.line_pb2 import Report
from rostrum.director.v1.production_pb2 import (
    CreateVideoRequest,
    ListVideosRequest,
    VideoState,
    WatchVideoResponse,
)

from services.chassis.errors import Invalid
from services.chassis.requests import read


def refusal(kind: type, data: bytes) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(kind, data)
    return caught.value


@pytest.mark.parametrize("data", [b"\xff\xff", b"\x0a\x05ab", b"\x0a\x02\xff\xfe", b"\x0b" * 200])
def test_bytes_that_are_no_message_are_malformed(data: bytes) -> None:
    assert refusal(CreateVideoRequest, data).violations[0].reason == "MALFORMED_REQUEST"


def test_an_unknown_enum_value_is_named_with_its_place() -> None:
    data = ListVideosRequest(states=[VideoState.VIDEO_STATE_QUEUED, 9999]).SerializeToString()
    (said,) = refusal(ListVideosRequest, data).violations
    assert (said.field, said.reason) == ("states[1]", "ENUM_UNKNOWN")


def test_an_unknown_enum_value_is_found_at_any_depth() -> None:
    response = WatchVideoResponse()
    response.event.video.state = 9999
    (said,) = refusal(WatchVideoResponse, response.SerializeToString()).violations
    assert said.field == "event.video.state"
    report = Report()
    report.failed.kind = 77
    assert refusal(Report, report.SerializeToString()).violations[0].field == "failed.kind"


def test_a_sound_request_passes_and_so_does_a_field_of_a_newer_version() -> None:
    request = CreateVideoRequest(request_id="a")
    request.order.data.update({"title": "x", "rows": [{"text": "y"}], "empty": None})
    newer = BytesValue(value=b"x").SerializeToString().replace(b"\x0a", b"\xfa\x7f", 1)
    assert read(CreateVideoRequest, request.SerializeToString() + newer).order == request.order
