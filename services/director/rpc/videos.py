"""Single videos: ordered, looked at, listed, stopped and gone on with."""

from __future__ import annotations

from collections.abc import Iterator

from rostrum.director.v1.production_pb2 import (
    CancelVideoRequest,
    CancelVideoResponse,
    CreateVideoRequest,
    CreateVideoResponse,
    GetVideoRequest,
    GetVideoResponse,
    ListVideosRequest,
    ListVideosResponse,
    RedriveRequest,
    RedriveResponse,
    RetryVideoRequest,
    RetryVideoResponse,
    RevokeConsentRequest,
    RevokeConsentResponse,
    Video,
    VideoState,
)

from services.chassis.callers import check_same_team
from services.chassis.calls import Call
from services.chassis.errors import Invalid, Violation
from services.chassis.keys import refuse_unknown_fields
from services.chassis.names import check_digest
from services.director.catalogue import paging
from services.director.catalogue.events import last_of_video
from services.director.catalogue.videos import (
    Filter,
    find_request,
    find_video,
    list_videos,
    was_admitted,
)
from services.director.line import commands
from services.director.line.admission import Admission
from services.director.line.words import STAGES
from services.director.messages import STATE_NAMES, video_message
from services.director.rpc.admitting import Admissions
from services.director.rpc.composing import (
    SUBJECT_CHARACTERS,
    Cast,
    Composer,
    Draft,
    request_field,
)
from services.director.rpc.desk import Desk
from services.director.rpc.feed import Feed
from services.director.rpc.names import (
    REQUEST_ID,
    check_id,
    name_complaints,
    not_found,
    refuse,
    request_id_complaints,
)
from services.director.rpc.requests import check_same_body, digest_of_messages, traceparent
from services.director.texts import complaints_about


class Videos:
    """The methods on single videos."""

    def __init__(self, desk: Desk, feed: Feed) -> None:
        self._desk = desk
        self._feed = feed
        self._admissions = Admissions(desk)

    def create(self, request: CreateVideoRequest, call: Call) -> CreateVideoResponse:
        """Accept a video, once for each request id; everything wrong with it is said at once."""
        check_same_team(call.team, request.team)
        refuse_unknown_fields(request)
        digest = digest_of_messages(request)
        draft = Composer(self._desk, call.team, cast_of(request)).compose(request)
        complaints = [*complaints_of(draft, request), *cast_complaints(request)]
        complaints += request_id_complaints("request_id", request.request_id)
        if complaints:
            if known := self._known(call.team, request.request_id, digest):
                return CreateVideoResponse(video=known)
            raise Invalid.every(complaints)
        asked = Admission(
            draft.commission,
            draft.priority,
            draft.deadline_ms,
            request.request_id,
            digest,
            trace=traceparent(call),
        )
        row = self._admissions.admit(call.team, asked)
        return CreateVideoResponse(
            video=self._known(call.team, request.request_id, digest)
            if row is None
            else video_message(row)
        )

    def get(self, request: GetVideoRequest, call: Call) -> GetVideoResponse:
        """Return a video of the caller's team."""
        check_id(request.id, "video")
        with self._desk.reading() as connection:
            cursor = last_of_video(connection, request.id)  # before the row, which has it all then
            row = find_video(connection, call.team, request.id)
        if row is None:
            raise not_found("video")
        return GetVideoResponse(video=video_message(row), cursor=cursor)

    def page(self, request: ListVideosRequest, call: Call) -> ListVideosResponse:
        """Return a page of the team's videos."""
        wanted, size = _filter(request), paging.page_size(request.page_size)
        asked = (call.team, "videos", *wanted.said())
        mark = paging.read_token(request.page_token, asked)
        cursor = self._feed.cursor()  # before the rows, which have it all then
        with self._desk.reading() as connection:
            rows = list_videos(connection, call.team, wanted, mark, size + 1)
        shown = rows[:size]
        response = ListVideosResponse(videos=map(video_message, shown), cursor=cursor)
        if len(rows) > size:
            response.next_page_token = paging.write_token(paging.Mark.of(shown[-1]), asked)
        return response

    def cancel(self, request: CancelVideoRequest, call: Call) -> CancelVideoResponse:
        """Stop a video."""
        check_id(request.id, "video")
        with self._desk.writing() as connection:
            row = commands.cancel(connection, call.team, request.id, self._desk.now_ms())
        return CancelVideoResponse(video=video_message(row))

    def retry(self, request: RetryVideoRequest, call: Call) -> RetryVideoResponse:
        """Go on with a video that failed or was cancelled."""
        check_id(request.id, "video")
        with self._desk.writing() as connection:
            if not was_admitted(connection, call.team, request.id):
                remedy = "its order has mistakes; order a video without them"
                raise Invalid("id", "VIDEO_NOT_RETRYABLE", remedy)
            row = commands.retry(connection, call.team, request.id, self._desk.now_ms())
        return RetryVideoResponse(video=video_message(row))

    def redrive(self, request: RedriveRequest, call: Call) -> RedriveResponse:
        """Send parked tasks again."""
        if request.stage and request.stage not in STAGES:
            raise Invalid("stage", "STAGE_UNKNOWN", f"the stages are {', '.join(STAGES)}")
        if request.video_id:
            check_id(request.video_id, "video", "video_id")
        with self._desk.writing() as connection:
            if request.video_id and find_video(connection, call.team, request.video_id) is None:
                raise not_found("video", "video_id")
            count, ids = commands.redrive(
                connection, call.team, self._desk.now_ms(), request.stage, request.video_id
            )
        return RedriveResponse(task_count=count, video_ids=ids)

    def revoke(self, request: RevokeConsentRequest, call: Call) -> RevokeConsentResponse:
        """Withdraw consent; what uses the likeness stops."""
        refuse(list(complaints_about("subject", request.subject, SUBJECT_CHARACTERS)))
        if portrait := request.portrait_digest:
            check_digest(portrait, "portrait_digest")
        with self._desk.writing() as connection:
            ids = commands.revoke(
                connection, call.team, self._desk.now_ms(), request.subject, portrait
            )
        self._desk.forget()
        return RevokeConsentResponse(video_ids=ids)

    def _known(self, team: str, request_id: str, digest: str) -> Video | None:
        """Return what a request id has made already, or None. Raises Invalid for another body."""
        if not REQUEST_ID.fullmatch(request_id):
            return None
        with self._desk.reading() as connection:
            row = find_request(connection, team, request_id)
        if row is None:
            return None
        check_same_body(row, digest, "request_id")
        return video_message(row)


def cast_of(request: CreateVideoRequest) -> Cast:
    """Return what a request brings along."""
    presenters = {request.presenter.name: request.presenter}
    channels = {request.channel.name: request.channel}
    return Cast(
        presenters if request.HasField("presenter") else {},
        channels if request.HasField("channel") else {},
    )


def complaints_of(draft: Draft, request: CreateVideoRequest) -> Iterator[Violation]:
    """Yield a draft's complaints, their fields as paths in the request."""
    for each in draft.complaints:
        yield Violation(request_field(each.field, request), each.reason, each.remedy)


def cast_complaints(request: CreateVideoRequest) -> Iterator[Violation]:
    """Yield what a request brings along that its order does not call for."""
    for word in ("presenter", "channel"):
        name, called = getattr(request, word).name, getattr(request.order, word)
        if request.HasField(word) and name != called:
            remedy = f"the order calls for {called[:80]!r}"
            yield Violation(f"{word}.name", "NAME_MISMATCH", remedy)


def _filter(request: ListVideosRequest) -> Filter:
    if request.channel:
        refuse(list(name_complaints("channel", request.channel)))
    if request.rundown_id:
        check_id(request.rundown_id, "rundown", "rundown_id")
    if VideoState.VIDEO_STATE_UNSPECIFIED in request.states:
        raise Invalid("states", "ENUM_UNKNOWN", "leave it empty for any state")
    states = sorted({STATE_NAMES[state] for state in request.states})
    return Filter(tuple(states), request.channel, request.rundown_id)
