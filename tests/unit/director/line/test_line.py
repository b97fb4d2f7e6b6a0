"""Videos go their way over the bus, whoever dies."""

import itertools
import json

from rostrum.director.v1.line_pb2 import Failed, Fault, HandedBack, Task
from rostrum.lipsync.v1.lipsync_pb2 import SyncRequest

from services.chassis.bus import Outgoing
from services.director.line.commands import retry
from tests.unit.director.line.floor import Floor


def test_an_order_becomes_a_video(floor: Floor) -> None:
    floor.hire()
    floor.staff()
    video = floor.order()
    floor.finish(video)
    row = floor.video(video)
    assert row["state"] == "finished", row["complaints"]
    outputs = json.loads(row["outputs"])
    store = floor.store_of("house")
    assert outputs
    assert all(store.has(output["digest"]) for output in outputs)
    assert set(floor.work.values()) == {1}, "something was done twice"
    kinds = [event.kind for event in floor.told(video)]
    assert (kinds[0], kinds[-1]) == ("created", "finished")
    assert [event.video.seq for event in floor.told(video)] == list(range(1, len(kinds) + 1))


def test_what_two_videos_need_is_done_once(floor: Floor) -> None:
    floor.hire()
    floor.staff(2)
    floor.finish(*(floor.order(floor.make(name=name)) for name in ("one", "other")))
    assert set(floor.work.values()) == {1}
    assert not any(state != "finished" for _, state in floor.states())


def test_the_same_order_again_runs_nothing(floor: Floor) -> None:
    floor.hire()
    floor.staff()
    floor.finish(floor.order())
    work = sum(floor.work.values())
    again = floor.order()
    floor.finish(again)
    assert floor.video(again)["state"] == "finished"
    assert sum(floor.work.values()) == work


def test_every_message_may_come_twice(floor: Floor) -> None:
    floor.copies = 2
    floor.hire()
    floor.staff()
    video = floor.order()
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
    assert set(floor.work.values()) == {1}


def test_a_video_waits_in_sight_for_workers_that_are_not_there_yet(floor: Floor) -> None:
    floor.hire()
    floor.staff(stages=("speech", "motion"))
    video = floor.order()
    floor.pass_time(5)
    floor.spin(lambda: "WORKERS_AWAITED" in floor.video(video)["warnings"], 20)
    floor.staff(stages=("restoration", "lipsync", "compositing"))
    floor.finish(video)
    row = floor.video(video)
    assert (row["state"], "WORKERS_AWAITED" in row["warnings"]) == ("finished", False)


def test_a_mistake_reaches_the_caller_in_the_order_s_own_words(floor: Floor) -> None:
    floor.hire()
    floor.staff()
    floor.worker("speech").fault = lambda task: invalid("script", "LANGUAGE_UNSUPPORTED")
    video = floor.order()
    floor.finish(video)
    row = floor.video(video)
    assert row["state"] == "failed"
    said = [(one["field"], one["reason"]) for one in json.loads(row["complaints"])]
    assert said == [("script", "LANGUAGE_UNSUPPORTED")]
    assert not {stage for stage, _ in floor.states()} & {"lipsync", "restoration"}


def test_a_bug_is_not_tried_again_and_shows_no_trace_to_the_caller(floor: Floor) -> None:
    floor.hire()
    floor.staff()
    bug = Failed(kind="FAILURE_KIND_BUG", reason="INTERNAL", message="Traceback: /srv/secret.py")
    floor.worker("lipsync").fault = lambda task: bug
    video = floor.order()
    floor.finish(video)
    row = floor.video(video)
    assert row["state"] == "failed"
    assert json.loads(row["complaints"])[0]["reason"] == "INTERNAL"
    assert "secret" not in row["complaints"]
    failed = [task for task in floor.tasks() if task["state"] == "failed"]
    assert {task["attempt"] for task in failed} == {1}


def test_passing_faults_are_waited_out_with_growing_pauses(floor: Floor) -> None:
    floor.hire()
    floor.staff()
    away = Failed(kind="FAILURE_KIND_TRANSIENT", reason="STORAGE_UNAVAILABLE", message="away")
    times: list[float] = []

    def fault(task: Task) -> Failed | None:
        times.append(floor.clock())
        return away if len(times) < 4 else None

    floor.worker("restoration").fault = fault
    video = floor.order()
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert [round(pause / 5) for pause in pauses] == [1, 2, 4]
    assert floor.task(stage="restoration")["failures"] == 3


def test_after_five_passing_faults_the_video_fails_and_can_be_retried(floor: Floor) -> None:
    floor.hire()
    floor.staff()
    away = Failed(kind="FAILURE_KIND_TRANSIENT", reason="X", message="STORAGE_FULL: no room")
    worker = floor.worker("restoration")
    worker.fault = lambda task: away
    video = floor.order()
    floor.finish(video)
    row = floor.video(video)
    assert json.loads(row["complaints"])[0]["reason"] == "STORAGE_FULL"
    assert len(floor.attempts[floor.task(stage="restoration")["key"]]) == 5
    worker.fault = lambda task: None
    work = dict(floor.work)
    with floor.engine.begin() as connection:
        assert retry(connection, "house", video, now(floor))["state"] == "queued"
    floor.finish(video)
    row = floor.video(video)
    assert (row["state"], row["complaints"]) == ("finished", "[]")
    assert all(floor.work[key] == count for key, count in work.items()), "finished work was kept"


def test_a_broken_object_is_made_again_once(floor: Floor) -> None:
    floor.hire()
    floor.staff()
    worker = floor.worker("lipsync")
    broken: list[str] = []

    def fault(task: Task) -> Failed | None:
        request = SyncRequest.FromString(task.request.value)
        digest = request.speech.audio_digest
        if not broken:
            broken.append(digest)
            (floor.folder / "house/objects" / digest).write_bytes(b"flipped")
            return Failed(kind="FAILURE_KIND_CORRUPT", digest=digest, reason="MISMATCH")
        return None

    worker.fault = fault
    video = floor.order()
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
    assert sorted(floor.work.values())[-1] == 2
    again = [task for task in floor.tasks() if task["anew"]]
    assert [task["stage"] for task in again] == ["speech"]
    assert floor.store_of("house").get(broken[0])


def test_an_object_that_nobody_can_make_again_fails_its_video(floor: Floor) -> None:
    floor.hire()
    floor.staff()
    portrait = floor.make().presenter.portrait.digest
    gone = Failed(kind="FAILURE_KIND_CORRUPT", digest=portrait, reason="ASSET_NOT_FOUND")
    floor.worker("motion").fault = lambda task: gone
    video = floor.order()
    floor.finish(video)
    assert json.loads(floor.video(video)["complaints"])[0]["reason"] == "ASSET_NOT_FOUND"


def test_what_a_worker_hands_back_goes_to_another_uncharged(floor: Floor) -> None:
    floor.hire()
    floor.staff(2)
    first = floor.worker("speech")
    video = floor.order()
    floor.spin(lambda: first.task is not None)
    task = first.task
    first._report("handed_back", HandedBack(cause="HAND_BACK_CAUSE_DRAINING"))
    first.die()
    floor.finish(video)
    row = next(row for row in floor.tasks() if row["key"] == task.key)
    assert (row["state"], row["failures"], row["deaths"]) == ("finished", 0, 0)
    assert row["attempt"] == 2


def test_reports_that_cannot_be_read_are_put_aside_as_they_came(floor: Floor) -> None:
    floor.hire()
    floor.staff()
    floor.bus.publish([Outgoing("rostrum.reports", b"\xff\xff", partition=3)])
    video = floor.order()
    floor.finish(video)
    assert floor.video(video)["state"] == "finished"
    (dead,) = floor.bus.log["rostrum.reports.dead", 0]
    assert dead.value == b"\xff\xff"
    assert dict(dead.headers)["rostrum_reason"].startswith(b"ENVELOPE_")


def invalid(field: str, reason: str) -> Failed:
    fault = Fault(field=field, reason=reason, remedy="do better")
    return Failed(kind="FAILURE_KIND_INVALID", faults=[fault], reason=reason)


def now(floor: Floor) -> int:
    return int(floor.clock() * 1000)
