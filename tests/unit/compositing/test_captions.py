"""Captions are read while they are heard."""

from itertools import pairwise

import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.timeline import SAMPLE_RATE, Timing, Word
from services.compositing.domain.captions import Cue, at_frames, by_characters, cues
from services.compositing.domain.sidecars import subrip, webvtt

SCRIPT = (
    "Brekka Marine Fabrication is looking for a senior welder for its offshore wind yard in "
    "Esbjerg, Denmark. You will lead a crew of six welders on the jacket line."
)
HOSTILE = (
    "a',drawtext=textfile=/etc/passwd",
    "colon: back\\slash [x] ; comma, C:\\new\\Name\\h",
    "-i http://169.254.169.254/",
    "{\\p1}m 0 0 l 9999 9999",
    "<b>AT&T</b> <script>1</script>",
    "arrows --> and &amp; entities",
)


def spoken(text: str, pause: float = 0.3, start: float = 0.5) -> Timing:
    """Say a text at 15 characters a second, pausing after sentences and half that at commas."""
    clock, words = start, []
    for word in text.split():
        end = clock + len(word) / 15
        words.append(Word(word, int(clock * SAMPLE_RATE), int(end * SAMPLE_RATE)))
        rest = pause if word[-1] in ".?!" else pause / 2 if word[-1] in ",;:" else 0.03
        clock = end + rest
    return Timing(int((clock + 0.4) * SAMPLE_RATE), tuple(words), ())


def lines(shown: tuple[Cue, ...]) -> list[str]:
    return [line for cue in shown for line in cue.texts]


def test_every_word_is_shown_once_and_in_order() -> None:
    assert " ".join(lines(cues(spoken(SCRIPT)))) == SCRIPT


def test_a_cue_has_at_most_two_lines_that_fit() -> None:
    for cue in cues(spoken(SCRIPT * 2)):
        assert len(cue.lines) <= 2
        assert all(by_characters(text) <= 1 for text in cue.texts), cue.texts


def test_a_sentence_begins_with_a_cue_of_its_own() -> None:
    starts = [cue.texts[0].split()[0] for cue in cues(spoken(SCRIPT))]
    assert "You" in starts, "the eye should not find a new sentence in the middle of an old one"


def test_a_full_stop_inside_a_sentence_does_not_end_it() -> None:
    text = "Dr. Ilse Brandt leads the survey every Saturday from 10 a.m. to 2 p.m. in the harbour."
    ends = [line.split()[-1] for line in lines(cues(spoken(text)))]
    assert "Dr." not in ends
    assert "p.m." not in ends


def test_no_line_ends_with_an_article_where_it_need_not() -> None:
    ends = {line.split()[-1] for line in lines(cues(spoken(SCRIPT)))}
    assert not ends & {"a", "of", "for", "on", "the", "its"}, ends


def test_two_lines_are_about_as_long_as_one_another() -> None:
    text = "The salary is fifty-two thousand to sixty-one thousand euros a year."
    above, below = cues(spoken(text))[0].texts
    assert abs(len(above) - len(below)) <= 12, (above, below)


def test_a_cue_appears_with_its_first_word_and_leaves_150_ms_after_its_last() -> None:
    timing = spoken("We build towers that stand in the sea. They turn.", pause=3.0)
    first = cues(timing)[0]
    assert first.start == timing.words[0].start
    last = next(word for word in timing.words if word.text == "sea.")
    assert first.end == last.end + int(0.15 * SAMPLE_RATE)


def test_cues_close_to_one_another_follow_without_a_flicker() -> None:
    shown = cues(spoken(SCRIPT))
    gaps = [after.start - before.end for before, after in pairwise(shown)]
    assert all(gap == 0 or gap >= 0.25 * SAMPLE_RATE for gap in gaps), gaps


def test_a_short_sentence_is_shown_for_a_second() -> None:
    shown = cues(spoken("Yes.", start=1.0))
    longest = shown[-1].end - shown[-1].start
    assert longest >= 0.7 * SAMPLE_RATE, "a flash is not read; the chunk's end is the only limit"


def test_cues_stay_inside_their_chunk() -> None:
    timing = spoken(SCRIPT)
    assert all(0 <= cue.start < cue.end <= timing.sample_count for cue in cues(timing))


def test_a_word_wider_than_a_line_is_cut_at_a_joint_of_the_address() -> None:
    address = "https://jobs.nordhaven.example/apply/senior-welder-offshore-wind-esbjerg"
    shown = cues(spoken(f"Go to {address} today."))
    assert all(by_characters(text) <= 1 for text in lines(shown))
    assert "".join("".join(lines(shown)).split()) == f"Goto{address}today."
    assert any(line.endswith(("/", "-", ".")) for line in lines(shown))


def test_the_word_being_spoken_is_the_active_one() -> None:
    timing = spoken("One two three four.", start=0.5)
    frames = list(at_frames(cues(timing), 0, 1920, timing.sample_count // 1920))
    assert frames[0] is None, "nothing is said yet"
    for word_index, word in enumerate(timing.words):
        now = frames[(word.start + word.end) // 2 // 1920]
        assert now is not None
        assert now[1] == word_index


def test_silence_has_no_captions() -> None:
    silence = Timing(SAMPLE_RATE, (), ())
    assert cues(silence) == ()
    assert list(at_frames((), 0, 1920, 3)) == [None] * 3


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("abcdefgé.,-ßΩя", min_size=1, max_size=60), min_size=1, max_size=24),
    st.integers(8, 50),
)
def test_whatever_is_said_is_shown_in_order_within_the_line(said: list[str], wide: int) -> None:
    timing = spoken(" ".join(said))
    shown = cues(timing, lambda text: len(text) / wide)
    assert all(len(text) <= wide for text in lines(shown))
    letters = "".join(lines(shown)).replace(" ", "").replace("-", "")
    assert letters == "".join(said).replace("-", "")
    assert all(a.end <= b.start for a, b in pairwise(shown))


@pytest.mark.parametrize("text", HOSTILE)
def test_sidecars_hold_a_script_letter_for_letter(text: str) -> None:
    shown = cues(spoken(text, start=1.0))
    rows = subrip(shown).splitlines()
    assert all(line in rows for line in lines(shown)), "SubRip knows no escapes: letters stay"
    escaped = webvtt(shown)
    body = [row for row in escaped.splitlines() if "-->" not in row]
    assert not any("<" in row for row in body), "a player would take it for markup"


def test_sidecars_say_when() -> None:
    shown = tuple(cue.moved(SAMPLE_RATE) for cue in cues(spoken(SCRIPT, start=0.5)))
    read = pysubs2.SSAFile.from_string(subrip(shown), format_="srt")
    assert read[0].start == 1500, "the chunk lies one second into the video"
    assert [event.plaintext for event in read] == ["\n".join(cue.texts) for cue in shown]
    again = pysubs2.SSAFile.from_string(webvtt(shown), format_="vtt")
    assert [(e.start, e.end) for e in again] == [(e.start, e.end) for e in read]
