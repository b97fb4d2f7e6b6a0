"""Languages as MP4 files name them: ISO 639-2/T."""

from __future__ import annotations

from typing import Final

UNDETERMINED: Final = "und"
CODES: Final = """
    af:afr az:aze be:bel bg:bul bs:bos ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng eo:epo
    es:spa et:est eu:eus fi:fin fo:fao fr:fra ga:gle gd:gla gl:glg hr:hrv hu:hun id:ind is:isl
    it:ita kk:kaz ky:kir la:lat lb:ltz lt:lit lv:lav mk:mkd ms:msa mt:mlt nb:nob nl:nld nn:nno
    no:nor pl:pol pt:por ro:ron ru:rus sk:slk sl:slv sq:sqi sr:srp sv:swe sw:swa tg:tgk tk:tuk
    tl:tgl tr:tur tt:tat uk:ukr uz:uzb vi:vie
"""
"""ISO 639-1 to ISO 639-2/T, for the languages that Latin, Greek and Cyrillic write."""
THREE_LETTERS: Final = dict(pair.split(":") for pair in CODES.split())


def three_letters(tag: str) -> str:
    """Return the code of a BCP 47 tag's language: "eng" of "en-GB", "und" where there is none."""
    primary = tag.partition("-")[0].lower()
    if len(primary) == 3 and primary.isascii() and primary.isalpha():
        return primary
    return THREE_LETTERS.get(primary, UNDETERMINED)
