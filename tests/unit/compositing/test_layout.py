from itertools import combinations

import pytest

from services.compositing.domain import content as contents
from services.compositing.domain.layout import Laid, lay_out
from services.compositing.domain.marks import Mark, Slab, Words, reach
from services.compositing.engines import fonts, templates

ASPECTS = ("16:9", "9:16", "1:1")
ROWS = [
    {"icon": "company", "text": "Brekka Marine Fabrication"},
    {"icon": "location", "text": "Esbjerg, Denmark · on site"},
    {"icon": "salary", "text": "€ 52,000 – 61,000 a year"},
]
LONG_ROWS = [
    {"icon": "company", "text": "Internationale Schifffahrtsgesellschaft Nordsee"},
    {"icon": "location", "text": "Wilhelmshaven and Bremerhaven, Germany · hybrid"},
    {"icon": "clock", "text": "Full time, 37.5 hours, from 1 March 2027"},
]
SKILLS = [
    "TIG 6G", "Duplex steel", "EN ISO 9606-1", "Blueprints", "GWO safety", "Shift work", "MIG/MAG",
    "Non-destructive testing", "English B2", "Forklift licence", "Team lead", "First aid",
]  # fmt: skip
POINTS = [
    "Eleven new stops between the harbour and the university hospital, opening in two stages",
    "Construction starts in March and closes Weaver Street for fourteen months",
    "Fares stay at £4.20 until the end of the year",
    "Residents may object until 30 November",
    "Opposition calls the budget optimistic",
]
SCENES = {
    "a job ad": {
        "overline": "New vacancy · Energy",
        "title": "Senior Welder, Offshore Wind",
        "rows": ROWS,
        "chips": SKILLS[:6],
    },
    "a title of 60 characters": {
        "title": "Senior Mechanical Engineer, Offshore Wind Turbine Structures",
        "rows": ROWS,
        "chips": SKILLS[:6],
    },
    "a title of one word": {"title": "Beekeeper", "rows": ROWS[:2], "chips": SKILLS[:2]},
    "twelve skills": {"title": "Senior Welder, Offshore Wind", "rows": ROWS, "chips": SKILLS},
    "no skills": {"title": "Senior Welder, Offshore Wind", "rows": ROWS},
    "no salary": {"title": "Night nurse", "rows": ROWS[:2], "chips": SKILLS[:3]},
    "a company of 40 characters": {"title": "Captain", "rows": LONG_ROWS, "chips": SKILLS[:6]},
    "a title alone": {"title": "The seals are back in record numbers"},
    "a bulletin": {
        "overline": "Morning briefing",
        "title": "City council approves the largest tram extension since 1987",
        "points": POINTS,
        "lower_third": {"name": "Amara Osei", "role": "City desk"},
    },
    "Polish": {
        "title": "Główny księgowy w dziale żeglugi śródlądowej",
        "rows": [{"icon": "company", "text": "Żegluga Śródlądowa Źródło S.A."}],
        "chips": ["Język angielski", "Księgowość"],
    },
    "Vietnamese": {
        "title": "Kỹ sư phần mềm Ấn Độ – Nhật Bản, Ắc quy Ổn định",
        "rows": [{"icon": "salary", "text": "30.000.000 ₫ một tháng"}],
    },
    "Greek": {"title": "Μηχανικός λογισμικού για ανανεώσιμες πηγές", "chips": ["Αγγλικά"]},
    "Ukrainian": {"title": "Старший інженер-конструктор вітрових турбін", "rows": ROWS[:1]},
    "German": {
        "title": "Straßenbahninstandhaltungsfachkraft (m/w/d) für Donaudampfschifffahrt",
        "rows": LONG_ROWS,
        "chips": ["Kraftfahrzeugmechatronik", "Führerschein Klasse C"],
    },
    "everything at its limit": {
        "overline": "W" * 60,
        "title": "Wasserwirtschaftsingenieur " * 5,
        "rows": [{"icon": "star", "text": "W" * 120}] * 5,
        "chips": ["W" * 48] * 24,
        "lower_third": {"name": "W" * 60, "role": "W" * 60},
    },
}


def laid(data: dict[str, object], aspect: str) -> tuple[Laid, ...]:
    template, typesetter = templates.load("news-frame"), fonts.load().typesetter("Hanken Grotesk")
    content = contents.read(data, template, typesetter)
    letters = typesetter.suited(text for _, text in content.texts())
    return lay_out(content, template, aspect, letters)


def marks(blocks: tuple[Laid, ...]) -> list[Mark]:
    return [mark for block in blocks for piece in block.pieces for mark in piece.marks]


def title_lines(data: dict[str, object], aspect: str) -> list[str]:
    words = [m for m in marks(laid(data, aspect)) if isinstance(m, Words) and m.style.weight == 700]
    largest = max(word.style.size for word in words)
    return [word.text for word in words if word.style.size == largest]


def meet(one: Mark, other: Mark) -> bool:
    a, b = reach(one), reach(other)
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("name", SCENES)
def test_nothing_written_touches_anything_else(name: str, aspect: str) -> None:
    drawn = [m for m in marks(laid(SCENES[name], aspect)) if not isinstance(m, Slab)]
    touching = [(a, b) for a, b in combinations(drawn, 2) if meet(a, b)]
    assert not touching


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("name", SCENES)
def test_chips_lie_apart(name: str, aspect: str) -> None:
    slabs = [m for m in marks(laid(SCENES[name], aspect)) if isinstance(m, Slab)]
    assert not any(meet(a, b) for a, b in combinations(slabs, 2))


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("name", SCENES)
def test_everything_stays_inside_its_block(name: str, aspect: str) -> None:
    for block in laid(SCENES[name], aspect):
        inset, whole = block.block.inset, block.block.box
        room = (
            block.box[0] + block.block.rule + inset[0] - 0.5,
            block.box[1],
            whole[2] - inset[2] + 0.5,
            whole[3] if block.block.surface != "none" else 560,
        )
        air = 24 if block.block.surface == "none" else 12  # accents and icons rise above capitals
        for mark in marks((block,)):
            left, top, right, bottom = reach(mark)
            assert room[0] <= left <= right <= room[2], mark
            assert room[1] - air <= top <= bottom <= room[3], mark


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("name", SCENES)
def test_a_panel_does_not_reach_the_captions(name: str, aspect: str) -> None:
    kind = templates.load("news-frame").aspect(aspect).caption
    captions_top = kind.bottom - 2 * kind.height
    cards = [b for b in laid(SCENES[name], aspect) if b.block.surface in {"card", "strip"}]
    assert all(block.box[3] <= captions_top - 16 for block in cards)


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Senior Welder, Offshore Wind", ["Senior Welder,", "Offshore Wind"]),
        ("Head of Data", ["Head of Data"]),
        ("The seals are back in record numbers", ["The seals are back", "in record numbers"]),
    ],
)
def test_a_title_is_set_in_balanced_lines(title: str, lines: list[str]) -> None:
    assert title_lines({"title": title, "rows": ROWS}, "16:9") == lines


def test_no_word_of_a_title_is_left_alone_on_its_last_line() -> None:
    lines = title_lines({"title": "Registered nurse for the night shift in Aarhus A"}, "16:9")
    assert lines[-1] != "A"


def test_a_long_title_gets_smaller_before_it_gets_a_third_line() -> None:
    title = "Senior Mechanical Engineer, Offshore Wind Turbine Structures"
    assert len(title_lines({"title": title, "rows": ROWS}, "16:9")) == 2


def test_a_word_wider_than_its_column_is_broken_between_syllables() -> None:
    title = "Donaudampfschifffahrtsgesellschaftskapitän"
    lines = title_lines({"title": title, "rows": ROWS}, "16:9")
    assert lines == ["Donaudampfschifffahrts-", "gesellschaftskapitän"]


def test_a_title_with_nothing_below_it_is_larger() -> None:
    def size(data: dict[str, object]) -> float:
        return max(m.style.size for m in marks(laid(data, "16:9")) if isinstance(m, Words))

    assert size({"title": "Floods"}) > size({"title": "Floods", "rows": ROWS})


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_job_ad_and_twelve_skills_are_shown_whole(aspect: str) -> None:
    for name in ("a job ad", "twelve skills", "a bulletin", "German"):
        assert not [n for block in laid(SCENES[name], aspect) for n in block.notices], name


def test_what_finds_no_room_is_said() -> None:
    data = SCENES["everything at its limit"]
    fields = {notice.field for block in laid(data, "1:1") for notice in block.notices}
    assert {"data.overline", "data.chips", "data.rows[0].text"} <= fields


def test_accents_do_not_touch_the_line_above() -> None:
    lines = [
        mark
        for mark in marks(laid({"title": "Ngỗng jgp ỹ ngỗng Ẳ Ấ Ổ Ế Ẳ Ấ Ổ Ế Ẳ Ấ Ổ Ế"}, "16:9"))
        if isinstance(mark, Words)
    ]
    assert len(lines) == 2
    assert reach(lines[0])[3] < reach(lines[1])[1]
