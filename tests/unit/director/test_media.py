"""Files go in and out of the door Media: resumable, checked, bounded, each team's own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import grpc
import pytest
from rostrum.director.v1 import media_pb2 as pb
from rostrum.director.v1.media_pb2_grpc import MediaStub
from sqlalchemy import insert, select

from services.chassis.calls import Call
from services.chassis.errors import Corrupt, Invalid, StageError, Transient
from services.chassis.server import Server
from services.chassis.settings import DoorSettings
from services.chassis.status import Refused, read_status
from services.chassis.store import Store, digest_of
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import Passing
from services.director.database import open_tables
from services.director.rpc.desk import Desk as RealDesk
from services.director.rpc.media import Limits, Media
from services.director.tables import assets, withheld
from services.director.uploads import KEPT_SECONDS, Uploads

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3000
DIGEST = digest_of(PNG)
PIECE = 100_000


class Desk:
    """A director's door Media on loopback, and a way to another team's side of it."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.engine = open_tables(f"sqlite:///{folder / 'state.sqlite'}")
        self.store = Store.open(f"file://{folder / 'store'}", "house")
        self.uploads = Uploads(folder / "uploads")
        self.media = Media(self.store, RealDesk(self.engine, lambda: 1_000), self.uploads, limits)
        doors = [self.media.door()]
        self.server = Server(doors, DoorSettings(), Metrics("director"), Passing())
        self.server.start()
        self.channel = grpc.insecure_channel(self.server.address)
        self.stub = MediaStub(self.channel)

    def close(self) -> None:
        self.channel.close()
        self.server.stop(0, 0)
        self.engine.dispose()

    def upload(self, data: bytes = PNG, **head: object) -> pb.UploadResponse:
        return self.send(requests(data, **head))

    def send(self, sent: Iterable[pb.UploadRequest]) -> pb.UploadResponse:
        try:
            return self.stub.Upload(iter(sent), timeout=20)
        except grpc.RpcError as error:
            raise read_status(error) from None

    def received(self, digest: str = DIGEST) -> pb.GetUploadResponse:
        return self.stub.GetUpload(pb.GetUploadRequest(digest=digest), timeout=5)

    def download(self, digest: str = DIGEST, offset: int = 0) -> list[pb.DownloadResponse]:
        request = pb.DownloadRequest(digest=digest, offset_bytes=offset)
        try:
            return list(self.stub.Download(request, timeout=20))
        except grpc.RpcError as error:
            raise read_status(error) from None

    def rows(self) -> list[tuple[str, str, int, str]]:
        columns = (assets.c.team, assets.c.digest, assets.c.size_bytes, assets.c.extension)
        with self.engine.begin() as connection:
            return [tuple(row) for row in connection.execute(select(*columns))]


def requests(data: bytes = PNG, **head: object) -> Iterator[pb.UploadRequest]:
    said = {"digest": digest_of(data), "size_bytes": len(data), "extension": "png", **head}
    yield pb.UploadRequest(head=pb.UploadHead(**said))
    for start in range(pb.UploadHead(**said).offset_bytes, len(data), PIECE):
        yield pb.UploadRequest(data=data[start : start + PIECE])


def broken_off(desk: Desk, data: bytes = PNG, after: int = 3 * PIECE) -> None:
    """Send the beginning of a file, then break the connection off."""
    gone = threading.Event()

    def sent() -> Iterator[pb.UploadRequest]:
        head = pb.UploadHead(digest=digest_of(data), size_bytes=len(data), extension="png")
        yield pb.UploadRequest(head=head)
        for start in range(0, after, PIECE):
            yield pb.UploadRequest(data=data[start : start + PIECE])
        gone.wait(10)

    call = desk.stub.Upload.future(sent())
    wait_for(lambda: desk.received(digest_of(data)).received_bytes >= after - 20_000)
    call.cancel()
    gone.set()


def wait_for(holds: object, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def desk(tmp_path: Path, limits: Limits) -> Iterator[Desk]:
    desk = Desk(tmp_path, limits)
    yield desk
    desk.close()


def reason_of(refusal: pytest.ExceptionInfo[Invalid]) -> tuple[str, str]:
    return refusal.value.violations[0].field, refusal.value.violations[0].reason


def test_a_file_goes_in_and_comes_out(desk: Desk) -> None:
    assert not desk.received().complete
    assert desk.upload() == pb.UploadResponse(digest=DIGEST, size_bytes=len(PNG))
    assert desk.received().complete
    assert desk.rows() == [("house", DIGEST, len(PNG), "png")]
    messages = desk.download()
    assert b"".join(message.data for message in messages) == PNG
    assert [m.size_bytes for m in messages] == [len(PNG)] + [0] * (len(messages) - 1)
    assert max(len(message.data) for message in messages) <= 256 << 10
    assert not desk.uploads.sizes("house")


def test_what_is_there_need_not_be_sent_again(desk: Desk) -> None:
    desk.upload()
    head = next(requests())
    assert desk.send([head]).digest == DIGEST
    assert len(desk.rows()) == 1


def test_an_upload_goes_on_where_it_broke_off(desk: Desk) -> None:
    broken_off(desk)
    wait_for(lambda: desk.received().received_bytes == 3 * PIECE)
    desk.upload(offset_bytes=3 * PIECE)
    assert desk.store.intake.get(DIGEST) == PNG


def test_an_upload_may_begin_anew(desk: Desk) -> None:
    broken_off(desk)
    wait_for(lambda: upload_ended(desk))
    assert desk.store.intake.get(DIGEST) == PNG


def upload_ended(desk: Desk) -> bool:
    """Upload from the beginning, unless the server has not noticed yet that a call broke off."""
    try:
        desk.upload()
    except Refused:
        return False
    return True


def test_one_that_begins_elsewhere_is_told_where_to_begin(desk: Desk) -> None:
    broken_off(desk)
    wait_for(lambda: desk.received().received_bytes == 3 * PIECE)
    with pytest.raises(Invalid, match=f"{3 * PIECE} bytes have arrived") as refusal:
        desk.upload(offset_bytes=5)
    assert reason_of(refusal) == ("head.offset_bytes", "UPLOAD_OFFSET_INVALID")


def test_one_that_ends_early_is_told_how_far_it_is(desk: Desk) -> None:
    with pytest.raises(Invalid, match="300000 of 768008 bytes") as refusal:
        desk.send(list(requests())[:4])
    assert reason_of(refusal) == ("data", "UPLOAD_INCOMPLETE")
    desk.upload(offset_bytes=300_000)


def test_two_calls_do_not_write_one_file(desk: Desk) -> None:
    with desk.uploads.open("house", DIGEST), pytest.raises(Refused, match="UPLOAD_IN_PROGRESS"):
        desk.upload()
    desk.upload()


@pytest.mark.parametrize(
    ("data", "head", "field", "reason"),
    [
        (PNG, {"extension": "exe"}, "head.extension", "ASSET_TYPE_UNSUPPORTED"),
        (PNG, {"extension": "PNG"}, "head.extension", "ASSET_TYPE_UNSUPPORTED"),
        (PNG, {"extension": "pkl"}, "head.extension", "TEMPLATE_FORMAT_FORBIDDEN"),
        (PNG, {"extension": "jpg"}, "data", "IMAGE_TYPE_MISMATCH"),
        (PNG, {"extension": "wav"}, "data", "AUDIO_TYPE_UNSUPPORTED"),
        (PNG, {"extension": "mp4"}, "data", "VIDEO_UNRECOGNISED"),
        (PNG, {"extension": "npz"}, "data", "TEMPLATE_UNRECOGNISED"),
        (b"\x80\x04" + PNG, {"extension": "npz"}, "data", "TEMPLATE_FORMAT_FORBIDDEN"),
        (b"RIFF\0\0\0\0AVI " + PNG, {"extension": "mp4"}, "data", "VIDEO_CONTAINER_UNSUPPORTED"),
        (b"just some text " * 500, {"extension": "png"}, "data", "IMAGE_UNRECOGNISED"),
        (b"<svg xmlns='x'/>", {"extension": "png"}, "data", "IMAGE_TYPE_UNSUPPORTED"),
        (b"fLaC", {"extension": "mp3"}, "data", "AUDIO_TYPE_MISMATCH"),
        (b"", {}, "head.size_bytes", "IMAGE_EMPTY"),
        (b"", {"extension": "npz"}, "head.size_bytes", "TEMPLATE_EMPTY"),
        (PNG, {"size_bytes": 3 << 30}, "head.size_bytes", "ASSET_TOO_LARGE"),
        (PNG, {"size_bytes": 9999}, "head.size_bytes", "UPLOAD_SIZE_MISMATCH"),
        (PNG, {"digest": "0" * 64}, "head.digest", "ASSET_DIGEST_MISMATCH"),
        (PNG, {"digest": "../../secret"}, "head.digest", "OBJECT_KEY_INVALID"),
        (PNG, {"digest": "http://169.254.169.254/"}, "head.digest", "URL_NOT_ALLOWED"),
        (PNG, {"offset_bytes": 7}, "head.offset_bytes", "UPLOAD_OFFSET_INVALID"),
    ],
)
def test_what_cannot_be_used_is_refused(
    desk: Desk, data: bytes, head: dict[str, object], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        desk.upload(data, **head)
    assert reason_of(refusal) == (field, reason)
    assert not desk.uploads.sizes("house"), "what is refused is not kept"
    assert not list(desk.store.intake.listed())
    assert not desk.rows()
    desk.upload()


def test_a_wrong_kind_is_refused_before_all_of_it_is_sent(desk: Desk) -> None:
    sent = []

    def counted() -> Iterator[pb.UploadRequest]:
        data = b"just some text " * 1_000_000
        for request in requests(data, extension="png"):
            sent.append(len(request.data))
            time.sleep(0.002)
            yield request

    with pytest.raises(Invalid, match="IMAGE_UNRECOGNISED"):
        desk.send(counted())
    assert sum(sent) < 10_000_000


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ([], "FIELD_REQUIRED"),
        ([pb.UploadRequest()], "FIELD_REQUIRED"),
        ([pb.UploadRequest(data=PNG)], "FIELD_REQUIRED"),
        ([*list(requests())[:2], next(requests())], "FIELD_REPEATED"),
    ],
)
def test_the_head_comes_first_and_once(
    desk: Desk, sent: list[pb.UploadRequest], reason: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        desk.send(sent)
    assert reason_of(refusal) == ("head", reason)


def test_a_file_that_is_there_must_be_what_the_head_says(desk: Desk) -> None:
    desk.upload()
    with pytest.raises(Invalid, match="IMAGE_TYPE_MISMATCH"):
        desk.upload(extension="webp")
    with pytest.raises(Invalid, match="UPLOAD_SIZE_MISMATCH"):
        desk.upload(size_bytes=9999)


@pytest.mark.parametrize("limits", [Limits(team_bytes=len(PNG) + 1000)])
def test_b20_a_team_may_hand_in_so_much(desk: Desk) -> None:
    desk.upload()
    with pytest.raises(Invalid, match="QUOTA_STORAGE") as refusal:
        desk.upload(PNG + b"more")
    assert reason_of(refusal) == ("head.size_bytes", "QUOTA_STORAGE")
    desk.upload(PNG[:900])
    desk.upload()


@pytest.mark.parametrize("limits", [Limits(team_bytes=2 * len(PNG), team_uploads=2)])
def test_what_is_coming_counts_too(desk: Desk) -> None:
    broken_off(desk, PNG + b"1", after=len(PNG) // PIECE * PIECE)
    with pytest.raises(Invalid, match="QUOTA_STORAGE"):
        desk.upload(PNG + bytes(200_000))


@pytest.mark.parametrize("limits", [Limits(uploads=1)])
def test_so_many_files_come_in_at_a_time(desk: Desk) -> None:
    begun, leave = threading.Event(), threading.Event()

    def slow() -> Iterator[pb.UploadRequest]:
        yield from list(requests())[:2]
        begun.set()
        leave.wait(10)

    call = desk.stub.Upload.future(slow())
    wait_for(lambda: desk.received().received_bytes)
    with pytest.raises(Refused, match="BUSY"):
        desk.upload(PNG + b"more")
    assert not desk.received(digest_of(PNG + b"more")).received_bytes
    call.cancel()
    leave.set()


def test_b14_no_team_has_anothers_files(desk: Desk) -> None:
    desk.store.in_realm("sports").intake.put(PNG)
    assert not desk.received().complete
    with pytest.raises(Invalid) as refusal:
        desk.download()
    assert reason_of(refusal) == ("digest", "ASSET_NOT_FOUND")


def test_what_is_published_to_all_is_every_teams(desk: Desk) -> None:
    desk.store.in_realm("public").intake.put(PNG)
    assert desk.received().complete
    assert b"".join(message.data for message in desk.download()) == PNG


def test_what_is_handed_in_lies_apart_from_what_stages_write(desk: Desk) -> None:
    desk.store.put(PNG)
    assert not desk.received().complete, "an Import method would not find it"
    desk.upload()
    assert desk.store.intake.get(DIGEST) == PNG
    desk.store.delete(DIGEST)
    assert b"".join(message.data for message in desk.download()) == PNG
    assert not desk.store.has(DIGEST)


def test_what_is_withheld_is_not_there(desk: Desk) -> None:
    desk.store.put(PNG)
    with desk.engine.begin() as connection:
        connection.execute(insert(withheld).values(team="house", digest=DIGEST, time_ms=1))
    with pytest.raises(Invalid, match="ASSET_NOT_FOUND"):
        desk.download()


@pytest.mark.parametrize("offset", [1, 300_000, len(PNG) - 1, len(PNG)])
def test_a_download_goes_on_from_any_byte(desk: Desk, offset: int) -> None:
    desk.store.put(PNG)
    messages = desk.download(offset=offset)
    assert b"".join(message.data for message in messages) == PNG[offset:]
    assert messages[0].size_bytes == len(PNG)


def test_nothing_is_sent_of_what_cannot_be(desk: Desk) -> None:
    desk.store.put(PNG)
    for digest, offset, reason in (
        (DIGEST, len(PNG) + 1, "OFFSET_OUT_OF_RANGE"),
        ("0" * 64, 0, "ASSET_NOT_FOUND"),
        ("../../secret", 0, "OBJECT_KEY_INVALID"),
    ):
        with pytest.raises(Invalid, match=reason):
            desk.download(digest, offset)


def test_i09_an_altered_file_is_not_sent_and_can_be_handed_in_again(
    desk: Desk, tmp_path: Path
) -> None:
    desk.upload()
    (tmp_path / "store" / "house" / "intake" / DIGEST).write_bytes(PNG[:-1] + b"!")
    with pytest.raises(Corrupt, match="ASSET_DIGEST_MISMATCH"):
        desk.download()
    assert not desk.received().complete
    desk.upload()
    assert b"".join(message.data for message in desk.download()) == PNG


def test_a_store_that_is_away_loses_no_upload(desk: Desk, tmp_path: Path) -> None:
    realm = tmp_path / "store" / "house"
    realm.write_text("no folder")
    with pytest.raises(Transient, match="STORAGE_UNAVAILABLE"):
        desk.upload()
    realm.unlink()
    desk.upload(offset_bytes=desk.received().received_bytes)
    assert desk.store.intake.get(DIGEST) == PNG


def test_what_arrived_survives_the_director_and_is_kept_for_a_day(
    desk: Desk, tmp_path: Path
) -> None:
    broken_off(desk)
    again = Uploads(tmp_path / "uploads")
    wait_for(lambda: again.received_bytes("house", DIGEST) == 3 * PIECE)
    again.discard_old()
    assert again.received_bytes("house", DIGEST) == 3 * PIECE
    yesterday = time.time() - KEPT_SECONDS - 1
    os.utime(tmp_path / "uploads" / "house" / DIGEST, (yesterday, yesterday))
    again.discard_old()
    assert again.received_bytes("house", DIGEST) == 0


def test_a_caller_that_reads_slowly_takes_no_memory(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = PNG * 120  # far more than sockets and windows of gRPC hold
    desk.store.put(data)
    taken = []

    class Counting(Store):
        def stream(self, digest: str, offset_bytes: int = 0) -> object:
            stream = super().stream(digest, offset_bytes)
            return type(stream)(stream.size_bytes, map(self.count, stream.pieces))

        @staticmethod
        def count(piece: bytes) -> bytes:
            taken.append(len(piece))
            return piece

    monkeypatch.setattr(desk.media, "_store", Counting(desk.store._blobs, "house"))
    monkeypatch.setattr(Counting, "in_realm", lambda self, realm: self)
    call = desk.stub.Download(pb.DownloadRequest(digest=digest_of(data)))
    next(call)
    time.sleep(0.3)
    assert sum(taken) < len(data) // 2, "the whole file waits in memory for its reader"
    call.cancel()
    wait_for(lambda: desk.server._reception._streams == set())
    assert sum(taken) < len(data)


def test_the_methods_need_no_server(desk: Desk) -> None:
    call = Call("rostrum.director.v1.Media/Upload", "house")
    desk.media.upload(requests(), call)
    assert desk.media.get_upload(pb.GetUploadRequest(digest=DIGEST), call).complete
    with pytest.raises(StageError):
        list(desk.media.download(pb.DownloadRequest(digest="x"), call))
