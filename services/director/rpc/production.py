"""The door rostrum.director.v1.Production: which function answers which method."""

from __future__ import annotations

from typing import Final

from rostrum.director.v1.production_pb2 import DESCRIPTOR

from services.chassis.door import Door, Function, door
from services.director.rpc.desk import Desk
from services.director.rpc.feed import Feed
from services.director.rpc.library import Library
from services.director.rpc.records import Records
from services.director.rpc.rundowns import Rundowns
from services.director.rpc.videos import Videos
from services.director.rpc.watching import Watching

QUICK_SECONDS: Final = 30.0
"""Calls without a deadline: none of them waits for work to be done."""
RUNDOWN_SECONDS: Final = 300.0
"""A rundown of thousands, from a slow caller."""


def production(desk: Desk, feed: Feed) -> Door:
    """Return the door. feed: closed by the caller, after the server."""
    videos, rundowns, library = Videos(desk, feed), Rundowns(desk, feed), Library(desk)
    watching, records = Watching(desk, feed), Records(desk)
    functions: dict[str, Function] = {
        "CreateVideo": videos.create,
        "GetVideo": videos.get,
        "ListVideos": videos.page,
        "WatchVideo": watching.watch_video,
        "GetRecord": records.get,
        "CancelVideo": videos.cancel,
        "RetryVideo": videos.retry,
        "CreateRundown": rundowns.create,
        "GetRundown": rundowns.get,
        "ListRundowns": rundowns.page,
        "WatchRundown": watching.watch_rundown,
        "Redrive": videos.redrive,
        "PutPresenter": library.put_presenter,
        "ListPresenters": library.list_presenters,
        "PutChannel": library.put_channel,
        "ListChannels": library.list_channels,
        "RevokeConsent": videos.revoke,
    }
    streams = {"WatchVideo", "WatchRundown", "GetRecord"}
    seconds = {name: QUICK_SECONDS for name in functions if name not in streams}
    seconds["CreateRundown"] = RUNDOWN_SECONDS
    return door(DESCRIPTOR.services_by_name["Production"], functions, seconds)
