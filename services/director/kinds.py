"""Kinds of files that may be handed in: their endings, how large, and how they must begin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.chassis.errors import Invalid
from services.chassis.sandbox import audio, image, video
from services.chassis.sandbox.magic import kind_of

HEAD_BYTES: Final = 4096
"""What is looked at; decoding, and all other checks, are the stages'."""
MOST_TEMPLATE_BYTES: Final = 128 << 20
FORBIDDEN: Final = frozenset({"pkl", "pickle", "pt", "pth", "pt2", "ckpt", "joblib"})
"""Endings of files that run code when they are opened."""
PICKLE: Final = re.compile(rb"\x80[\x02-\x05]")


@dataclass(frozen=True)
class Kind:
    """What files of one ending are."""

    word: str
    """With which its reasons begin."""
    content: str
    """As magic.kind_of says it."""
    largest_bytes: int


KINDS: Final[Mapping[str, Kind]] = {
    **{e: Kind("AUDIO", c, audio.ANY_AUDIO.file_bytes) for e, c in audio.EXTENSIONS.items()},
    **{e: Kind("VIDEO", "mp4", video.ANY_VIDEO.file_bytes) for e in video.EXTENSIONS},
    **{e: Kind("IMAGE", c, image.ANY_IMAGE.file_bytes) for e, c in image.EXTENSIONS.items()},
    "npz": Kind("TEMPLATE", "zip", MOST_TEMPLATE_BYTES),
}
"""By ending in lower case, without the dot; an mp4 may be heard or seen."""
REMEDIES: Final[Mapping[str, str]] = {
    **image.REMEDIES,
    **audio.REMEDIES,
    **video.REMEDIES,
    "TEMPLATE_EMPTY": "the file has no bytes; write it again",
    "TEMPLATE_UNRECOGNISED": "this is no npz; write it with numpy.savez",
    "TEMPLATE_FORMAT_FORBIDDEN": "such files can run code; write the template with numpy.savez",
}


def check_extension(extension: str) -> Kind:
    """Return the kind of an ending. Raises Invalid for endings that are not taken."""
    if extension in FORBIDDEN:
        raise _refusal("head.extension", "TEMPLATE_FORMAT_FORBIDDEN")
    if (kind := KINDS.get(extension)) is None:
        remedy = f"use one of {', '.join(sorted(KINDS))}, in lower case without the dot"
        raise Invalid("head.extension", "ASSET_TYPE_UNSUPPORTED", remedy)
    return kind


def check_length(kind: Kind, size_bytes: int) -> None:
    """Raise Invalid for a file of no bytes, or of more than its kind may have."""
    if size_bytes == 0:
        raise _refusal("head.size_bytes", f"{kind.word}_EMPTY")
    if size_bytes > kind.largest_bytes:
        remedy = f"{size_bytes:,} bytes; at most {kind.largest_bytes:,} are taken of this kind"
        raise Invalid("head.size_bytes", "ASSET_TOO_LARGE", remedy)


def check_head(kind: Kind, head: bytes) -> None:
    """Raise Invalid where a file's first `HEAD_BYTES` are not those of its kind."""
    content = kind_of(head)
    if content != kind.content:
        raise _refusal("data", _reason(kind, content, head))


def _reason(kind: Kind, content: str, head: bytes) -> str:
    if kind.word == "TEMPLATE":
        pickled = PICKLE.match(head)
        return "TEMPLATE_FORMAT_FORBIDDEN" if pickled else "TEMPLATE_UNRECOGNISED"
    if kind.word == "VIDEO":
        foreign = content in video.FOREIGN
        return "VIDEO_CONTAINER_UNSUPPORTED" if foreign else "VIDEO_UNRECOGNISED"
    if not content:
        return f"{kind.word}_UNRECOGNISED"
    known = any(other.content == content for other in KINDS.values() if other.word == kind.word)
    return f"{kind.word}_TYPE_MISMATCH" if known else f"{kind.word}_TYPE_UNSUPPORTED"


def _refusal(field: str, reason: str) -> Invalid:
    return Invalid(field, reason, REMEDIES[reason])
