"""Orders: their defaults, and everything that can be wrong with one before a stage looks at it."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterator
from datetime import date
from typing import Final, Literal, get_args

from google.protobuf.struct_pb2 import Struct, Value
from rostrum.compositing.v1.compositing_pb2 import BrandKit
from rostrum.director.v1.director_pb2 import (
    Channel,
    Commission,
    Consent,
    MediaFile,
    Order,
    Presenter,
)
from rostrum.media.v1.media_pb2 import Format
from rostrum.speech.v1.speech_pb2 import Voice

from services.chassis.errors import Invalid, Violation
from services.chassis.licences import COMMERCIAL, USES
from services.chassis.store import DIGEST
from services.chassis.timeline import FRAME_RATES
from services.director import limits
from services.director.consent import KINDS
from services.director.texts import complaints_about, script_complaints
from services.director.tiers import engine_of, licence_complaints

NAME: Final = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{limits.NAME_CHARACTERS - 1}}}")
LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
ASPECTS: Final = ("16:9", "9:16", "1:1")
Spared = Literal["script", "language", "formats", "frame_rate", "quality", "title"]
SPARED: Final[tuple[Spared, ...]] = get_args(Spared)
"""Fields that other checks can do without."""
NAME_REMEDY: Final = (
    f"use 1 to {limits.NAME_CHARACTERS} lower-case letters, digits and hyphens, no hyphen first"
)


def complete(commission: Commission) -> Commission:
    """Return a copy with every default filled in; what was said stays as it was said."""
    full = Commission()
    full.CopyFrom(commission)
    order = full.order
    order.language = order.language or "en-US"
    order.template = order.template or "news-frame"
    order.frame_rate = order.frame_rate or 25
    order.quality = order.quality or "draft"
    order.title = order.title or data_title(order.data) or order.name
    if not order.formats:
        order.formats.add(aspect="16:9")
    for picture in order.formats:
        picture.height = picture.height or 1080
    return full


def without(commission: Commission, fields: Container[str]) -> Commission:
    """Return a copy with defaults in place of some of the order's fields.

    fields: by their first name. So the rest can be checked where these are known to be wrong; what
    names another thing, a presenter or a channel, stays.
    """
    rest = Commission()
    rest.CopyFrom(commission)
    for name in SPARED:
        if name in fields:
            rest.order.ClearField(name)
    return complete(rest)


def data_title(data: Struct) -> str:
    """Return the title that a template's data gives, or "" where it gives none."""
    value = data.fields["title"] if "title" in data.fields else Value()
    return value.string_value.strip()[: limits.TITLE_CHARACTERS]


def validate(commission: Commission) -> None:
    """Raise Invalid with everything that is wrong with a completed commission.

    Fields are paths in the order; what belongs to its presenter or channel begins with that word.
    """
    if complaints := list(order_complaints(commission)):
        raise Invalid.every(complaints)


def order_complaints(commission: Commission) -> Iterator[Violation]:
    """Yield what `validate` would raise."""
    order = commission.order
    yield from name_complaints("name", order.name)
    yield from script_complaints(order.script, limits.SCRIPT_CHARACTERS)
    yield from setting_complaints(order)
    yield from voice_complaints(order.voice)
    yield from format_complaints(list(order.formats))
    yield from complaints_about("title", order.title, limits.TITLE_CHARACTERS)
    yield from data_complaints(order.data)
    yield from consent_complaints(order.consent)
    yield from presenter_complaints(commission.presenter)
    yield from channel_complaints(commission.channel)
    yield from licence_complaints(order.quality, commission.channel.use)
    for field in ("motion", "recording"):
        if commission.HasField(field):
            yield from file_complaints(field, getattr(commission, field))


def name_complaints(field: str, name: str) -> Iterator[Violation]:
    """Yield what is wrong with a name that becomes a folder and part of file names."""
    if not name:
        yield Violation(field, "FIELD_REQUIRED", NAME_REMEDY)
    elif not NAME.fullmatch(name):
        yield Violation(field, "NAME_INVALID", f"{name[:100]!r}: {NAME_REMEDY}")


def setting_complaints(order: Order) -> Iterator[Violation]:
    """Yield what is wrong with language, template, frame rate, tier and channel name."""
    if not LANGUAGE.fullmatch(order.language):
        remedy = f'{order.language[:40]!r} is no language tag; write one like "en-GB"'
        yield Violation("language", "LANGUAGE_INVALID", remedy)
    if not NAME.fullmatch(order.template):
        remedy = f'{order.template[:40]!r} is no template; write a name like "news-frame", no path'
        yield Violation("template", "TEMPLATE_ID_INVALID", remedy)
    if order.frame_rate not in FRAME_RATES:
        remedy = f"{order.frame_rate} is not 24, 25 or 30 frames/s"
        yield Violation("frame_rate", "FPS_INVALID", remedy)
    try:
        engine_of(order.quality, "speech")
    except Invalid as error:
        yield from error.violations
    if order.channel:
        yield from name_complaints("channel", order.channel)


def voice_complaints(voice: Voice) -> Iterator[Violation]:
    """Yield what is wrong with the voice; which names there are, speech knows."""
    yield from complaints_about("voice.name", voice.name, limits.NAME_CHARACTERS)
    pace, pitch = limits.WORDS_PER_MINUTE, limits.PITCH
    yield from range_complaints("voice.words_per_minute", voice.words_per_minute, *pace)
    yield from range_complaints("voice.pitch", voice.pitch, *pitch)


def range_complaints(field: str, value: int, lowest: int, highest: int) -> Iterator[Violation]:
    """Yield a complaint about a number out of its range; 0 stands for the default."""
    if value and not lowest <= value <= highest:
        remedy = f"{value} is not in {lowest} to {highest}; leave it out for the usual"
        yield Violation(field, "VALUE_OUT_OF_RANGE", remedy)


def format_complaints(formats: list[Format]) -> Iterator[Violation]:
    """Yield what is wrong with the formats, one by one and together."""
    if len(formats) > limits.FORMATS:
        remedy = f"{len(formats)} formats; at most {limits.FORMATS} for one video"
        yield Violation("formats", "FORMATS_TOO_MANY", remedy)
        return
    for index, picture in enumerate(formats):
        field = f"formats[{index}]"
        yield from one_format_complaints(field, picture)
        if picture in formats[:index]:
            remedy = f"{picture.aspect} at {picture.height} is asked for twice; leave one out"
            yield Violation(field, "FORMAT_DUPLICATE", remedy)


def one_format_complaints(field: str, picture: Format) -> Iterator[Violation]:
    """Yield what is wrong with one format."""
    lowest, highest = limits.HEIGHT_PIXELS
    height, where = picture.height, f"{field}.height"
    if picture.aspect not in ASPECTS:
        remedy = f"{picture.aspect[:40]!r} is none of {', '.join(ASPECTS)}"
        yield Violation(f"{field}.aspect", "ASPECT_UNKNOWN", remedy)
    if height > highest:
        yield Violation(where, "DIMENSION_TOO_LARGE", f"{height} is more than {highest}")
    elif height < lowest:
        yield Violation(where, "DIMENSION_INVALID", f"{height} is less than {lowest}")
    elif height % 2:
        yield Violation(where, "DIMENSION_ODD", f"{height} is odd; try {height - 1}")


def data_complaints(data: Struct) -> Iterator[Violation]:
    """Yield what is wrong with the template's data; what it means, the template knows."""
    if (size := data.ByteSize()) > limits.DATA_BYTES:
        remedy = f"{size} bytes of at most {limits.DATA_BYTES}"
        yield Violation("data", "DATA_TOO_LARGE", remedy)
        return
    for key in sorted(data.fields):
        yield from complaints_about("data", key, limits.TEXT_CHARACTERS)
        yield from value_complaints(f"data.{key}", data.fields[key], 1)


def value_complaints(field: str, value: Value, depth: int) -> Iterator[Violation]:
    """Yield what is wrong with one value of the data and all inside it."""
    kind = value.WhichOneof("kind")
    if depth > limits.DATA_DEPTH:
        yield Violation(field, "DATA_TOO_DEEP", f"more than {limits.DATA_DEPTH} levels")
    elif kind == "string_value":
        yield from complaints_about(field, value.string_value, limits.TEXT_CHARACTERS)
    elif kind == "number_value" and not math.isfinite(value.number_value):
        yield Violation(field, "VALUE_OUT_OF_RANGE", "numbers must be finite")
    elif kind == "list_value":
        for index, item in enumerate(value.list_value.values):
            yield from value_complaints(f"{field}[{index}]", item, depth + 1)
    elif kind == "struct_value":
        for key in sorted(value.struct_value.fields):
            yield from complaints_about(field, key, limits.TEXT_CHARACTERS)
            item = value.struct_value.fields[key]
            yield from value_complaints(f"{field}.{key}", item, depth + 1)


def consent_complaints(consent: Consent) -> Iterator[Violation]:
    """Yield what cannot be read of a consent; whether it suffices, `check_consent` says."""
    if consent.kind and consent.kind not in KINDS:
        remedy = f"{consent.kind[:40]!r} is none of {', '.join(KINDS)}"
        yield Violation("consent.kind", "CONSENT_INVALID", remedy)
    if consent.expires:
        try:
            date.fromisoformat(consent.expires)
        except ValueError:
            remedy = f'{consent.expires[:40]!r} is no day; write "YYYY-MM-DD"'
            yield Violation("consent.expires", "CONSENT_INVALID", remedy)


def presenter_complaints(presenter: Presenter) -> Iterator[Violation]:
    """Yield what is wrong with the presenter, but for the picture itself."""
    if not presenter.name:
        yield Violation("presenter", "FIELD_REQUIRED", "name a presenter, or a portrait's path")
        return
    yield from complaints_about("presenter", presenter.name, limits.NAME_CHARACTERS)
    yield from file_complaints("presenter", presenter.portrait)
    lowest, highest = limits.FACE_PERCENT
    for name in ("jaw_percent", "teeth_percent"):
        value = getattr(presenter.rig, name)
        yield from range_complaints(f"presenter.rig.{name}", value, lowest, highest)
    yield from consent_complaints(presenter.consent)


def channel_complaints(channel: Channel) -> Iterator[Violation]:
    """Yield what is wrong with the channel; colours and fonts, compositing knows."""
    if channel.HasField("logo"):
        yield from file_complaints("channel.logo", channel.logo)
    yield from brand_complaints(channel.brand)
    if channel.use not in {"", *USES}:
        remedy = f"{channel.use[:40]!r} is none of {', '.join(USES)}; empty is {COMMERCIAL}"
        yield Violation("channel.use", "USE_UNKNOWN", remedy)
    if (count := len(channel.pronunciations)) > limits.PRONUNCIATIONS:
        remedy = f"{count} of at most {limits.PRONUNCIATIONS}"
        yield Violation("channel.pronunciations", "PRONUNCIATIONS_TOO_MANY", remedy)
        return
    for index, entry in enumerate(channel.pronunciations):
        field = f"channel.pronunciations[{index}]"
        for part, text in (("written", entry.written), ("spoken", entry.spoken)):
            yield from complaints_about(f"{field}.{part}", text, limits.TEXT_CHARACTERS)
            if not text.strip():
                yield Violation(f"{field}.{part}", "FIELD_REQUIRED", "say both, or leave it out")


def brand_complaints(brand: BrandKit) -> Iterator[Violation]:
    """Yield what is wrong with the texts of a brand kit."""
    for name in ("logo_text", "accent", "font", "ticker_label"):
        field = f"channel.brand.{name}"
        yield from complaints_about(field, getattr(brand, name), limits.TEXT_CHARACTERS)
    if (count := len(brand.ticker)) > limits.TICKER_ITEMS:
        remedy = f"{count} items of at most {limits.TICKER_ITEMS}"
        yield Violation("channel.brand.ticker", "TICKER_TOO_LONG", remedy)
        return
    for index, item in enumerate(brand.ticker):
        field = f"channel.brand.ticker[{index}]"
        yield from complaints_about(field, item, limits.TEXT_CHARACTERS)


def file_complaints(field: str, file: MediaFile) -> Iterator[Violation]:
    """Yield what is wrong with the name of a stored file."""
    if not file.digest:
        yield Violation(field, "FIELD_REQUIRED", "the file is missing")
    elif not DIGEST.fullmatch(file.digest):
        remedy = "an object is named by 64 lower-case hexadecimal digits; no path, no address"
        reason = "URL_NOT_ALLOWED" if "://" in file.digest else "OBJECT_KEY_INVALID"
        yield Violation(field, reason, remedy)
