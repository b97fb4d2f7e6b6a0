"""The client: orders in, events and files out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from google.protobuf.message import Message
from rostrum.director.v1 import production_pb2 as pb
from rostrum.director.v1.director_pb2 import Channel, MediaFile, Order, Presenter

from services.client import files
from services.client.connection import TLS, Connection
from services.client.errors import RostrumError, Violation
from services.client.messages import (
    ENDED,
    ItemLike,
    OrderLike,
    item_of,
    message_of,
    newer,
    plain_name,
    timestamp_of,
)
from services.client.patience import Attempts, Patience

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
            order=message_of(order, Order),
            presenter=presenter,
            channel=channel,
            motion=motion,
            recording=recording,
            priority=priority,
            deadline=timestamp_of(deadline),
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
        return newer([now.video], partial(self.watch, video_id, now.cursor))

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
        return [self.fetch(each.digest, folder / plain_name(each.name)) for each in video.outputs]

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
            deadline=timestamp_of(deadline),
            presenters=presenters,
            channels=channels,
        )
        parts = [pb.CreateRundownRequest(head=head)]
        parts += [pb.CreateRundownRequest(item=item_of(item)) for item in items]
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
        return newer(videos, partial(self.watch_rundown, rundown_id, pages[0].cursor))

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
