"""A director that makes nothing: it remembers what it was asked, and answers as the protos say."""

# ruff: noqa: N802
# grpc names the methods as the protos do

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_status import rpc_status
from rostrum.director.v1 import media_pb2 as media
from rostrum.director.v1 import media_pb2_grpc, production_pb2_grpc
from rostrum.director.v1 import production_pb2 as production
from rostrum.director.v1.director_pb2 import Commission, Order

from services.chassis.errors import Invalid
from services.chassis.status import status_of

STATES = {
    "queued": production.VIDEO_STATE_QUEUED,
    "running": production.VIDEO_STATE_RUNNING,
    "finished": production.VIDEO_STATE_FINISHED,
    "failed": production.VIDEO_STATE_FAILED,
    "cancelled": production.VIDEO_STATE_CANCELLED,
}


class FakeDirector(production_pb2_grpc.ProductionServicer, media_pb2_grpc.MediaServicer):
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.partial: dict[str, bytes] = {}
        self.sent_bytes = 0
        self.requests: dict[str, tuple[bytes, Any]] = {}
        self.orders: dict[str, Order] = {}
        self.videos: dict[str, production.Video] = {}
        self.rundowns: dict[str, production.Rundown] = {}
        self.events: list[production.VideoEvent] = []
        self.looked_at: int | None = None
        """Events that are in what is looked at; None: all."""
        self.watched_after: list[int] = []
        self.tasks: list[production.TaskRecord] = []
        """What each video is made from."""
        self.away = 0
        """Calls that find nobody in."""
        self.breaks_after = 0
        """Events or pieces after which a stream breaks off, once."""

    def refuse(self, context: grpc.ServicerContext, error: Exception) -> None:
        context.abort_with_status(rpc_status.to_status(status_of(error)))

    def check(self, context: grpc.ServicerContext) -> None:
        if self.away:
            self.away -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "back soon")

    def once(self, request: Any, context: Any, make: Any) -> Any:
        body = request.SerializeToString(deterministic=True)
        known, answer = self.requests.get(request.request_id, (body, None))
        if known != body:
            self.refuse(context, Invalid("request_id", "IDEMPOTENCY_KEY_REUSED", "another body"))
        if answer is None:
            answer = make()
            self.requests[request.request_id] = (body, answer)
        return answer

    def add(self, order: Order, rundown: str = "", section: str = "") -> production.Video:
        video = production.Video(
            id=uuid.uuid4().hex,
            name=order.name,
            channel=order.channel,
            state=production.VIDEO_STATE_QUEUED,
            create_time=Timestamp(seconds=1_800_000_000),
            rundown_id=rundown,
            section=section,
            seq=1,
        )
        self.videos[video.id] = video
        self.orders[video.id] = order
        return video

    def happen(self, video: str, state: str, **fields: Any) -> None:
        known = self.videos[video]
        known.MergeFrom(production.Video(state=STATES[state], **fields))
        known.seq += 1
        if state not in {"queued", "running"}:
            known.end_time.FromSeconds(1_800_000_060)
        event = production.VideoEvent(kind=state, cursor=len(self.events) + 1)
        event.video.CopyFrom(known)
        self.events.append(event)

    def CreateVideo(self, request: Any, context: Any) -> Any:
        self.check(context)
        if "forbidden" in request.order.script:
            self.refuse(context, Invalid("order.script", "SCRIPT_FORBIDDEN", "say something else"))
        for file in (request.presenter.portrait, request.channel.logo):
            if file.digest and file.digest not in self.files:
                self.refuse(context, Invalid("presenter", "ASSET_NOT_FOUND", "upload it"))
        video = self.once(request, context, lambda: self.add(request.order))
        return production.CreateVideoResponse(video=video)

    def CreateRundown(self, requests: Iterator[Any], context: Any) -> Any:
        self.check(context)
        parts = list(requests)
        head, items = parts[0].head, [part.item for part in parts[1:]]

        def make() -> production.CreateRundownResponse:
            rundown = production.Rundown(
                id=uuid.uuid4().hex,
                name=head.name,
                deadline=head.deadline if head.HasField("deadline") else None,
                video_count=len(items),
                queued_count=len(items),
            )
            self.rundowns[rundown.id] = rundown
            ids = [self.add(item.order, rundown.id, item.section).id for item in items]
            return production.CreateRundownResponse(rundown=rundown, video_ids=ids)

        return self.once(head, context, make)

    @property
    def cursor(self) -> int:
        return len(self.events) if self.looked_at is None else self.looked_at

    def GetVideo(self, request: Any, context: Any) -> Any:
        if request.id not in self.videos:
            self.refuse(context, Invalid("id", "VIDEO_NOT_FOUND", "no such video"))
        return production.GetVideoResponse(video=self.videos[request.id], cursor=self.cursor)

    def GetRecord(self, request: Any, context: Any) -> Iterator[Any]:
        video = self.videos[request.id]
        commission = Commission(order=self.orders[request.id])
        commission.presenter.name = commission.order.presenter
        commission.order.language, commission.order.quality = "en-US", "draft"
        head = production.Record(video=video, commission=commission, frame_count=50, frame_rate=25)
        yield production.GetRecordResponse(record=head)
        for number, task in enumerate(self.tasks):
            if self.breaks_after and number == self.breaks_after:
                self.breaks_after = 0
                context.abort(grpc.StatusCode.UNAVAILABLE, "broken off")
            yield production.GetRecordResponse(record=production.Record(tasks=[task]))

    def GetRundown(self, request: Any, context: Any) -> Any:
        if request.id not in self.rundowns:
            self.refuse(context, Invalid("id", "RUNDOWN_NOT_FOUND", "no such rundown"))
        return production.GetRundownResponse(rundown=self.rundowns[request.id])

    def ListVideos(self, request: Any, context: Any) -> Any:
        found = [
            video
            for video in reversed(self.videos.values())
            if not request.rundown_id or video.rundown_id == request.rundown_id
        ]
        start = int(request.page_token or 0)
        end = start + 2
        token = str(end) if end < len(found) else ""
        return production.ListVideosResponse(
            videos=found[start:end], next_page_token=token, cursor=self.cursor
        )

    def watch(self, after: int, ids: set[str], context: Any, kind: Any) -> Iterator[Any]:
        self.watched_after.append(after)
        for number, event in enumerate(e for e in self.events if e.cursor > after):
            if self.breaks_after and number == self.breaks_after:
                self.breaks_after = 0
                context.abort(grpc.StatusCode.UNAVAILABLE, "broken off")
            if event.video.id in ids:
                yield kind(event=event)

    def WatchVideo(self, request: Any, context: Any) -> Iterator[Any]:
        yield from self.watch(request.after, {request.id}, context, production.WatchVideoResponse)

    def WatchRundown(self, request: Any, context: Any) -> Iterator[Any]:
        ids = {v.id for v in self.videos.values() if v.rundown_id == request.id}
        yield from self.watch(request.after, ids, context, production.WatchRundownResponse)

    def CancelVideo(self, request: Any, context: Any) -> Any:
        if self.videos[request.id].state == production.VIDEO_STATE_FINISHED:
            self.refuse(context, Invalid("id", "VIDEO_ALREADY_TERMINAL", "it is finished"))
        self.happen(request.id, "cancelled")
        return production.CancelVideoResponse(video=self.videos[request.id])

    def RetryVideo(self, request: Any, context: Any) -> Any:
        self.happen(request.id, "queued")
        return production.RetryVideoResponse(video=self.videos[request.id])

    def Redrive(self, request: Any, context: Any) -> Any:
        return production.RedriveResponse(task_count=2, video_ids=[request.video_id or "v"])

    def GetUpload(self, request: Any, context: Any) -> Any:
        partial = self.partial.get(request.digest, b"")
        return media.GetUploadResponse(
            complete=request.digest in self.files, received_bytes=len(partial)
        )

    def Upload(self, requests: Iterator[Any], context: Any) -> Any:
        head = next(requests).head
        if head.digest in self.files:
            return media.UploadResponse(digest=head.digest, size_bytes=head.size_bytes)
        data = self.partial.get(head.digest, b"")[: head.offset_bytes]
        for number, request in enumerate(requests):
            if self.breaks_after and number == self.breaks_after:
                self.breaks_after = 0
                self.partial[head.digest] = data
                context.abort(grpc.StatusCode.UNAVAILABLE, "broken off")
            data += request.data
            self.sent_bytes += len(request.data)
        assert sha256(data).hexdigest() == head.digest
        assert len(data) == head.size_bytes
        self.files[head.digest] = data
        return media.UploadResponse(digest=head.digest, size_bytes=len(data))

    def Download(self, request: Any, context: Any) -> Iterator[Any]:
        data = self.files[request.digest]
        for number, start in enumerate(range(request.offset_bytes, len(data), 1000)):
            if self.breaks_after and number == self.breaks_after:
                self.breaks_after = 0
                context.abort(grpc.StatusCode.UNAVAILABLE, "broken off")
            yield media.DownloadResponse(data=data[start : start + 1000])


def serve(director: FakeDirector) -> tuple[grpc.Server, str]:
    """Serve it on loopback; return the server and its address."""
    server = grpc.server(ThreadPoolExecutor(8))
    production_pb2_grpc.add_ProductionServicer_to_server(director, server)
    media_pb2_grpc.add_MediaServicer_to_server(director, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"
