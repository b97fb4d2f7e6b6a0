"""A job posting said aloud in 60 to 110 words: its facts, in sentences that differ between ads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.director.storylines import english
from services.director.storylines.posting import Posting, Salary

LEAST_WORDS: Final = 60
MOST_WORDS: Final = 110
SPOKEN_SKILLS: Final = 5
SPOKEN_BENEFITS: Final = 3
SPOKEN_CHARACTERS: Final = 40
"""A skill that is longer is for the eye alone."""
QUOTED_WORDS: Final = 35

FOR_EVERYBODY: Final = re.compile(
    r"\s*[(\[](?:[a-z]{1,2}\s*[/|*]\s*){1,3}[a-z*]{1,2}[)\]]|\s*\(all genders\)", re.IGNORECASE
)
"""Marks like "(m/f/d)": meant for the eye."""
INITIALISMS: Final = ("HVAC", "SCADA", "SIEM", "HGV")
"""Words of more than three capitals that are meant to be."""
COUNTRY_CODE: Final = re.compile(r"(?:,\s*[A-Z]{2})+$")
FIRST_PERSON: Final = re.compile(r"\b(?:I|we|us|our|ours|my|me|We|Us|Our|My)\b")
ENGLISH: Final = re.compile(r"\b(?:the|and|you|your|of|to|for|with|will|is|are)\b", re.IGNORECASE)
NOT_SPOKEN: Final = re.compile(r"https?:|www\.|@|[<>|•{}\[\]#_]")

INVITATIONS: Final = (
    "You will find the main points on screen.",
    "Take your time, and think about what you would bring to it.",
    "If that sounds like you, take a closer look.",
    "And if it sounds like somebody you know, pass it on.",
    "Read the advertisement in full, and see whether it fits.",
    "Perhaps it is the next step you have been waiting for.",
    "Whoever you are, and wherever you are watching, thank you for listening.",
)
"""They say nothing about the job, and fill the time of one about which little is known."""


@dataclass(frozen=True)
class Line:
    """A sentence of the narration."""

    text: str
    paragraph: int
    rank: int
    """What has the highest goes first where there are too many words; 0 stays."""


def narrate(posting: Posting) -> str:
    """Return the narration: English, plain text, paragraphs parted by empty lines.

    It says only what the posting says. The same posting is always told in the same words.
    """
    lines = fitted(posting)
    lines += invitations(posting, MOST_WORDS, LEAST_WORDS - spoken_words(lines))
    paragraphs = sorted({line.paragraph for line in lines})
    return "\n\n".join(
        " ".join(line.text for line in lines if line.paragraph == paragraph)
        for paragraph in paragraphs
    )


def fitted(posting: Posting) -> list[Line]:
    """Return the sentences that fit: fewer skills first, then without the least important."""
    for skills in range(SPOKEN_SKILLS, 0, -1):
        lines = list(told(posting, skills))
        if spoken_words(lines) <= MOST_WORDS:
            return lines
    while spoken_words(lines) > MOST_WORDS and (last := max(line.rank for line in lines)):
        lines = [line for line in lines if line.rank != last]
    return lines


def told(posting: Posting, skills: int) -> Iterator[Line]:
    """Yield everything there is to say, in the order in which it is said."""
    yield Line(opening(posting), 1, 0)
    if place := setting(posting):
        yield Line(place, 1, 1)
    if quoted := quotation(posting.description):
        yield Line(quoted, 2, 6)
    if asked := asked_for(posting, skills):
        yield Line(asked, 2, 2)
    if posting.salary is not None:
        yield Line(pay(posting, posting.salary), 2, 1)
    if extras := benefits(posting):
        yield Line(extras, 2, 5)
    if posting.deadline is not None:
        yield Line(closing_date(posting, english.day(posting.deadline)), 3, 3)
    if posting.apply_url:
        yield Line(address(posting), 3, 4)


def opening(posting: Posting) -> str:
    """Return the sentence that says who is wanted, and by whom."""
    title = spoken_title(posting.title)
    wanted, company = english.with_article(title), posting.company
    if not company:
        variants = [f"Wanted: {wanted}.", f"Here is a new opening for {wanted}."]
        variants += [f"A new position is open, for {wanted}."]
    else:
        variants = [f"{company} is looking for {wanted}.", f"{company} is hiring {wanted}."]
        if not english.is_plural(title):
            variants += [f"{company} has an opening for {wanted}."]
            variants += [f"A position has opened at {company}, for {wanted}."]
    return pick(variants, posting, "opening")


def setting(posting: Posting) -> str:
    """Return the sentence about kind and place of the work."""
    kind, place = kind_of_work(posting.employment), spoken_place(posting.location)
    remote = {"remote": "the work is remote", "hybrid": "the work is hybrid"}
    where = {**remote, "on site": "the work is on site", "": ""}[posting.workplace]
    if place and posting.workplace == "remote":
        said = f"the work is remote, and the location given is {place}"
        return f"It is {kind}: {said}." if kind else sentence(said)
    if kind and place:
        variants = [f"It is {kind} in {place}", f"This is {kind}, and the place is {place}"]
    elif kind:
        variants = [f"It is {kind}"]
    elif place:
        variants = [f"The position is in {place}", f"The place of work is {place}"]
    else:
        return sentence(where)
    head = pick(variants, posting, "setting")
    return sentence(f"{head}, and {where}" if where else head)


def kind_of_work(employment: str) -> str:
    """Return the kind of employment with its article: "a full-time position"."""
    if not employment:
        return ""
    noun = "" if employment in {"internship", "apprenticeship"} else " position"
    return english.with_article(f"{employment}{noun}")


def asked_for(posting: Posting, most: int) -> str:
    """Return the sentence about skills; those that it leaves out are counted."""
    count = len(posting.skills)
    said = [skill for skill in posting.skills if len(skill) <= SPOKEN_CHARACTERS][:most]
    if not count:
        return ""
    if not said:
        found = "One skill is asked for, and you will find it on screen."
        many = sentence(f"{english.number(count)} skills are asked for, and they are on screen")
        return found if count == 1 else many
    items = english.listed(said)
    if count == 1:
        variants = [f"One skill is asked for: {items}.", f"The one skill on the list is {items}."]
    elif len(said) == count:
        variants = [f"The skills asked for are {items}.", f"On the list of skills: {items}."]
        variants += [f"What you should bring: {items}."]
    else:
        verb = "are" if len(said) > 1 else "is"
        number = english.number(count)
        variants = [f"Among the {number} skills asked for {verb} {items}."]
        variants += [f"The list names {number} skills, among them {items}."]
    return pick(variants, posting, "skills")


def pay(posting: Posting, salary: Salary) -> str:
    """Return the sentence about money."""
    word = "salary" if salary.period in {"a year", "a month"} else "pay"
    least, most = salary.least, salary.most
    unit = english.currency_name(salary.currency)
    if least is not None and most is not None and least != most:
        low, high = english.amount(least), english.amount(most)
        variants = [f"The {word} is {low} to {high} {unit}", f"The pay is {low} to {high} {unit}"]
        variants += [f"It pays between {low} and {high} {unit}"]
    elif most is None and least is not None:
        variants = [f"The {word} starts at {english.money(least, salary.currency)}"]
    elif least is None and most is not None:
        variants = [f"The {word} goes up to {english.money(most, salary.currency)}"]
    else:
        variants = [f"The {word} is {english.money(least or 0, salary.currency)}"]
    return f"{pick(variants, posting, 'pay')} {salary.period}".strip() + "."


def benefits(posting: Posting) -> str:
    """Return the sentence about what comes on top of the pay."""
    fit = [b for b in posting.benefits if len(b) <= SPOKEN_CHARACTERS and "," not in b]
    said = fit[:SPOKEN_BENEFITS]
    if not said:
        return ""
    items, count = english.listed(said), len(posting.benefits)
    if count == 1:
        return f"One benefit is listed: {items}."
    if len(said) == count:
        return f"The benefits listed are {items}."
    return f"Among the benefits listed {'are' if len(said) > 1 else 'is'} {items}."


def closing_date(posting: Posting, when: str) -> str:
    """Return the sentence about the last day to apply."""
    variants = [f"Applications are open until {when}.", f"The last day to apply is {when}."]
    return pick([*variants, f"You can apply until {when}."], posting, "deadline")


def address(posting: Posting) -> str:
    """Return the sentence about where to apply; only the host can be kept in mind."""
    url = posting.apply_url
    host = (urlsplit(url if "//" in url else f"https://{url}").hostname or "").removeprefix("www.")
    variants = [f"You can apply online, at {host}.", f"To apply, go to {host}."]
    return pick(variants, posting, "address")


def quotation(description: str) -> str:
    """Return the first sentences of a description that a presenter can say as they stand.

    That is: whole English sentences, not too long, without addresses, and not spoken as "we".
    """
    said: list[str] = []
    for text in re.split(r"(?<=[.!?])\s+|\n+", description):
        words = english.word_count(" ".join([*said, text]))
        if is_speakable(text) and words <= QUOTED_WORDS:
            said.append(text)
        elif said:
            break
    return " ".join(said[:2])


def is_speakable(text: str) -> bool:
    """Return whether a sentence of a description can be said by somebody else."""
    whole = text[:1].isupper() and text.endswith((".", "!")) and english.word_count(text) >= 5
    foreign = FIRST_PERSON.search(text) or NOT_SPOKEN.search(text) or not ENGLISH.search(text)
    return whole and not foreign


def invitations(posting: Posting, most: int, missing: int) -> list[Line]:
    """Return as many sentences as it takes to say the missing number of words."""
    start = number_of(posting, "invitation") % len(INVITATIONS)
    turned = [*INVITATIONS[start:], *INVITATIONS[:start]]
    chosen: list[str] = []
    while turned and english.word_count(" ".join(chosen)) < min(missing, most):
        chosen.append(turned.pop(0))
    return [Line(text, 3, 9) for text in INVITATIONS if text in chosen]


def spoken_title(title: str) -> str:
    """Return a title as it is said: without marks for the eye, and not in capitals."""
    said = FOR_EVERYBODY.sub("", title).strip(" .,;:-–—|/")
    said = re.sub(r"\s+[-–—|]\s+", ", ", said)
    said = re.sub(r"(?<=[a-zß-ÿ])\s*/\s*(?=[A-ZÀ-Þ]?[a-zß-ÿ])", " or ", said)
    words = said.split()
    if said.isupper() and len(said) > 4:
        shout = [word for word in words if len(word) > 3 and word not in INITIALISMS]
        words = [word.capitalize() if word in shout else word for word in words]
    return " ".join(words) or title


def spoken_place(place: str) -> str:
    """Return a place as it is said: without the codes of state and country after a name."""
    return COUNTRY_CODE.sub("", place)


def sentence(text: str) -> str:
    """Return a text with a capital at its beginning and a full stop at its end."""
    return f"{text[0].upper()}{text[1:].removesuffix('.')}." if text else ""


def spoken_words(lines: Sequence[Line]) -> int:
    """Return how many words some sentences have."""
    return sum(english.word_count(line.text) for line in lines)


def pick(variants: Sequence[str], posting: Posting, slot: str) -> str:
    """Return one of several ways to say a thing: another for another posting."""
    return variants[number_of(posting, slot) % len(variants)]


def number_of(posting: Posting, slot: str) -> int:
    """Return a number that depends on the posting, and on what it is for."""
    facts = "\0".join((slot, posting.title, posting.company, posting.location))
    return int.from_bytes(hashlib.sha256(facts.encode()).digest()[:8], "big")
