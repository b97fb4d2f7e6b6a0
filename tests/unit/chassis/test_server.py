"""A door over real connections: what gets in, what is told, and that the next good call works."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from rostrum.director.v1 import media_pb2 as pb

from services.chassis.calls import Call
from services.chassis.door import door
from services.chassis.errors import Corrupt, Invalid, Transient
from services.chassis.server import Server, Size
from services.chassis.settings import DoorSettings
from services.chassis.status import Abandoned, Late, Refused, read_status
from tests.unit.chassis.doors import SERVICE, Authority, Room, ask, get_upload, serve

Code = grpc.StatusCode
MEBIBYTE = 1 << 20


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def server(room: Room) -> Iterator[Server]:
    server = serve(room)
    yield server
    server.stop(0, 0)


@pytest.fixture
def channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as channel:
        yield channel


def failure(call, *args: object, **named: object) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(*args, **named)
    return caught.value


def reasons(error: grpc.RpcError) -> list[str]:
    said = read_status(error)
    assert isinstance(said, Invalid), said
    return [each.reason for each in said.violations]


def eventually(holds, seconds: float = 3.0) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def test_a_call_knows_its_team_its_deadline_and_its_trace(channel, room) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    call = channel.unary_unary(f"/{SERVICE}/GetUpload")
    call(b"", timeout=20, metadata=[("traceparent", parent)])
    call(b"")
    timed, untimed = room.calls
    assert timed.team == "house"
    assert 15 < timed.remaining() < timed.deadline_seconds <= 20
    assert untimed.deadline_seconds is None
    assert 800 < untimed.remaining() <= 900, "a call without a deadline has one of ours"
    assert parent[3:35] in timed.trace["traceparent"]


BAD = {
    "no message": (b"\xff\xff", Code.INVALID_ARGUMENT, "MALFORMED_REQUEST"),
    "cut off": (b"\x0a\x40abc", Code.INVALID_ARGUMENT, "MALFORMED_REQUEST"),
    "not UTF-8": (b"\x0a\x02\xff\xfe", Code.INVALID_ARGUMENT, "MALFORMED_REQUEST"),
    "a megabyte and a byte": (b"x" * (MEBIBYTE + 1), Code.RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED"),
}


@pytest.mark.parametrize(("data", "code", "reason"), BAD.values(), ids=BAD)
def test_bad_bytes_are_refused_and_the_next_call_works(channel, data, code, reason) -> None:
    error = failure(ask, channel, "GetUpload", data)
    assert error.code() is code
    assert reasons(error) == [reason]
    assert get_upload(channel) == 3


def test_a_megabyte_is_taken(channel) -> None:
    data = pb.GetUploadRequest(digest="x" * (MEBIBYTE - 4)).SerializeToString()
    assert len(data) == MEBIBYTE
    assert ask(channel, "GetUpload", data)


def test_a_compressed_megabyte_is_refused_before_it_unfolds(channel) -> None:
    call = channel.unary_unary(f"/{SERVICE}/GetUpload")
    error = failure(call, b"x" * 100_000, compression=grpc.Compression.Gzip)
    assert error.code() is Code.UNIMPLEMENTED
    assert get_upload(channel) == 3


def test_an_unknown_method_is_unimplemented(channel) -> None:
    assert failure(ask, channel, "Bake", b"").code() is Code.UNIMPLEMENTED
    assert get_upload(channel) == 3


def test_a_millisecond_is_too_short_and_the_work_is_told_to_stop(channel, room) -> None:
    stopped = threading.Event()

    def work(_: object, call: Call) -> None:
        call.on_stop(stopped.set)
        call.stopped.wait(5)
        call.check()

    room.answer = work
    error = failure(get_upload, channel, seconds=0.001)
    assert error.code() is Code.DEADLINE_EXCEEDED
    assert isinstance(read_status(error), Late)
    error = failure(get_upload, channel, seconds=0.1)
    assert error.code() is Code.DEADLINE_EXCEEDED
    assert stopped.wait(20)
    room.answer = None
    assert get_upload(channel) == 3


def test_work_past_the_longest_time_is_not_answered(room) -> None:
    server = serve(room, longest_call_seconds=0.05)
    room.answer = lambda *_: time.sleep(0.1)
    with grpc.insecure_channel(server.address) as channel:
        error = failure(get_upload, channel, seconds=None)
    assert error.code() is Code.DEADLINE_EXCEEDED
    server.stop(0, 0)


def test_a_caller_who_goes_away_stops_the_work(channel, room) -> None:
    seen: list[Call] = []

    def work(_: object, call: Call) -> None:
        seen.append(call)
        call.stopped.wait(5)

    room.answer = work
    future = channel.unary_unary(f"/{SERVICE}/GetUpload").future(b"", timeout=5)
    assert eventually(lambda: bool(seen))
    future.cancel()
    assert seen[0].stopped.wait(20)
    with pytest.raises(Abandoned):
        seen[0].check()


def test_what_was_answered_stops_nothing_afterwards(channel, room) -> None:
    stopped = threading.Event()
    room.answer = lambda _, call: call.on_stop(stopped.set)
    assert get_upload(channel) == 3
    assert not stopped.wait(0.1), "the next caller's work would be ended instead"


ERRORS = [
    (Invalid("digest", "ASSET_TOO_LARGE", "2 GiB"), Code.RESOURCE_EXHAUSTED, Invalid),
    (Transient("STORAGE_UNAVAILABLE: away"), Code.UNAVAILABLE, Refused),
    (Refused("BUSY", "one at a time", 1.5), Code.RESOURCE_EXHAUSTED, Refused),
    (Corrupt("ab" * 32, "ASSET_DIGEST_MISMATCH"), Code.DATA_LOSS, Corrupt),
]


@pytest.mark.parametrize(("error", "code", "kind"), ERRORS, ids=lambda value: str(value)[:20])
def test_errors_arrive_as_what_they_were(channel, room, error, code, kind) -> None:
    room.answer = error
    said = failure(get_upload, channel)
    assert said.code() is code
    back = read_status(said)
    assert type(back) is kind
    if isinstance(back, Invalid):
        assert back.violations == error.violations
    if isinstance(back, Refused):
        assert back.retry_seconds == getattr(error, "retry_seconds", 5)
        assert str(back).count(str(error).split(":")[0]) == 1
    room.answer = None
    assert get_upload(channel) == 3


def test_a_bug_is_internal_says_nothing_and_is_survived(channel, room) -> None:
    room.answer = RuntimeError("secret")
    error = failure(get_upload, channel)
    assert error.code() is Code.INTERNAL
    assert "secret" not in error.details()
    room.answer = None
    assert get_upload(channel) == 3


def upload(channel: grpc.Channel, parts: list[bytes]) -> int:
    call = channel.stream_unary(f"/{SERVICE}/Upload")
    return pb.UploadResponse.FromString(call(iter(parts), timeout=5)).size_bytes


def test_a_callers_stream_is_read_to_its_end(channel) -> None:
    part = pb.UploadRequest(data=b"x" * 1000).SerializeToString()
    assert upload(channel, [part] * 5) == 5000
    assert reasons(failure(upload, channel, [part, b"\xff\xff"])) == ["MALFORMED_REQUEST"]
    assert upload(channel, [part]) == 1000


def test_silent_streams_end_at_their_limit_and_take_no_thread_from_other_calls(room) -> None:
    server = serve(room, Size(threads=2, streams=0), longest_call_seconds=2.0)
    leave = threading.Event()

    def silent() -> Iterator[bytes]:
        yield pb.UploadRequest(data=b"x").SerializeToString()
        leave.wait(20)

    with grpc.insecure_channel(server.address) as channel:
        call = channel.stream_unary(f"/{SERVICE}/Upload")
        began = time.monotonic()
        silences = [call.future(silent()) for _ in range(2)]
        assert eventually(lambda: len(room.received) == 2)
        assert get_upload(channel, seconds=1.5) == 3
        assert [failure(each.result, 10).code() for each in silences] == [
            *(Code.DEADLINE_EXCEEDED, Code.DEADLINE_EXCEEDED),
        ]
        assert 1.9 < time.monotonic() - began < 8
        assert upload(channel, [pb.UploadRequest(data=b"x").SerializeToString()]) == 1
        leave.set()
    server.stop(0, 0)


VANISH = f"""
import os, sys, time, grpc
from rostrum.director.v1 import media_pb2 as pb
def parts():
    yield pb.UploadRequest(data=b"half").SerializeToString()
    time.sleep(0.1)
    os.kill(os.getpid(), 9)
grpc.insecure_channel(sys.argv[1]).stream_unary("/{SERVICE}/Upload")(parts())
"""


def test_half_a_stream_of_a_killed_caller_is_not_taken_for_the_whole(server, room) -> None:
    ended = threading.Event()
    inner = room.upload

    def listen(requests: Iterator[pb.UploadRequest], call: Call) -> pb.UploadResponse:
        try:
            return inner(requests, call)
        except Abandoned:
            ended.set()
            raise

    functions = {"GetUpload": room.get_upload, "Upload": listen, "Download": room.download}
    other = Room()
    other.door = lambda: door(pb.DESCRIPTOR.services_by_name["Media"], functions)
    listening = serve(other)
    for _ in range(3):
        ended.clear()
        subprocess.run([sys.executable, "-c", VANISH, listening.address], check=False)
        assert ended.wait(20), "the caller's death looked like the end of its stream"
    listening.stop(0, 0)


def watch(channel: grpc.Channel, digest: str, offset: int = 0) -> Iterator[bytes]:
    request = pb.DownloadRequest(digest=digest, offset_bytes=offset).SerializeToString()
    return channel.unary_stream(f"/{SERVICE}/Download")(request, timeout=10)


def test_a_stream_is_given_and_its_errors_too(channel) -> None:
    assert len(list(watch(channel, "abc"))) == 3
    error = failure(lambda: list(watch(channel, "")))
    assert reasons(error) == ["FIELD_REQUIRED"]


def test_a_watcher_who_leaves_frees_its_thread(channel, room) -> None:
    stream = watch(channel, "a", offset=1)
    next(stream)
    stream.cancel()
    assert room.leave.wait(20)


def test_watchers_take_no_thread_from_other_calls_and_are_bounded(channel) -> None:
    streams = [watch(channel, "a", offset=1) for _ in range(4)]
    for stream in streams:
        next(stream)
    assert get_upload(channel) == 3
    error = failure(lambda: list(watch(channel, "a")))
    assert error.code() is Code.RESOURCE_EXHAUSTED
    assert "STREAMS_TOO_MANY" in str(read_status(error))
    streams[0].cancel()
    assert eventually(lambda: not failing(lambda: list(watch(channel, "a"))))


def failing(call) -> bool:
    try:
        call()
    except grpc.RpcError:
        return True
    return False


def test_more_calls_than_the_server_takes_are_turned_away_at_once(room) -> None:
    server = serve(room, Size(threads=1, calls=2, streams=0))
    inside = threading.Event()
    room.answer = lambda *_: inside.wait(5)
    with grpc.insecure_channel(server.address) as channel:
        call = channel.unary_unary(f"/{SERVICE}/GetUpload")
        waiting = [call.future(b"", timeout=5) for _ in range(6)]
        assert eventually(lambda: sum(each.done() for each in waiting) == 4)
        inside.set()
        codes = [each.code() for each in waiting]
        assert codes.count(Code.RESOURCE_EXHAUSTED) == 4
        assert codes.count(Code.OK) == 2
        turned_away = next(each for each in waiting if each.code() is Code.RESOURCE_EXHAUSTED)
        assert isinstance(read_status(turned_away), Transient)
    server.stop(0, 0)


def test_a_team_that_calls_too_often_hears_when_to_come_back(room) -> None:
    server = serve(room, calls_per_second=5)
    with grpc.insecure_channel(server.address) as channel:
        error = failure(lambda: [get_upload(channel) for _ in range(8)])
        assert error.code() is Code.RESOURCE_EXHAUSTED
        said = read_status(error)
        assert isinstance(said, Refused)
        time.sleep(said.retry_seconds + 0.05)
        assert get_upload(channel) == 3
    server.stop(0, 0)


# --- health, reflection, the end


def health(channel: grpc.Channel, service: str = "") -> int:
    request = health_pb2.HealthCheckRequest(service=service)
    return health_pb2_grpc.HealthStub(channel).Check(request, timeout=5).status


def test_health_follows_what_the_service_says(server, channel) -> None:
    serving, not_serving = (
        health_pb2.HealthCheckResponse.ServingStatus.values()[i] for i in (1, 2)
    )
    assert health(channel) == health(channel, SERVICE) == serving
    server.set_serving(serving=False)
    assert health(channel) == health(channel, SERVICE) == not_serving
    assert get_upload(channel) == 3, "who asks all the same is answered"
    assert failure(health, channel, "rostrum.bakery.v1.Oven").code() is Code.NOT_FOUND


def test_a_new_server_is_not_serving(room) -> None:
    server = serve(room)
    fresh = Server([room.door()], DoorSettings(), *server_parts())
    fresh.start()
    with grpc.insecure_channel(fresh.address) as channel:
        assert health(channel, SERVICE) == health_pb2.HealthCheckResponse.NOT_SERVING
    fresh.stop(0, 0)
    server.stop(0, 0)


def server_parts() -> tuple:
    from services.chassis.telemetry.metrics import Metrics  # noqa: PLC0415
    from services.chassis.telemetry.traces import Passing  # noqa: PLC0415

    return Metrics("test"), Passing()


def listed(channel: grpc.Channel) -> list[str]:
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # noqa: PLC0415

    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    (answer,) = stub.ServerReflectionInfo(asked, timeout=5)
    return [each.name for each in answer.list_services_response.service]


def test_reflection_is_off_until_it_is_turned_on(channel, room) -> None:
    assert failure(listed, channel).code() is Code.UNIMPLEMENTED
    server = serve(room, reflection=True)
    with grpc.insecure_channel(server.address) as open_channel:
        assert SERVICE in listed(open_channel)
    server.stop(0, 0)


def test_calls_in_hand_end_well_and_streams_go_on_elsewhere(room) -> None:
    server = serve(room)
    inside, leave = threading.Event(), threading.Event()

    def work(*_: object) -> None:
        inside.set()
        leave.wait(5)

    with grpc.insecure_channel(server.address) as channel:
        stream = watch(channel, "a", offset=1)
        next(stream)
        room.answer = work
        future = channel.unary_unary(f"/{SERVICE}/GetUpload").future(b"", timeout=5)
        assert inside.wait(20)
        stopping = threading.Thread(target=server.stop, args=(0.2, 5))
        stopping.start()
        assert health(channel) == health_pb2.HealthCheckResponse.NOT_SERVING
        error = failure(lambda: list(stream))
        assert error.code() is Code.UNAVAILABLE
        assert "DRAINING" in str(read_status(error))
        leave.set()
        assert future.result() == b""
        stopping.join(5)
        assert not stopping.is_alive()
        assert failure(get_upload, channel).code() is Code.UNAVAILABLE


def test_two_servers_do_not_share_a_port(server, room) -> None:
    with pytest.raises(Invalid, match="ADDRESS_UNUSABLE"):
        serve(room, listen=server.address)


def test_a_door_has_exactly_the_methods_of_its_proto(room) -> None:
    service = pb.DESCRIPTOR.services_by_name["Media"]
    with pytest.raises(ValueError, match="Media has"):
        door(service, {"Upload": room.upload})
    whole = {"Upload": room.upload, "Download": room.download, "GetUpload": room.get_upload}
    with pytest.raises(ValueError, match="Media has"):
        door(service, {**whole, "Bake": room.upload})


# --- TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture
def mutual(authority: Authority, room: Room) -> Iterator[str]:
    ours = authority.vouch("server")
    server = serve(
        room,
        tls_certificate=ours.certificate,
        tls_key=ours.key,
        tls_client_ca=authority.certificate,
    )
    yield server.address.replace("127.0.0.1", "localhost")
    server.stop(0, 0)


def come_in(address: str, credentials: grpc.ChannelCredentials) -> int:
    with grpc.secure_channel(address, credentials) as channel:
        return get_upload(channel)


def test_the_certificate_says_whose_the_call_is(mutual, authority, room) -> None:
    for team in ("north", "south-2"):
        assert come_in(mutual, authority.vouch(team).credentials(authority.certificate)) == 3
        assert room.calls[-1].team == team


@pytest.mark.parametrize("names", [(), ("North Team",), ("../x",), ("x" * 64,)])
def test_a_certificate_without_one_team_is_unauthenticated(mutual, authority, room, names) -> None:
    credentials = authority.vouch(*names).credentials(authority.certificate)
    error = failure(come_in, mutual, credentials)
    assert error.code() is Code.UNAUTHENTICATED
    assert reasons(error) == ["CERTIFICATE_TEAM_INVALID"]
    assert not room.calls


def test_strangers_do_not_get_in_and_the_next_call_works(
    mutual: str, authority: Authority, room: Room, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "theirs").vouch("north")
    nobody = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
    for credentials in (stranger.credentials(authority.certificate), nobody):
        assert failure(come_in, mutual, credentials).code() is Code.UNAVAILABLE
    with grpc.insecure_channel(mutual) as plain:
        assert failure(get_upload, plain).code() is Code.UNAVAILABLE
    assert not room.calls
    assert come_in(mutual, authority.vouch("north").credentials(authority.certificate)) == 3


def test_a_renewed_certificate_is_taken_up_without_a_restart(
    authority: Authority, room: Room, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "server.pem", tmp_path / "key.pem"
    first, second = authority.vouch("server"), Authority(tmp_path, "next")
    certificate.write_bytes(first.certificate.read_bytes())
    key.write_bytes(first.key.read_bytes())
    server = serve(
        room, tls_certificate=certificate, tls_key=key, tls_client_ca=authority.certificate
    )
    address = server.address.replace("127.0.0.1", "localhost")
    caller = authority.vouch("north")
    assert come_in(address, caller.credentials(authority.certificate)) == 3
    renewed = second.vouch("server")
    certificate.write_bytes(renewed.certificate.read_bytes())
    assert come_in(address, caller.credentials(authority.certificate)) == 3, "half renewed"
    key.write_bytes(renewed.key.read_bytes())
    assert come_in(address, caller.credentials(second.certificate)) == 3
    server.stop(0, 0)


def test_a_key_of_another_certificate_is_said_before_the_first_call(authority, room) -> None:
    one, other = authority.vouch("one"), authority.vouch("other")
    with pytest.raises(Invalid, match="ROSTRUM_TLS_CERTIFICATE"):
        serve(room, tls_certificate=one.certificate, tls_key=other.key)
    with pytest.raises(Invalid, match="ROSTRUM_TLS_CLIENT_CA"):
        serve(room, tls_certificate=one.certificate, tls_key=one.key, tls_client_ca=one.key)
