"""What is said for what is written, and which written word it belongs to."""

import pytest

from services.speech.domain.normalise import normalise
from services.speech.domain.spoken import SpokenText, lay_out


def say(written: str, language: str = "en-US", **dictionary: str) -> SpokenText:
    return lay_out(written, normalise(written, language, dictionary))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("€ 52,000 – 61,000 a year", "fifty-two thousand to sixty-one thousand euros a year"),
        ("$55k–65k", "fifty-five thousand to sixty-five thousand dollars"),
        ("£12.50/h", "twelve pounds fifty per hour"),
        ("about $1.5 million", "about one point five million dollars"),
        ("1,234,567.89", "one million two hundred thirty-four thousand five hundred sixty-seven"
                         " point eight nine"),
        ("-5 °C", "minus five degrees Celsius"),
        ("1 km, 2 km", "one kilometer, two kilometers"),
        ("10–15 %", "ten to fifteen percent"),
        ("6:30 a.m. and 3 p.m., Monday–Friday", "six thirty A.M and three P.M, Monday to Friday"),
        ("18:00-22:15", "eighteen hundred to twenty-two fifteen"),
        ("On November 21, 2026 we met", "On November twenty-first, twenty twenty-six we met"),
        ("21 Nov. 2026", "the twenty-first of November twenty twenty-six"),
        ("2026-11-21", "November twenty-first twenty twenty-six"),
        ("In 1999 we had 2000 workers", "In nineteen ninety-nine we had two thousand workers"),
        ("the 1990s, 2019–2023", "the nineteen nineties, twenty nineteen to twenty twenty-three"),
        ("the 3rd floor", "the third floor"),
        ("Henry VIII and World War II", "Henry the eighth and World War two"),
        ("I am here", "I am here"),
        ("IEC 61400-1", "I.E.C sixty-one thousand four hundred one"),
        ("+49 221 1234567", "plus four nine, two two one, one two three, four five six seven"),
        ("NASA, GWO, HTML, APIs", "Nasa, G.W.O, H.T.M.L, A.P.I's"),
        ("B2B, 5G, COVID-19", "B two B, five G, Covid nineteen"),
        ("CNC & TIG, C++ or C#", "C.N.C and T.I.G, C plus plus or C sharp"),
        ("Dr. Lee (m/f/d), e.g. at St. Ives", "Doctor Lee, all genders, for example at Saint Ives"),
        ("No. 5, #1", "number five, number one"),
        ("https://jobs.example.com/wind?id=42", "jobs dot example dot com slash wind"),
        ("hr@example.com", "H.R at example dot com"),
        ("“Hello” — it’s me…", "Hello, it's me."),
        ("37.5 hrs/week", "thirty-seven point five hours per week"),
        ("WELCOME TO THE NEW SHOW", "WELCOME TO THE NEW SHOW"),
    ],
)  # fmt: skip
def test_english_is_read_as_a_newsreader_reads_it(written: str, spoken: str) -> None:
    assert say(written).text == spoken


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("en-GB", "3/12/2026, 350", "the third of December twenty twenty-six, three hundred and"
                                    " fifty"),
        ("de", "am 21. November 2026", "am einundzwanzigsten November zweitausendsechsundzwanzig"),
        ("de", "z. B. 52.000 €, 4,5 %", "zum Beispiel zweiundfünfzigtausend Euro, vier Komma fünf"
                                        " Prozent"),
        ("fr", "le 1er mai à 18h30", "le premier mai à dix-huit heures trente"),
        ("es", "4,5 %", "cuatro coma cinco por ciento"),
        ("it", "20 km", "venti chilometri"),
        ("nl", "€ 52.000", "tweeënvijftigduizend euro"),
        ("pl", "21 listopada", "dwudziestego pierwszego listopada"),
        ("sv", "52 000 kr", "femtiotvåtusen kronor"),
        ("da", "21. november", "enogtyvende november"),
        ("nb", "4,5 %", "fire komma fem prosent"),
        ("pt-PT", "52.000 €", "cinquenta e dois mil euros"),
        ("el", "52.000 €", "52000 ευρώ"),
        ("ru", "21 ноября, 20 км", "двадцать первого ноября, двадцать километров"),
        ("uk", "52 000 ₴", "п'ятдесят дві тисячі гривень"),
    ],
)  # fmt: skip
def test_every_language_says_numbers_its_own_way(language: str, written: str, spoken: str) -> None:
    assert say(written, language).text == spoken


def test_a_caption_word_covers_all_that_is_said_for_it() -> None:
    text = say("Pay is €52,000 (gross) today.")
    assert text.words == ("Pay", "is", "€52,000", "(gross)", "today.")
    said = [text.text[span.start : span.end] for span in text.spans if span.first == 2]
    assert said == ["fifty-two thousand euros,"]


def test_a_dash_is_shown_with_the_word_before_it() -> None:
    assert say("Hello — world 🎉").words == ("Hello —", "world 🎉")


def test_a_channels_pronunciation_comes_before_every_rule() -> None:
    assert say("Visit Worcester or GWO", Worcester="Wooster", gwo="gee woe").text == (
        "Visit Wooster or gee woe"
    )
