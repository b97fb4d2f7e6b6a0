"""A fetched video's record has the words of one that was made here."""

import json
from datetime import UTC, datetime
from pathlib import Path

from rostrum.compositing.v1.compositing_pb2 import CompositeRequest, CompositeResponse
from rostrum.director.v1 import production_pb2 as pb
from rostrum.director.v1.director_pb2 import Commission

from services.director.orders import complete
from services.director.recipes import Output, Step
from services.director.state import REALM, State
from services.director.videos import FINISHED, Part, Task
from services.studio.remote.records import document_of
from tests.unit.director.rpc.house import channel, open_house, order, presenter

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 12, 5, 0, 250_000, tzinfo=UTC)


def make(state: State) -> str:
    """Let this machine make a video from three tasks; the second one's time is not known."""
    commission = Commission(order=order(), presenter=presenter(), channel=channel())
    commission.order.data.update({"salary": 1500, "skills": ["MIG", {"years": 2.5}]})
    video = state.begin_video(complete(commission), NOW)
    for number in range(3):
        request = CompositeRequest(engine="puppet", frame_rate=25, start_frame=number)
        request.scene.data.update({"salary": 1500, "skills": ["MIG", None, True]})
        step = Step("compositing", f"compositing/{number}", request, CompositeResponse, 0.2)
        task = Task(f"{number:064x}", video, step, "puppet 1", attempt=1)
        if number != 1:
            state.task_started(task, NOW)
            state.task_finished(task.key, CompositeResponse(), 12.345678, LATER)
        state.link(video, [Part(task, CompositeResponse())])
    state.end_video(video, FINISHED, LATER, outputs=[Output("welder.srt", "srt", "ab" * 32)])
    return video


def test_it_says_the_same_as_the_record_of_the_machine_that_made_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    state = State(url)
    video = make(state)
    here = json.loads(json.dumps(state.production_record(video)))
    state.close()
    record = pb.Record()
    with open_house(url) as house:
        for part in house.door(REALM).GetRecord(pb.GetRecordRequest(id=video), timeout=10):
            record.MergeFrom(part.record)
    fetched = document_of(record)
    assert {word: fetched[word] for word in here} == here
    assert [task["seconds"] for task in fetched["tasks"]] == [12.345678, None, 12.345678]
