"""A program orders, watches and fetches videos, whatever happens to the director meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from rostrum.director.v1 import media_pb2, production_pb2
from rostrum.director.v1 import production_pb2 as pb
from rostrum.director.v1.director_pb2 import Order
from sqlalchemy import Engine

from services.chassis.calls import Call
from services.chassis.door import Door, door
from services.chassis.errors import Invalid, Transient, Violation
from services.chassis.server import Server
from services.chassis.settings import DoorSettings
from services.chassis.status import Refused
from services.chassis.store import Store, digest_of
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import Passing
from services.client import TLS, Patience, Rostrum, RostrumError
from services.director.database import open_tables
from services.director.rpc.desk import Desk
from services.director.rpc.media import Media
from services.director.uploads import Uploads

ID = "0123456789abcdef0123456789abcdef"
MOVIE = bytes(range(256)) * 8000
PNG = b"\x89PNG\r\n\x1a\n" + MOVIE
QUICK = Patience(call_seconds=5, give_up_seconds=5, first_pause_seconds=0.02)
BRIEF = Patience(call_seconds=1, give_up_seconds=0.3, first_pause_seconds=0.02)
Answer = Callable[[object, Call], object]


class Director:
    """A director whose answers are set by the test; it can be killed and started again."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self.engine = engine
        self.requests: list[object] = []
        self.answers: dict[str, Answer] = {}
        self.store = Store.open(f"file://{folder / 'store'}", "house")
        self.address = "127.0.0.1:0"
        self.start()

    def start(self) -> None:
        media = Media(self.store, Desk(self.engine, lambda: 1), Uploads(self.folder / "uploads"))
        settings = DoorSettings(listen=self.address)
        doors = [media.door(), self._production()]
        self.server = Server(doors, settings, Metrics("director"), Passing())
        self.address = self.server.address
        self.server.start()

    def kill(self) -> None:
        self.server.stop(0, 0)

    def _production(self) -> Door:
        service = production_pb2.DESCRIPTOR.services_by_name["Production"]
        return door(service, {each.name: self._answer(each.name) for each in service.methods})

    def _answer(self, name: str) -> Answer:
        def answer(request: object, call: Call) -> object:
            self.requests.append(list(request) if name == "CreateRundown" else request)
            return self.answers[name](self.requests[-1], call)

        return answer


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_tables(f"sqlite:///{tmp_path_factory.mktemp('tables') / 'state.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture
def director(tmp_path: Path, engine: Engine) -> Iterator[Director]:
    director = Director(tmp_path, engine)
    yield director
    director.kill()


@pytest.fixture
def rostrum(director: Director) -> Iterator[Rostrum]:
    with Rostrum(director.address, patience=QUICK) as rostrum:
        yield rostrum


def video(state: str = "FINISHED", **fields: object) -> pb.Video:
    return pb.Video(id=ID, name="news", state=f"VIDEO_STATE_{state}", **fields)


def event(cursor: int, state: str = "RUNNING") -> pb.WatchVideoResponse:
    kind = "progress" if state == "RUNNING" else state.lower()
    return pb.WatchVideoResponse(event=pb.VideoEvent(kind=kind, video=video(state), cursor=cursor))


def once(error: Exception, answer: object) -> Answer:
    """Fail the first time."""
    failed: list[object] = []

    def give(request: object, call: Call) -> object:
        if not failed:
            failed.append(request)
            raise error
        return answer

    return give


def test_five_lines_make_a_video(director: Director, rostrum: Rostrum, tmp_path: Path) -> None:
    digest = director.store.put(MOVIE)
    outputs = [pb.OutputFile(name="news-16x9-1080.mp4", kind="video", digest=digest)]
    made = iter([video("QUEUED"), video("FINISHED", outputs=outputs)])
    director.answers["CreateVideo"] = lambda *_: pb.CreateVideoResponse(video=next(made))
    director.answers["GetVideo"] = lambda *_: pb.GetVideoResponse(video=next(made))
    ordered = rostrum.make({"name": "news", "presenter": "amara", "script": "Good evening."})
    (file,) = rostrum.download(rostrum.wait(ordered.id), tmp_path / "out")
    assert file == tmp_path / "out" / "news-16x9-1080.mp4"
    assert file.read_bytes() == MOVIE


def test_an_order_carries_everything_it_was_given(director: Director, rostrum: Rostrum) -> None:
    director.answers["CreateVideo"] = lambda *_: pb.CreateVideoResponse(video=video())
    deadline = datetime(2026, 11, 21, 6, tzinfo=UTC)
    rostrum.make(Order(name="news"), request_id="mine", priority=0, deadline=deadline)
    (request,) = director.requests
    assert request.order.name == "news"
    assert request.request_id == "mine"
    assert request.HasField("priority")
    assert request.deadline.ToDatetime(UTC) == deadline
    with pytest.raises(ValueError, match="time zone"):
        rostrum.make(Order(name="news"), deadline=datetime(2026, 11, 21, 6))


def test_an_order_that_is_sent_again_is_the_same_order(
    director: Director, rostrum: Rostrum
) -> None:
    done = pb.CreateVideoResponse(video=video())
    director.answers["CreateVideo"] = once(Transient("DATABASE_UNAVAILABLE"), done)
    director.answers["CreateVideo"] = once(Refused("BUSY", "wait", 0.05), done)
    rostrum.make({"name": "news"})
    first, second = director.requests
    assert first == second
    assert first.request_id


def test_mistakes_are_all_said_and_not_sent_again(director: Director, rostrum: Rostrum) -> None:
    said = [Violation("order.script", "SCRIPT_EMPTY", "write"), Violation("order.name", "X", "y")]
    director.answers["CreateVideo"] = once(Invalid.every(said), None)
    with pytest.raises(RostrumError, match=r"order.script: SCRIPT_EMPTY: write") as caught:
        rostrum.make({"name": "news"})
    assert caught.value.reason == "SCRIPT_EMPTY"
    assert [(v.field, v.reason) for v in caught.value.violations] == [
        ("order.script", "SCRIPT_EMPTY"),
        ("order.name", "X"),
    ]
    assert not caught.value.retryable
    assert len(director.requests) == 1


def test_the_pause_that_a_director_asks_for_is_kept(director: Director, rostrum: Rostrum) -> None:
    answer = pb.GetVideoResponse(video=video())
    director.answers["GetVideo"] = once(Refused("RATE_LIMITED", "slower", 0.4), answer)
    began = time.monotonic()
    assert rostrum.video(ID).id == ID
    assert time.monotonic() - began >= 0.4


def test_a_fault_that_does_not_pass_is_told_in_the_end(director: Director) -> None:
    def refuse(*_: object) -> object:
        raise Refused("BUSY", "wait", 0.05)

    director.answers["GetVideo"] = refuse
    with Rostrum(director.address, patience=BRIEF) as rostrum:
        with pytest.raises(RostrumError, match="BUSY") as caught:
            rostrum.video(ID)
        assert caught.value.retryable
        assert 2 < len(director.requests) < 15
        director.kill()
        with pytest.raises(RostrumError, match="UNAVAILABLE"):
            rostrum.video(ID)


def test_no_call_waits_for_ever(director: Director) -> None:
    director.answers["GetVideo"] = lambda _, call: call.stopped.wait(10) and pb.GetVideoResponse()
    began = time.monotonic()
    patience = Patience(call_seconds=0.3, give_up_seconds=0.5)
    with (
        Rostrum(director.address, patience=patience) as rostrum,
        pytest.raises(RostrumError, match="DEADLINE"),
    ):
        rostrum.video(ID)
    assert time.monotonic() - began < 3


def test_a_watch_goes_on_where_it_was_when_the_director_dies(
    director: Director, rostrum: Rostrum
) -> None:
    events = [event(10), event(11), event(20), event(21, "FINISHED")]

    def watch(request: pb.WatchVideoRequest, call: Call) -> Iterator[pb.WatchVideoResponse]:
        for each in events:
            if each.event.cursor == 20 and request.after == 0:
                call.stopped.wait(10)
                return
            if each.event.cursor > request.after:
                yield each

    director.answers["WatchVideo"] = watch
    seen = []
    for each in rostrum.watch(ID):
        seen.append(each.cursor)
        if seen == [10, 11]:
            director.kill()
            director.start()
    assert seen == [10, 11, 20, 21]
    assert [request.after for request in director.requests] == [0, 11]


def test_a_watch_that_hears_nothing_for_long_asks_again(director: Director) -> None:
    def watch(request: pb.WatchVideoRequest, call: Call) -> Iterator[pb.WatchVideoResponse]:
        if len(director.requests) < 3:
            call.stopped.wait(10)
            call.check()
        yield event(1, "FINISHED")

    director.answers["WatchVideo"] = watch
    patience = Patience(stream_seconds=0.2, give_up_seconds=0.3, first_pause_seconds=0.01)
    with Rostrum(director.address, patience=patience) as rostrum:
        assert [each.cursor for each in rostrum.watch(ID)] == [1]


def test_a_video_is_followed_from_now_on(director: Director, rostrum: Rostrum) -> None:
    now = pb.GetVideoResponse(video=video("RUNNING", seq=4), cursor=20)
    director.answers["GetVideo"] = lambda *_: now
    events = [event(21), event(22), event(30, "FINISHED")]
    for seq, each in zip((4, 5, 6), events, strict=True):  # the first is in what was looked at
        each.event.video.seq = seq
    director.answers["WatchVideo"] = lambda *_: iter(events)
    assert [each.seq for each in rostrum.follow(ID)] == [4, 5, 6]
    assert director.requests[-1] == pb.WatchVideoRequest(id=ID, after=20)


def test_a_video_that_has_ended_is_not_watched(director: Director, rostrum: Rostrum) -> None:
    director.answers["GetVideo"] = lambda *_: pb.GetVideoResponse(video=video("FAILED", seq=4))
    assert [each.seq for each in rostrum.follow(ID)] == [4]


def test_a_rundown_is_followed_from_its_first_page_on(director: Director, rostrum: Rostrum) -> None:
    def page(request: pb.ListVideosRequest, _: Call) -> pb.ListVideosResponse:
        if request.page_token:
            return pb.ListVideosResponse(videos=[pb.Video(id="1", seq=1)], cursor=9)
        latest = pb.Video(id="2", seq=1, state="VIDEO_STATE_FINISHED")
        return pb.ListVideosResponse(videos=[latest], next_page_token="more", cursor=7)

    def watch(request: pb.WatchRundownRequest, _: Call) -> Iterator[pb.WatchRundownResponse]:
        for cursor in range(request.after + 1, 10):
            news = pb.Video(id="1", seq=cursor - 7)
            yield pb.WatchRundownResponse(event=pb.VideoEvent(video=news, cursor=cursor))

    director.answers |= {"ListVideos": page, "WatchRundown": watch}
    seen = [(each.id, each.seq) for each in rostrum.follow_rundown(ID)]
    assert seen == [("1", 1), ("2", 1), ("1", 2)]


def test_a_record_that_breaks_off_is_read_anew(director: Director, rostrum: Rostrum) -> None:
    broken: list[object] = []

    def record(request: object, _: Call) -> Iterator[pb.GetRecordResponse]:
        yield pb.GetRecordResponse(record=pb.Record(video=video(), frame_rate=25))
        for name in ("lipsync/1", "lipsync/2"):
            yield pb.GetRecordResponse(record=pb.Record(tasks=[pb.TaskRecord(name=name)]))
            if not broken:
                broken.append(request)
                raise Transient("DATABASE_UNAVAILABLE")

    director.answers["GetRecord"] = record
    whole = rostrum.record(ID)
    assert (whole.video, whole.frame_rate) == (video(), 25)
    assert [task.name for task in whole.tasks] == ["lipsync/1", "lipsync/2"]


def test_waiting_for_what_failed_says_why(director: Director, rostrum: Rostrum) -> None:
    complaints = [pb.Complaint(field="presenter", reason="FACE_NOT_FOUND", remedy="another one")]
    director.answers["GetVideo"] = lambda *_: pb.GetVideoResponse(
        video=video("FAILED", complaints=complaints)
    )
    with pytest.raises(RostrumError, match="presenter: FACE_NOT_FOUND: another one"):
        rostrum.wait(ID)
    director.answers["GetVideo"] = lambda *_: pb.GetVideoResponse(video=video("CANCELLED"))
    with pytest.raises(RostrumError, match="VIDEO_CANCELLED"):
        rostrum.wait(ID)


def test_lists_come_page_by_page(director: Director, rostrum: Rostrum) -> None:
    pages = {"": ("a", "next"), "next": ("b", "")}

    def answer(request: pb.ListVideosRequest, _: Call) -> pb.ListVideosResponse:
        name, token = pages[request.page_token]
        return pb.ListVideosResponse(videos=[pb.Video(id=name)], next_page_token=token)

    director.answers["ListVideos"] = answer
    assert [each.id for each in rostrum.videos([pb.VIDEO_STATE_FAILED], channel="x")] == ["a", "b"]
    assert all(request.channel == "x" for request in director.requests)


def test_a_rundown_is_handed_in_as_a_whole_again(director: Director, rostrum: Rostrum) -> None:
    made = pb.CreateRundownResponse(rundown=pb.Rundown(id=ID), video_ids=["a", "b"])
    director.answers["CreateRundown"] = once(Refused("BUSY", "wait", 0.05), made)
    items = [{"name": "one"}, pb.RundownItem(section="sports", order=Order(name="two"))]
    assert list(rostrum.make_rundown("monday", iter(items)).video_ids) == ["a", "b"]
    first, second = director.requests
    assert first == second
    assert [part.item.order.name for part in second[1:]] == ["one", "two"]
    assert second[0].head.name == "monday"


@pytest.mark.parametrize(
    ("ask", "method", "reason", "state", "wrong"),
    [
        ("cancel", "CancelVideo", "VIDEO_ALREADY_TERMINAL", "CANCELLED", "FINISHED"),
        ("retry", "RetryVideo", "VIDEO_NOT_RETRYABLE", "RUNNING", "FINISHED"),
    ],
)
def test_what_an_answer_that_was_lost_had_done_is_no_error(
    director: Director, rostrum: Rostrum, ask: str, method: str, reason: str, state: str, wrong: str
) -> None:
    def refuse(*_: object) -> object:
        raise Invalid("id", reason, "it is so")

    director.answers[method] = refuse
    director.answers["GetVideo"] = lambda *_: pb.GetVideoResponse(video=video(state))
    assert getattr(rostrum, ask)(ID).id == ID
    director.answers["GetVideo"] = lambda *_: pb.GetVideoResponse(video=video(wrong))
    with pytest.raises(RostrumError, match=reason):
        getattr(rostrum, ask)(ID)


def test_a_file_is_handed_in_once(director: Director, rostrum: Rostrum, tmp_path: Path) -> None:
    (tmp_path / "Portrait.PNG").write_bytes(PNG)
    file = rostrum.upload(tmp_path / "Portrait.PNG")
    assert (file.digest, file.extension) == (digest_of(PNG), "png")
    assert director.store.intake.get(file.digest) == PNG
    assert rostrum.upload(tmp_path / "Portrait.PNG") == file


def test_an_upload_goes_on_behind_what_arrived(
    director: Director, rostrum: Rostrum, tmp_path: Path
) -> None:
    with Uploads(tmp_path / "uploads").open("house", digest_of(PNG)) as part:
        part.append(PNG[:700_000])
    (tmp_path / "portrait.png").write_bytes(PNG)
    rostrum.upload(tmp_path / "portrait.png")
    assert director.store.intake.get(digest_of(PNG)) == PNG


def test_an_upload_survives_the_director(
    director: Director, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "portrait.png").write_bytes(PNG * 10)
    begun = threading.Event()
    told = Media.upload

    def upload(self: Media, requests: Iterator[media_pb2.UploadRequest], call: Call) -> object:
        def slowly() -> Iterator[media_pb2.UploadRequest]:
            for count, request in enumerate(requests):
                if count == 8 and not begun.is_set():
                    begun.set()
                    call.stopped.wait(10)
                yield request

        return told(self, slowly(), call)

    monkeypatch.setattr(Media, "upload", upload)
    director.kill()
    director.start()
    with Rostrum(director.address, patience=QUICK) as rostrum:
        results: list[object] = []
        path = tmp_path / "portrait.png"
        thread = threading.Thread(target=lambda: results.append(rostrum.upload(path)))
        thread.start()
        assert begun.wait(5)
        director.kill()
        director.start()
        thread.join(10)
    assert [file.digest for file in results] == [digest_of(PNG * 10)]
    assert director.store.intake.has(digest_of(PNG * 10))


def test_what_is_refused_for_good_is_not_handed_in_again(
    director: Director, rostrum: Rostrum, tmp_path: Path
) -> None:
    (tmp_path / "portrait.png").write_bytes(MOVIE)
    with pytest.raises(RostrumError, match="IMAGE_UNRECOGNISED"):
        rostrum.upload(tmp_path / "portrait.png")


def outputs_of(digest: str, name: str = "news.mp4") -> pb.Video:
    return video(outputs=[pb.OutputFile(name=name, digest=digest)])


def test_a_download_goes_on_behind_what_came(
    director: Director, rostrum: Rostrum, tmp_path: Path
) -> None:
    digest = director.store.put(MOVIE)
    out = tmp_path / "out"
    out.mkdir()
    part = out / f".news.mp4.{digest[:16]}.part"
    part.write_bytes(MOVIE[:1_000_000])
    number = part.stat().st_ino
    (file,) = rostrum.download(outputs_of(digest), out)
    assert file.read_bytes() == MOVIE
    assert file.stat().st_ino == number, "it began anew"
    assert [path.name for path in out.iterdir()] == ["news.mp4"]


@pytest.mark.parametrize("left", [b"something else", MOVIE + b"more"])
def test_what_does_not_belong_to_a_file_is_not_gone_on_with(
    director: Director, rostrum: Rostrum, tmp_path: Path, left: bytes
) -> None:
    digest = director.store.put(MOVIE)
    (tmp_path / f".news.mp4.{digest[:16]}.part").write_bytes(left)
    (file,) = rostrum.download(outputs_of(digest), tmp_path)
    assert file.read_bytes() == MOVIE


def test_what_is_there_is_not_fetched_again(
    director: Director, rostrum: Rostrum, tmp_path: Path
) -> None:
    digest = director.store.put(MOVIE)
    (file,) = rostrum.download(outputs_of(digest), tmp_path)
    director.store.delete(digest)
    assert rostrum.download(outputs_of(digest), tmp_path) == [file]
    file.write_bytes(b"somebody changed it")
    with pytest.raises(RostrumError, match="ASSET_NOT_FOUND"):
        rostrum.download(outputs_of(digest), tmp_path)


def test_wrong_bytes_never_get_a_files_name(
    director: Director, rostrum: Rostrum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = director.store.put(MOVIE)

    def lie(*_: object) -> Iterator[media_pb2.DownloadResponse]:
        yield media_pb2.DownloadResponse(data=MOVIE[:-1] + b"!")

    monkeypatch.setattr(Media, "download", lie)
    director.kill()
    director.start()
    with pytest.raises(RostrumError, match="ASSET_DIGEST_MISMATCH"):
        rostrum.download(outputs_of(digest), tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("name", ["../news.mp4", "/etc/news.mp4", "", "..", ".bashrc", "a\nb"])
def test_a_director_writes_nothing_elsewhere(
    director: Director, rostrum: Rostrum, tmp_path: Path, name: str
) -> None:
    digest = director.store.put(MOVIE)
    with pytest.raises(RostrumError, match="FILE_NAME_INVALID"):
        rostrum.download(outputs_of(digest, name), tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_plain_text_is_for_this_machine_alone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="TLS"):
        Rostrum("director.example:7000")
    with pytest.raises(FileNotFoundError):
        Rostrum("director.example:7000", tls=TLS(tmp_path / "ca.pem"))
    Rostrum("[::1]:7000").close()


def test_what_the_way_fails_with_is_the_same_error() -> None:
    with (
        Rostrum("127.0.0.1:1", patience=BRIEF) as rostrum,
        pytest.raises(RostrumError) as caught,
    ):
        rostrum.video(ID)
    assert caught.value.reason == grpc.StatusCode.UNAVAILABLE.name
    assert caught.value.retryable
