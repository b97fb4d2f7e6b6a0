"""Calls to the directors' doors: whoever answers, however often it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import grpc
from rostrum.director.v1 import media_pb2, media_pb2_grpc, production_pb2, production_pb2_grpc
from rostrum.director.v1.production_pb2 import Video, VideoState

from services.chassis.store import digest_of
from tests.chaos.jobs import File, Job

ONE_CALL_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 120.0
PAUSE_SECONDS: Final = 0.5
PIECE_BYTES: Final = 256 << 10
PASSING: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.ABORTED,
    }
)
A = TypeVar("A")


class Doors:
    """The doors of all directors, as one client that knows several addresses sees them."""

    def __init__(self, addresses: Sequence[str]) -> None:
        options = [
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", 1000),
        ]
        self._channels = [grpc.insecure_channel(address, options) for address in addresses]
        self._next = 0

    def close(self) -> None:
        """Hang up."""
        for channel in self._channels:
            channel.close()

    def create(self, job: Job) -> Video:
        """Hand a job in: its files, then the order. The same job again is the same video."""
        for file in job.files:
            self._call(partial(_upload, file=file))
        request = job.request
        return self._production("CreateVideo", request).video  # type: ignore[no-any-return]

    def get(self, video: str) -> Video:
        """Look at a video."""
        return self._production("GetVideo", production_pb2.GetVideoRequest(id=video)).video  # type: ignore[no-any-return]

    def videos(self) -> Iterator[Video]:
        """Yield all there are."""
        token = ""
        while True:
            request = production_pb2.ListVideosRequest(page_size=500, page_token=token)
            page = self._production("ListVideos", request)
            yield from page.videos
            if not (token := page.next_page_token):
                return

    def redrive(self) -> int:
        """Send parked tasks again; return how many."""
        request = production_pb2.RedriveRequest()
        return self._production("Redrive", request).task_count  # type: ignore[no-any-return]

    def retry(self, video: str) -> None:
        """Go on with a failed video."""
        self._production("RetryVideo", production_pb2.RetryVideoRequest(id=video))

    def download(self, digest: str) -> bytes:
        """Return a file's bytes."""
        return self._call(lambda channel: _download(channel, digest))

    def _production(self, name: str, request: Any) -> Any:
        def call(channel: grpc.Channel) -> Any:
            stub = production_pb2_grpc.ProductionStub(channel)
            return getattr(stub, name)(request, timeout=ONE_CALL_SECONDS)

        return self._call(call)

    def _call(self, call: Callable[[grpc.Channel], A]) -> A:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            channel = self._channels[self._next % len(self._channels)]
            try:
                return call(channel)
            except grpc.RpcError as error:
                if error.code() not in PASSING or time.monotonic() > deadline:
                    raise
                self._next += 1
                time.sleep(PAUSE_SECONDS)


def is_finished(video: Video) -> bool:
    """Return whether a video is ready."""
    return video.state == VideoState.VIDEO_STATE_FINISHED


def _upload(channel: grpc.Channel, file: File) -> None:
    data = file.data
    head = media_pb2.UploadHead(
        digest=digest_of(data), size_bytes=len(data), extension=file.extension
    )
    parts = [media_pb2.UploadRequest(head=head)]
    parts += [
        media_pb2.UploadRequest(data=data[start : start + PIECE_BYTES])
        for start in range(0, len(data), PIECE_BYTES)
    ]
    media_pb2_grpc.MediaStub(channel).Upload(iter(parts), timeout=ONE_CALL_SECONDS)


def _download(channel: grpc.Channel, digest: str) -> bytes:
    request = media_pb2.DownloadRequest(digest=digest)
    pieces = media_pb2_grpc.MediaStub(channel).Download(request, timeout=ONE_CALL_SECONDS)
    return b"".join(piece.data for piece in pieces)
