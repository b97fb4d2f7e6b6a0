"""The director, with stages that answer at once: nothing twice, nothing lost, everything said."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rostrum.director.v1.director_pb2 import Commission, MediaFile

from services.chassis.errors import Corrupt, Invalid, Transient
from services.chassis.fields import digests_in
from services.director.videos import Task, Video

Make = Callable[..., Commission]
Newsroom = Any  # the fixture's class lives in conftest, which tests cannot import


def finish(newsroom: Newsroom, video: Video) -> None:
    newsroom.director.deliver(video)
    newsroom.director.delivered(video)


def said(video: Video) -> list[tuple[str, str]]:
    assert isinstance(video.error, Invalid)
    return [(violation.field, violation.reason) for violation in video.error.violations]


def answer_until(newsroom: Newsroom, video: Video, name: str) -> Task:
    """Do what there is to do, and return the task of that name, handed out and not yet done."""
    while tasks := newsroom.director.ready(video):
        wanted = [task for task in tasks if task.name == name]
        for task in tasks:
            if task not in wanted:
                newsroom.director.accept(task, newsroom.stages.answer(task.request), 0.5)
        if wanted:
            return wanted[0]
    raise AssertionError(f"{name} never came")


def test_an_order_goes_its_way_to_delivery(newsroom: Newsroom, commission: Commission) -> None:
    video = newsroom.director.admit(commission)
    done = newsroom.work(video)
    assert video.finished is not None
    assert Counter(name.split("/")[0] for name in done) == video.ran
    assert newsroom.state.status_of(video.id) == "running", "it is not delivered yet"
    finish(newsroom, video)
    assert newsroom.state.status_of(video.id) == video.status == "finished"
    assert all(newsroom.store.has(output.digest) for output in video.finished.outputs)


def test_the_same_order_again_runs_nothing(newsroom: Newsroom, commission: Commission) -> None:
    first = newsroom.director.admit(commission)
    newsroom.work(first)
    finish(newsroom, first)
    director = newsroom.hire()
    again = director.admit(commission)
    assert newsroom.work(again, director=director) == []
    assert (again.ran, again.reused) == (Counter(), first.ran)
    assert again.finished == first.finished


def test_a_task_that_two_videos_need_is_done_once(newsroom: Newsroom, make: Make) -> None:
    one, other = (newsroom.director.admit(make(name=name)) for name in ("one", "other"))
    newsroom.work(one, other)
    assert one.finished is not None
    assert other.finished is not None
    keys = [task.key for task in newsroom.tasks]
    assert len(keys) == len(set(keys)), "something was done twice"
    assert other.reused["speech"] == one.ran["speech"]


def test_what_is_being_done_is_not_handed_out_again(
    newsroom: Newsroom, commission: Commission
) -> None:
    video = newsroom.director.admit(commission)
    assert len(newsroom.director.ready(video)) == 3
    assert newsroom.director.ready(video) == []


def test_an_interrupted_video_goes_on_where_it_stopped(
    newsroom: Newsroom, commission: Commission
) -> None:
    video = newsroom.director.admit(commission)
    before = newsroom.work(video, stop=lambda task: task.name == "lipsync/5")
    director = newsroom.hire()
    again = director.admit(commission)
    after = newsroom.work(again, director=director)
    assert again.id == video.id, "it is the same video"
    assert set(before).isdisjoint(after)
    assert again.finished is not None
    record = newsroom.state.production_record(video.id)
    assert not any(task["reused"] for task in record["tasks"]), "all of it was done for this video"
    assert [row["engines"] for row in record["licences"]] == [["tracks"]], "what was trained"


def test_two_orders_alike_in_one_batch_are_two_videos(
    newsroom: Newsroom, commission: Commission
) -> None:
    assert newsroom.director.admit(commission).id != newsroom.director.admit(commission).id


def test_every_complaint_of_order_and_stages_is_made_at_once(
    newsroom: Newsroom, make: Make
) -> None:
    bad = make(frame_rate=50)
    bad.channel.logo.CopyFrom(MediaFile(digest="1" * 64, extension="png"))
    video = newsroom.director.admit(bad)
    complaints = {
        "motion/portrait": Invalid("file_digest", "FACE_NOT_FOUND", "choose another picture"),
        "compositing/logo": Invalid("file_digest", "IMAGE_EMPTY", "choose another picture"),
        "speech/plan": Invalid("script", "LANGUAGE_UNSUPPORTED", "choose another voice"),
    }
    while tasks := newsroom.director.ready(video):
        for task in tasks:
            newsroom.director.reject(task, complaints[task.name])
    assert said(video) == [
        ("frame_rate", "FPS_INVALID"),
        ("presenter", "FACE_NOT_FOUND"),
        ("channel.logo", "IMAGE_EMPTY"),
        ("script", "LANGUAGE_UNSUPPORTED"),
    ]
    assert newsroom.state.status_of(video.id) == "failed"


def test_checks_that_would_only_repeat_a_complaint_are_spared(
    newsroom: Newsroom, make: Make
) -> None:
    video = newsroom.director.admit(make(script=""))
    assert newsroom.work(video) == ["motion/portrait", "compositing/scene"]
    assert said(video) == [("script", "FIELD_REQUIRED")]


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ({"quality": "best"}, ("quality", "TIER_UNKNOWN")),
        ({"formats": [{"aspect": "4:3"}]}, ("formats[0].aspect", "ASPECT_UNKNOWN")),
        ({"frame_rate": 50}, ("frame_rate", "FPS_INVALID")),
    ],
)
def test_what_does_not_hang_on_a_wrong_field_is_checked_all_the_same(
    newsroom: Newsroom, make: Make, order: dict[str, object], complaint: tuple[str, str]
) -> None:
    video = newsroom.director.admit(make(**order))
    assert newsroom.work(video) == ["motion/portrait", "compositing/scene", "speech/plan"]
    assert said(video) == [complaint]


def test_a_complaint_of_a_stage_has_no_check_made_twice(newsroom: Newsroom, make: Make) -> None:
    video = newsroom.director.admit(make())
    plan = answer_until(newsroom, video, "speech/plan")
    newsroom.director.reject(plan, Invalid("script", "LANGUAGE_UNSUPPORTED", "another voice"))
    assert newsroom.work(video) == []
    assert said(video) == [("script", "LANGUAGE_UNSUPPORTED")]


def test_a_check_renders_nothing(newsroom: Newsroom, commission: Commission) -> None:
    video = newsroom.director.admit(commission, checks_only=True)
    assert newsroom.work(video) == ["motion/portrait", "compositing/scene", "speech/plan"]
    assert (video.status, video.finished) == ("checked", None)
    (warning,) = video.warnings["motion/portrait"]
    assert (warning.reason, warning.field) == ("PORTRAIT_SMILE", "presenter")


def test_what_was_checked_is_not_checked_again(newsroom: Newsroom, commission: Commission) -> None:
    newsroom.work(newsroom.director.admit(commission, checks_only=True))
    assert newsroom.work(newsroom.director.admit(commission))[0] == "motion/rig"


def test_a_mistake_found_while_rendering_fails_its_video_alone(
    newsroom: Newsroom, make: Make
) -> None:
    bad = newsroom.director.admit(make(name="bad", script="Good evening. Mumble. Good night."))
    good = newsroom.director.admit(make(name="good"))
    task = answer_until(newsroom, bad, "speech/2")
    newsroom.director.reject(task, Invalid("chunk.text", "SCRIPT_UNSPLITTABLE", "write words"))
    newsroom.work(bad, good)
    assert said(bad) == [("script", "SCRIPT_UNSPLITTABLE")]
    assert good.finished is not None


def test_a_bug_of_a_stage_fails_its_videos_and_is_not_tried_again(
    newsroom: Newsroom, make: Make
) -> None:
    video = newsroom.director.admit(make())
    newsroom.director.reject(answer_until(newsroom, video, "motion/rig"), ZeroDivisionError("x"))
    newsroom.work(video)
    assert video.status == "failed"
    assert isinstance(video.error, ZeroDivisionError)


def test_passing_faults_are_waited_out_with_growing_pauses(
    newsroom: Newsroom, commission: Commission
) -> None:
    video = newsroom.director.admit(commission)
    task = answer_until(newsroom, video, "motion/rig")
    for attempt, seconds in enumerate((5, 10, 20, 40), 1):
        assert task.attempt == attempt
        newsroom.director.reject(task, Transient("the store is away"))
        newsroom.work(video)
        assert video.status == "running"
        assert video.wakes == newsroom.clock.now + timedelta(seconds=seconds)
        newsroom.clock.passes(seconds=seconds)
        (task,) = newsroom.director.ready(video)
    newsroom.director.reject(task, Transient("the store is away"))
    newsroom.work(video)
    assert (video.status, str(video.error)) == ("failed", "the store is away")


def test_a_fault_that_passes_leaves_no_trace(newsroom: Newsroom, commission: Commission) -> None:
    video = newsroom.director.admit(commission)
    newsroom.director.reject(answer_until(newsroom, video, "motion/rig"), Transient("full"))
    newsroom.work(video)
    newsroom.clock.passes(seconds=5)
    newsroom.work(video)
    assert video.finished is not None


@pytest.mark.parametrize("loss", ["missing", "altered"])
def test_a_broken_object_is_made_again_by_its_producer(
    newsroom: Newsroom, commission: Commission, loss: str
) -> None:
    video = newsroom.director.admit(commission)
    task = answer_until(newsroom, video, "lipsync/2")
    digest = task.request.speech.audio_digest
    reason = spoil(newsroom, digest, loss)
    newsroom.director.reject(task, Corrupt(digest, reason))
    redone = newsroom.work(video)
    assert "speech/2" in redone, "whoever made it makes it again"
    assert "speech/1" not in redone
    assert video.finished is not None
    assert newsroom.store.get(digest)


def spoil(newsroom: Newsroom, digest: str, loss: str) -> str:
    path = newsroom.folder / "public/objects" / digest
    if loss == "altered":
        path.write_bytes(b"bit rot")
        return "ASSET_DIGEST_MISMATCH"
    path.unlink()
    return "ASSET_NOT_FOUND"


def both_readers(newsroom: Newsroom, video: Video) -> tuple[Task, Task]:
    """Return the two tasks that read the sound of chunk 2, handed out and not yet done."""
    readers: dict[str, Task] = {}
    while len(readers) < 2:
        for task in newsroom.director.ready(video):
            if task.name in {"lipsync/2", "motion/2"}:
                readers[task.name] = task
            else:
                newsroom.director.accept(task, newsroom.stages.answer(task.request), 0.5)
    return readers["lipsync/2"], readers["motion/2"]


@pytest.mark.parametrize("late", [False, True], ids=["together", "after the repair"])
def test_two_who_meet_the_same_broken_object_cause_one_repair(
    newsroom: Newsroom, commission: Commission, late: bool
) -> None:
    video = newsroom.director.admit(commission)
    first, second = both_readers(newsroom, video)
    digest = first.request.speech.audio_digest
    error = Corrupt(digest, spoil(newsroom, digest, "altered"))
    newsroom.director.reject(first, error)
    redone = newsroom.work(video) if late else []
    newsroom.director.reject(second, error)
    redone += newsroom.work(video)
    assert redone.count("speech/2") == 1
    assert video.finished is not None


def test_an_object_that_comes_back_broken_fails_the_video(
    newsroom: Newsroom, commission: Commission
) -> None:
    video = newsroom.director.admit(commission)
    for _ in range(2):
        task = answer_until(newsroom, video, "lipsync/2")
        digest = task.request.speech.audio_digest
        newsroom.director.reject(task, Corrupt(digest, spoil(newsroom, digest, "altered")))
    newsroom.work(video)
    assert video.status == "failed"
    assert isinstance(video.error, Corrupt)


def test_a_file_from_outside_that_is_lost_cannot_be_made_again(
    newsroom: Newsroom, commission: Commission
) -> None:
    video = newsroom.director.admit(commission)
    task = answer_until(newsroom, video, "motion/portrait")
    newsroom.director.reject(task, Corrupt(task.request.file_digest, "ASSET_NOT_FOUND"))
    newsroom.work(video)
    assert isinstance(video.error, Corrupt)


def test_a_stored_result_whose_objects_are_gone_counts_for_nothing(
    newsroom: Newsroom, commission: Commission
) -> None:
    first = newsroom.director.admit(commission)
    newsroom.work(first)
    finish(newsroom, first)
    rig = next(task for task in newsroom.tasks if task.name == "motion/rig")
    spoil(newsroom, digests_in(newsroom.stages.answer(rig.request))[0], "missing")
    (
        newsroom.folder / "public/objects" / digests_in(newsroom.stages.answer(rig.request))[1]
    ).unlink()
    director = newsroom.hire()
    again = director.admit(commission)
    assert newsroom.work(again, director=director) == ["motion/rig"]
    assert again.finished == first.finished


def test_two_directors_that_mend_the_same_store_do_not_trip_over_each_other(
    newsroom: Newsroom, commission: Commission
) -> None:
    video = newsroom.director.admit(commission)
    task = answer_until(newsroom, video, "lipsync/2")
    key = video.steps["speech/2"]
    digest = task.request.speech.audio_digest
    (newsroom.folder / "public/results" / key).unlink()  # the other one did that
    newsroom.director.reject(task, Corrupt(digest, spoil(newsroom, digest, "altered")))
    assert "speech/2" in newsroom.work(video)
    assert video.finished is not None


def test_a_result_that_cannot_be_read_is_made_again(
    newsroom: Newsroom, commission: Commission
) -> None:
    newsroom.work(newsroom.director.admit(commission))
    rig = next(task for task in newsroom.tasks if task.name == "motion/rig")
    (newsroom.folder / "public/results" / rig.key).write_bytes(b"\xff\xff\xff")
    director = newsroom.hire()
    again = director.admit(commission)
    assert newsroom.work(again, director=director) == ["motion/rig"]


def test_a_file_found_broken_at_delivery_is_made_again(
    newsroom: Newsroom, commission: Commission
) -> None:
    video = newsroom.director.admit(commission)
    newsroom.work(video)
    video_digest = newsroom.director.deliver(video)[0].digest
    newsroom.director.repair(video, Corrupt(video_digest, spoil(newsroom, video_digest, "altered")))
    assert newsroom.work(video) == ["compositing/join"]
    finish(newsroom, video)
    assert newsroom.store.get(video_digest)


@pytest.mark.parametrize(
    ("consent", "reason"),
    [
        ({}, "CONSENT_MISSING"),
        ({"kind": "written", "expires": "2026-11-20"}, "CONSENT_EXPIRED"),
        ({"kind": "written", "channels": ["news"]}, "CONSENT_SCOPE"),
    ],
)
def test_without_consent_the_portrait_is_not_even_looked_at(
    newsroom: Newsroom, make: Make, consent: dict[str, object], reason: str
) -> None:
    unwilling = make()
    unwilling.presenter.consent.Clear()
    unwilling.presenter.consent.MergeFrom(type(unwilling.presenter.consent)(**consent))
    video = newsroom.director.admit(unwilling)
    assert not {"motion/portrait", "motion/rig"} & set(newsroom.work(video))
    assert said(video) == [("consent", reason)]


def test_consent_that_ends_overnight_ends_the_video_before_the_next_frame(
    newsroom: Newsroom, commission: Commission
) -> None:
    commission.presenter.consent.expires = "2026-11-21"
    video = newsroom.director.admit(commission)
    newsroom.work(video, stop=lambda task: task.name.startswith("compositing/1"))
    newsroom.clock.passes(days=1)
    director = newsroom.hire()
    again = director.admit(commission)
    drawn = newsroom.work(again, director=director)
    assert not any(name.startswith("compositing") for name in drawn)
    assert said(again) == [("consent", "CONSENT_EXPIRED")]


def test_consent_is_asked_for_once_more_at_delivery(
    newsroom: Newsroom, commission: Commission
) -> None:
    commission.presenter.consent.expires = "2026-11-21"
    video = newsroom.director.admit(commission)
    newsroom.work(video)
    newsroom.clock.passes(days=1)
    with pytest.raises(Invalid, match="CONSENT_EXPIRED"):
        newsroom.director.deliver(video)
    assert video.status == "failed"


def test_consent_that_ends_between_two_tasks_stops_the_second(
    newsroom: Newsroom, commission: Commission
) -> None:
    commission.presenter.consent.expires = "2026-11-21"
    video = newsroom.director.admit(commission)
    task = answer_until(newsroom, video, "motion/rig")
    newsroom.clock.passes(days=1)
    newsroom.director.accept(task, newsroom.stages.answer(task.request), 0.5)
    assert "restoration/rig" not in newsroom.work(video)
    assert said(video) == [("consent", "CONSENT_EXPIRED")]


def test_a_cancelled_video_asks_for_nothing_more(
    newsroom: Newsroom, commission: Commission
) -> None:
    video = newsroom.director.admit(commission)
    (task, *_) = newsroom.director.ready(video)
    newsroom.director.cancel(video)
    newsroom.director.accept(task, newsroom.stages.answer(task.request), 0.5)
    assert newsroom.director.ready(video) == []
    assert newsroom.state.status_of(video.id) == "cancelled"


def test_an_answer_to_another_question_is_not_taken(
    newsroom: Newsroom, commission: Commission
) -> None:
    video = newsroom.director.admit(commission)
    portrait, scene, _ = newsroom.director.ready(video)
    with pytest.raises(TypeError, match="motion/portrait"):
        newsroom.director.accept(portrait, newsroom.stages.answer(scene.request), 0.5)


def test_the_outline_tells_how_far_a_video_is(newsroom: Newsroom, commission: Commission) -> None:
    video = newsroom.director.admit(commission)
    newsroom.work(video, stop=lambda task: task.name == "compositing/1")
    planned = newsroom.director.outline(video)
    left = [step.name for step in planned if step.name not in video.steps]
    assert left == [*(f"compositing/{n}" for n in range(1, 10)), "compositing/join"]
