"""The recipe, driven by hand: no store, no database, no clock."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from google.protobuf.message import Message
from rostrum.compositing.v1.compositing_pb2 import CompositeRequest
from rostrum.director.v1.director_pb2 import Commission, MediaFile

from services.chassis.store import Store
from services.director.orders import complete
from services.director.recipes import Finished, Step
from services.director.recipes.talking_head import admission, advance, outline

Make = Callable[..., Commission]
STAGES = ("speech", "motion", "restoration", "lipsync", "compositing")


class Book:
    """Results by request, as any cache would hold them."""

    def __init__(self, stages: Callable[[Message], Message]) -> None:
        self._answers: dict[tuple[str, bytes], Message] = {}
        self._stages = stages
        self.done: list[Step[Message]] = []

    def __call__(self, step: Step[Message], /) -> Message | None:
        return self._answers.get(self._key(step))

    def do(self, step: Step[Message]) -> None:
        self._answers[self._key(step)] = self._stages(step.request)
        self.done.append(step)

    def make(self, commission: Commission) -> Finished:
        """Do what the recipe asks for until the video is finished."""
        for _ in range(100):
            now = advance(commission, self)
            if isinstance(now, Finished):
                return now
            assert now, "nothing to do and nothing finished"
            for step in now:
                self.do(step)
        raise AssertionError("no end in sight")

    def names(self, stage: str = "") -> list[str]:
        return [step.name for step in self.done if step.stage.startswith(stage)]

    @staticmethod
    def _key(step: Step[Message]) -> tuple[str, bytes]:
        said = step.request.SerializeToString(deterministic=True)
        return type(step.request).__name__, said


@pytest.fixture
def book(stages_of: Callable[[Store], Callable[[Message], Message]]) -> Book:
    return Book(stages_of(Store.in_memory()))


def rounds(book: Book, commission: Commission) -> Iterator[list[str]]:
    while not isinstance(now := advance(commission, book), Finished):
        yield [step.name for step in now]
        for step in now:
            book.do(step)


def test_an_order_becomes_files_under_its_name(book: Book, make: Make) -> None:
    formats = [{"aspect": "16:9", "height": 1080}, {"aspect": "9:16", "height": 720}]
    finished = book.make(complete(make(formats=formats)))
    assert [(output.name, output.kind) for output in finished.outputs] == [
        ("senior-welder-16x9-1080.mp4", "video"),
        ("senior-welder-16x9-1080.jpg", "thumbnail"),
        ("senior-welder-16x9-1080-contact.jpg", "contact_sheet"),
        ("senior-welder-9x16-720.mp4", "video"),
        ("senior-welder-9x16-720.jpg", "thumbnail"),
        ("senior-welder-9x16-720-contact.jpg", "contact_sheet"),
        ("senior-welder.srt", "srt"),
        ("senior-welder.vtt", "vtt"),
    ]
    assert len({output.digest for output in finished.outputs}) == 8
    assert finished.seconds == pytest.approx(finished.frame_count / 25)


def test_all_checks_are_passed_before_anything_is_rendered(
    book: Book, commission: Commission
) -> None:
    commission.channel.logo.CopyFrom(MediaFile(digest="1" * 64, extension="png"))
    commission.motion.CopyFrom(MediaFile(digest="2" * 64, extension="npz"))
    commission.recording.CopyFrom(MediaFile(digest="3" * 64, extension="wav"))
    whole = complete(commission)
    checks = []
    while steps := admission(whole, book):
        assert advance(whole, book) == steps, "both say the same until all checks are passed"
        checks += [step.name for step in steps]
        for step in steps:
            book.do(step)
    assert sorted(checks) == [
        "compositing/logo",
        "compositing/scene",
        "motion/portrait",
        "motion/template",
        "speech/plan",
        "speech/recording",
    ]
    assert "motion/rig" in [step.name for step in advance(whole, book)]


def test_every_step_comes_as_early_as_what_it_is_made_from(
    book: Book, commission: Commission
) -> None:
    first, second, third, fourth, *_ = rounds(book, complete(commission))
    assert first == ["motion/portrait", "compositing/scene", "speech/plan"]
    assert second == ["motion/rig", "motion/loop", *(f"speech/{n}" for n in range(1, 10))]
    assert third[:3] == ["restoration/rig", "lipsync/1", "motion/1"]
    assert fourth == [f"compositing/{n}" for n in range(1, 10)]


def test_a_chunk_is_drawn_as_soon_as_those_before_it_are_spoken(
    book: Book, commission: Commission
) -> None:
    whole = complete(commission)
    while "compositing/1" not in (names := [step.name for step in advance(whole, book)]):
        for step in advance(whole, book):
            if step.name not in {"speech/3", "speech/7"}:
                book.do(step)
    assert [name for name in names if "compositing" in name] == ["compositing/1", "compositing/2"]


def composites(book: Book) -> list[CompositeRequest]:
    return [s.request for s in book.done if isinstance(s.request, CompositeRequest)]


@pytest.mark.parametrize(
    ("rate", "lead", "tail", "fade"), [(24, 14, 24, 10), (25, 15, 25, 10), (30, 18, 30, 12)]
)
def test_chunks_lie_end_to_end_on_the_loop(
    book: Book, make: Make, rate: int, lead: int, tail: int, fade: int
) -> None:
    finished = book.make(complete(make(frame_rate=rate)))
    drawn = composites(book)
    length = [c.lead_frames + c.take.frame_count + c.tail_frames for c in drawn]
    assert finished.frame_count == sum(length)
    for (before, frames), (after, _) in pairwise(zip(drawn, length, strict=True)):
        assert after.start_frame == before.start_frame + frames
        assert after.phase_frames == (before.phase_frames + frames) % (128 * rate), "a jump cut"
    assert (drawn[0].start_frame, drawn[0].lead_frames, drawn[-1].tail_frames) == (0, lead, tail)
    assert [c.fade_frames for c in drawn] == [0] * (len(drawn) - 1) + [fade]
    assert sum(c.lead_frames for c in drawn) + sum(c.tail_frames for c in drawn) == lead + tail


def test_two_videos_of_one_presenter_share_everything_but_where_they_enter_the_loop(
    book: Book, make: Make
) -> None:
    book.make(complete(make()))
    before = len(book.done)
    book.make(complete(make(name="another-welder")))
    assert {step.stage for step in book.done[before:]} == {"compositing"}
    first, other = composites(book)[0], composites(book)[9]
    assert first.loop == other.loop
    assert first.phase_frames != other.phase_frames, "they would move alike"


def new_steps(book: Book, commission: Commission) -> list[str]:
    before = len(book.done)
    book.make(complete(commission))
    return [step.name for step in book.done[before:]]


def test_the_same_order_again_asks_for_nothing(book: Book, make: Make) -> None:
    book.make(complete(make()))
    assert new_steps(book, make()) == []


@pytest.mark.parametrize("change", ["logo", "logo text", "accent", "ticker", "data", "format"])
def test_a_new_look_moves_no_mouth(book: Book, make: Make, change: str) -> None:
    book.make(complete(make()))
    other = make()
    if change == "logo":
        other.channel.logo.CopyFrom(MediaFile(digest="1" * 64, extension="png"))
    elif change == "data":
        other.order.data.update({"title": "Senior Welder (night shift)"})
    elif change == "format":
        other.order.formats.add(aspect="9:16")
    elif change == "ticker":
        other.channel.brand.ticker.append("Breaking")
    else:
        setattr(other.channel.brand, {"accent": "accent"}.get(change, "logo_text"), "#00ff00")
    assert {name.split("/")[0] for name in new_steps(book, other)} == {"compositing"}


def test_one_changed_sentence_is_one_chunk_of_speech_and_lips(book: Book, make: Make) -> None:
    book.make(complete(make()))
    script = make().order.script.replace("sentence number 4", "line number four")
    redone = new_steps(book, make(script=script))
    again = [name for name in redone if not name.startswith("compositing")]
    assert sorted(again) == ["lipsync/5", "motion/5", "speech/5", "speech/plan"]
    assert "compositing/4" not in redone, "what lies before the change stays"


def test_a_new_title_is_only_joined_anew(book: Book, make: Make) -> None:
    book.make(complete(make()))
    assert new_steps(book, make(title="Welder")) == ["compositing/join"]


def test_a_sentence_said_twice_is_spoken_once(book: Book, make: Make) -> None:
    book.make(complete(make(script="Good evening. And now the news. Good evening.")))
    requests = [step.request for step in book.done if step.name in {"speech/1", "speech/3"}]
    assert len(requests) == 2
    assert requests[0] == requests[1], "the same request is the same task"


def test_the_answer_does_not_depend_on_the_order_in_which_results_arrive(
    stages_of: Callable[[Store], Callable[[Message], Message]], commission: Commission
) -> None:
    whole = complete(commission)
    made = []
    for turn in (1, -1):
        book = Book(stages_of(Store.in_memory()))
        while not isinstance(now := advance(whole, book), Finished):
            book.do(now[::turn][0])
        made.append(now)
    assert made[0] == made[1]


def test_motion_and_recording_are_used_where_they_are_given(
    book: Book, commission: Commission
) -> None:
    commission.motion.CopyFrom(MediaFile(digest="2" * 64, extension="npz"))
    commission.recording.CopyFrom(MediaFile(digest="3" * 64, extension="wav"))
    book.make(complete(commission))
    by_name = {step.name: step.request for step in book.done}
    assert by_name["motion/loop"].HasField("template")
    assert by_name["speech/plan"].HasField("recording")


@pytest.mark.parametrize(
    ("step", "field", "path"),
    [
        ("motion/portrait", "file_digest", "presenter"),
        ("motion/portrait", "portrait", "presenter"),
        ("motion/rig", "settings.jaw_percent", "presenter.rig.jaw_percent"),
        ("motion/rig", "engine", "quality"),
        ("compositing/scene", "data.rows[1].text", "data.rows[1].text"),
        ("compositing/scene", "scene.data.title", "data.title"),
        ("compositing/scene", "brand.accent", "channel.brand.accent"),
        ("compositing/scene", "scene.brand.background[2]", "channel.brand.background[2]"),
        ("speech/plan", "script", "script"),
        ("speech/plan", "voice.name", "voice.name"),
        ("speech/plan", "pronunciations[2].spoken", "channel.pronunciations[2].spoken"),
        ("speech/1", "chunk.text", "script"),
        ("lipsync/1", "speech", "script"),
    ],
)
def test_complaints_of_stages_name_the_field_of_the_order(
    book: Book, commission: Commission, step: str, field: str, path: str
) -> None:
    book.make(complete(commission))
    (asked,) = (done for done in book.done if done.name == step)
    assert asked.order_field(field) == path


def test_faces_are_looked_at_and_shown_only_in_steps_that_say_so(
    book: Book, commission: Commission
) -> None:
    book.make(complete(commission))
    shown = {step.name for step in book.done if step.likeness}
    drawn = {f"compositing/{n}" for n in range(1, 10)}
    assert shown == {"motion/portrait", "motion/rig", "restoration/rig", "compositing/join"} | drawn


def test_the_outline_names_every_step_once_the_script_is_cut(
    book: Book, commission: Commission
) -> None:
    whole = complete(commission)
    guessed = outline(whole, book)
    assert {planned.name for planned in guessed} >= {"motion/rig", "speech/1", "compositing/join"}
    book.make(whole)
    assert sorted(planned.name for planned in outline(whole, book)) == sorted(book.names())
    assert all(planned.weight > 0 for planned in guessed)
