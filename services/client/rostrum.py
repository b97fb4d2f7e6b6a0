"""The client: orders in, events and files out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeAlias, TypeVar

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rostrum.director.v1 import production_pb2 as pb
from rostrum.director.v1.director_pb2 import Channel, MediaFile, Order, Presenter

from services.client import files
from services.client.connection import TLS, Connection
from services.client.errors import RostrumError, Violation
from services.client.patience import Attempts, Patience

OrderLike: TypeAlias = Order | Mapping[str, Any]
"""An order as a message, or as an order file says it."""
ItemLike: TypeAlias = pb.RundownItem | OrderLike
ENDED: Final = frozenset({
    pb.VIDEO_STATE_FINISHED, pb.VIDEO_STATE_FAILED, pb.VIDEO_STATE_CANCELLED,
})  # fmt: skip
GOING_ON: Final = frozenset({pb.VIDEO_STATE_QUEUED, pb.VIDEO_STATE_RUNNING})
USUAL: Final = Patience()
PAGE: Final = 200
"""Videos that are asked for at once where all of a rundown are wanted."""
M = TypeVar("M", bound=Message)


class Rostrum:
    """A director, as seen by a team. For many threads.

    Every method raises RostrumError; what failed in passing has been tried again by then. All
    calls may safely come twice, so a director that restarts in the middle is not noticed.
    """

    def __init__(self, address: str, tls: TLS | None = None, patience: Patience = USUAL) -> None:
        """Connect to "host:port"; plain text is for this machine alone (ValueError elsewhere)."""
        self._connection = Connection(address, tls, patience)
        self._production = self._connection.production

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection, and with it all calls."""
        self._connection.close()

    def make(  # noqa: PLR0913  # one argument for each thing that an order may bring along
        self,
        order: OrderLike,
        *,
        request_id: str = "",
        presenter: Presenter | None = None,
        channel: Channel | None = None,
        motion: MediaFile | None = None,
        recording: MediaFile | None = None,
        priority: int | None = None,
        deadline: datetime | None = None,
    ) -> pb.Video:
        """Order one video, which is queued when this returns.

        request_id: with the same one, and the same order, you get the same video; choose it where
        your own program may be restarted. deadline: with a time zone.
        """
        request = pb.CreateVideoRequest(
            request_id=request_id or uuid.uuid4().hex,
            order=_message(order, Order),
            presenter=presenter,
            channel=channel,
            motion=motion,
            recording=recording,
            priority=priority,
            deadline=_timestamp(deadline),
        )
        return self._ask(self._production.CreateVideo, request).video

    def video(self, video_id: str) -> pb.Video:
        """Return a video as it is now."""
        return self._ask(self._production.GetVideo, pb.GetVideoRequest(id=video_id)).video

    def videos(
        self,
        states: Sequence[pb.VideoState.ValueType] = (),
        *,
        channel: str = "",
        rundown_id: str = "",
    ) -> Iterator[pb.Video]:
        """Yield the team's videos, the latest first; all of them, or those in certain states."""
        request = pb.ListVideosRequest(states=states, channel=channel, rundown_id=rundown_id)
        for page in self._pages(request):
            yield from page.videos

    def record(self, video_id: str) -> pb.Record:
        """Return what a video was made from: order, presenter, channel, and every task."""
        request, attempts = pb.GetRecordRequest(id=video_id), Attempts(self._connection.patience)
        while True:
            record = pb.Record()
            try:
                for part in self._connection.stream(self._production.GetRecord, request):
                    record.MergeFrom(part.record)
            except RostrumError as error:
                attempts.failed(error)
            else:
                return record

    def follow(self, video_id: str) -> Iterator[pb.Video]:
        """Yield a video as it is now, then whenever something has happened, until it has ended."""
        now = self._ask(self._production.GetVideo, pb.GetVideoRequest(id=video_id))
        return _newer([now.video], partial(self.watch, video_id, now.cursor))

    def watch(self, video_id: str, after: int = 0) -> Iterator[pb.VideoEvent]:
        """Yield what happens to a video until it has ended; `after` is a cursor seen before."""
        request = partial(pb.WatchVideoRequest, id=video_id)
        return self._watch(self._production.WatchVideo, request, after)

    def wait(self, video_id: str) -> pb.Video:
        """Return a video when it is finished.

        Raises RostrumError with its complaints where it failed or was cancelled.
        """
        while (video := self.video(video_id)).state not in ENDED:
            for _ in self.watch(video_id):
                pass
        if video.state == pb.VIDEO_STATE_FINISHED:
            return video
        state = pb.VideoState.Name(video.state).removeprefix("VIDEO_STATE_")
        said = [Violation(c.field, c.reason, c.remedy) for c in video.complaints]
        raise RostrumError(said[0].reason if said else f"VIDEO_{state}", video.name, said)

    def download(self, video: pb.Video, folder: Path | str) -> list[Path]:
        """Fetch a finished video's files into a folder, and return their paths.

        What is there already is not fetched, what broke off goes on, and no file is seen before it
        is whole and has its digest.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        return [self.fetch(each.digest, folder / _plain(each.name)) for each in video.outputs]

    def fetch(self, digest: str, path: Path | str) -> Path:
        """Fetch one file by its digest, and return its path."""
        return files.download(self._connection, digest, Path(path))

    def upload(self, path: Path | str) -> MediaFile:
        """Hand a file in, and return it as orders, presenters and channels name it."""
        return files.upload(self._connection, Path(path))

    def cancel(self, video_id: str) -> pb.Video:
        """Stop a video; one that was stopped before is no error."""
        ask = partial(self._ask, self._production.CancelVideo, pb.CancelVideoRequest(id=video_id))
        return self._settled(
            ask, video_id, "VIDEO_ALREADY_TERMINAL", frozenset({pb.VIDEO_STATE_CANCELLED})
        )

    def retry(self, video_id: str) -> pb.Video:
        """Go on with a failed or cancelled video; one that goes on already is no error."""
        ask = partial(self._ask, self._production.RetryVideo, pb.RetryVideoRequest(id=video_id))
        return self._settled(ask, video_id, "VIDEO_NOT_RETRYABLE", GOING_ON)

    def redrive(self, stage: str = "", video_id: str = "") -> pb.RedriveResponse:
        """Send tasks again that were parked after killing three workers."""
        request = pb.RedriveRequest(stage=stage, video_id=video_id)
        return self._ask(self._production.Redrive, request)

    def make_rundown(  # noqa: PLR0913  # one argument for each thing that a rundown may bring
        self,
        name: str,
        items: Iterable[ItemLike],
        *,
        request_id: str = "",
        deadline: datetime | None = None,
        presenters: Iterable[Presenter] = (),
        channels: Iterable[Channel] = (),
    ) -> pb.CreateRundownResponse:
        """Order many videos as a whole, and return the rundown with their ids, in their order.

        A video with mistakes in its order is listed as failed; the others are made.
        """
        head = pb.RundownHead(
            request_id=request_id or uuid.uuid4().hex,
            name=name,
            deadline=_timestamp(deadline),
            presenters=presenters,
            channels=channels,
        )
        parts = [pb.CreateRundownRequest(head=head)]
        parts += [pb.CreateRundownRequest(item=_item(item)) for item in items]
        return self._connection.ask(self._production.CreateRundown, lambda: iter(parts))

    def rundown(self, rundown_id: str) -> pb.Rundown:
        """Return a rundown as it is now."""
        request = pb.GetRundownRequest(id=rundown_id)
        return self._ask(self._production.GetRundown, request).rundown

    def rundowns(self) -> Iterator[pb.Rundown]:
        """Yield the team's rundowns, the latest first."""
        request = pb.ListRundownsRequest()
        while True:
            page = self._ask(self._production.ListRundowns, request)
            yield from page.rundowns
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return

    def watch_rundown(self, rundown_id: str, after: int = 0) -> Iterator[pb.VideoEvent]:
        """Yield what happens to a rundown's videos until the last one has ended."""
        request = partial(pb.WatchRundownRequest, id=rundown_id)
        return self._watch(self._production.WatchRundown, request, after)

    def follow_rundown(self, rundown_id: str) -> Iterator[pb.Video]:
        """Yield a rundown's videos as they are now, in order; then each that something happened to.

        It ends when the last one has ended.
        """
        pages = list(self._pages(pb.ListVideosRequest(rundown_id=rundown_id, page_size=PAGE)))
        videos = [video for page in pages for video in page.videos][::-1]
        return _newer(videos, partial(self.watch_rundown, rundown_id, pages[0].cursor))

    def put_presenter(self, presenter: Presenter) -> None:
        """Make a presenter known to the team; its portrait must have been uploaded."""
        request = pb.PutPresenterRequest(presenter=presenter)
        self._ask(self._production.PutPresenter, request)

    def presenters(self) -> Sequence[Presenter]:
        """Return the presenters that orders can call for."""
        return self._ask(self._production.ListPresenters, pb.ListPresentersRequest()).presenters

    def put_channel(self, channel: Channel) -> None:
        """Make a channel known to the team; its logo must have been uploaded."""
        self._ask(self._production.PutChannel, pb.PutChannelRequest(channel=channel))

    def channels(self) -> Sequence[Channel]:
        """Return the channels that orders can call for."""
        return self._ask(self._production.ListChannels, pb.ListChannelsRequest()).channels

    def revoke_consent(self, subject: str = "", portrait_digest: str = "") -> Sequence[str]:
        """Withdraw a person's consent, and return the ids of the videos that it stops."""
        request = pb.RevokeConsentRequest(subject=subject, portrait_digest=portrait_digest)
        return self._ask(self._production.RevokeConsent, request).video_ids

    def _ask(self, method: Callable[..., M], request: Message) -> M:
        return self._connection.ask(method, lambda: request)

    def _pages(self, request: pb.ListVideosRequest) -> Iterator[pb.ListVideosResponse]:
        while True:
            page = self._ask(self._production.ListVideos, request)
            yield page
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return

    def _watch(
        self, method: Callable[..., Iterator[Any]], request: Callable[..., Message], after: int
    ) -> Iterator[pb.VideoEvent]:
        attempts = Attempts(self._connection.patience)
        while True:
            try:
                for answer in self._connection.stream(method, request(after=after)):
                    after = answer.event.cursor
                    attempts.succeeded()
                    yield answer.event
            except RostrumError as error:
                if error.reason == "DEADLINE_EXCEEDED":  # nothing happened for long
                    attempts.succeeded()
                attempts.failed(error)
            else:
                return

    def _settled(
        self,
        ask: Callable[[], Any],
        video_id: str,
        reason: str,
        wanted: frozenset[pb.VideoState.ValueType],
    ) -> pb.Video:
        """Return the video that a call is about; one that is so already is as good.

        A try whose answer was lost may have done it.
        """
        try:
            answer: pb.Video = ask().video
        except RostrumError as error:
            if error.reason != reason or (answer := self.video(video_id)).state not in wanted:
                raise
        return answer


def _newer(
    videos: Sequence[pb.Video], events: Callable[[], Iterator[pb.VideoEvent]]
) -> Iterator[pb.Video]:
    """Yield videos, then what of events is newer than they are, unless all of them have ended."""
    yield from videos
    seen = {video.id: video.seq for video in videos}
    if videos and all(video.state in ENDED for video in videos):
        return
    for event in events():
        if event.video.seq > seen.get(event.video.id, 0):
            seen[event.video.id] = event.video.seq
            yield event.video


def _message(value: M | Mapping[str, Any], kind: type[M]) -> M:
    return ParseDict(dict(value), kind()) if isinstance(value, Mapping) else value


def _item(item: ItemLike) -> pb.RundownItem:
    return item if isinstance(item, pb.RundownItem) else pb.RundownItem(order=_message(item, Order))


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def _plain(name: str) -> str:
    """Return a file's name where it is one: a director writes nothing elsewhere."""
    if not name.isprintable() or "/" in name or not name.strip(".") or name.startswith("."):
        raise RostrumError("FILE_NAME_INVALID", f"the director calls a file {name!r}")
    return name
