"""Presenters, channels and motion templates: found by name or path, read into messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rostrum.director.v1.director_pb2 import Channel, MediaFile, Presenter

from services.chassis.errors import Invalid
from services.chassis.store import Store
from services.studio.complaints import Rejected
from services.studio.documents import Document, read_document
from services.studio.files import read_file, refuse_address
from services.studio.mapping import to_message

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
SHIPPED: Final = Path(__file__).parent
PORTRAITS: Final = ("png", "jpg", "jpeg", "webp")
MIB: Final = 2**20
PORTRAIT_BYTES: Final = 32 * MIB
LOGO_BYTES: Final = 8 * MIB
MOTION_BYTES: Final = 256 * MIB
RECORDING_BYTES: Final = 256 * MIB


@dataclass(frozen=True)
class Cast:
    """A presenter with what only one machine knows of it."""

    presenter: Presenter
    voices: Mapping[str, str]
    """Voices by language, for orders that name none."""
    in_folder: bool
    """True where it has a folder, and consent with it; false for a portrait by path."""
    title: str = ""

    def voice(self, language: str) -> str:
        """Return the voice for a BCP 47 tag, or for its language; "" leaves it to the engine."""
        tag, base = language.lower(), language.lower().partition("-")[0]
        exact = (name for spoken, name in self.voices.items() if spoken.lower() == tag)
        near = (n for spoken, n in self.voices.items() if spoken.lower().partition("-")[0] == base)
        return next(exact, next(near, ""))


class Library:
    """What orders call by name: beside the order, then in the home folder, then shipped."""

    def __init__(self, store: Store, home: Path) -> None:
        self._store = store
        self._home = home

    def presenter(self, text: str, beside: Path) -> Cast:
        """Return a presenter by name, or by the path of a folder or portrait.

        A portrait handed in by path comes without consent. Raises Invalid, or Rejected for what
        the folder's own file says.
        """
        path = self._path(text, beside, "presenter")
        if path is None:
            path = self._named("presenters", text, beside, "presenter")
        if path.is_dir():
            return self._folder(path)
        portrait = self.file(path, PORTRAIT_BYTES, "presenter")
        return Cast(Presenter(name=path.stem, portrait=portrait), {}, in_folder=False)

    def channel(self, text: str, beside: Path) -> Channel:
        """Return a channel by name or by its folder's path. Raises Invalid or Rejected."""
        path = self._path(text, beside, "channel")
        if path is None:
            path = self._named("channels", text, beside, "channel")
        document = _folder_document(path, "channel")
        try:
            logo = _taken_text(document.fields, "logo")
            channel = to_message(document.fields, Channel)
            channel.name = path.name
            if logo:
                refuse_address("logo", logo)
                channel.logo.CopyFrom(self.file(path / logo, LOGO_BYTES, "logo"))
        except Invalid as error:
            raise Rejected.at(document.place, error) from None
        return channel

    def motion(self, text: str, beside: Path) -> MediaFile:
        """Return a motion template or driving clip by name or path. Raises Invalid."""
        path = self._path(text, beside, "motion")
        if path is None:
            path = self._named("motions", text, beside, "motion")
        return self.file(path, MOTION_BYTES, "motion")

    def recording(self, text: str, beside: Path) -> MediaFile:
        """Return a recorded narration by path. Raises Invalid."""
        refuse_address("recording", text)
        return self.file(beside / Path(text).expanduser(), RECORDING_BYTES, "recording")

    def file(self, path: Path, limit_bytes: int, field: str) -> MediaFile:
        """Hand a file in as it is. Raises Invalid."""
        digest = self._store.intake.put(read_file(path, limit_bytes, field))
        return MediaFile(digest=digest, extension=path.suffix.lower().removeprefix("."))

    def names(self, kind: str, beside: Path | None = None) -> tuple[str, ...]:
        """Return the names there are of "presenters", "channels" or "motions"."""
        found = (each for folder in self._shelves(kind, beside) for each in _entries(folder))
        return tuple(sorted({each.stem for each in found}))

    def _path(self, text: str, beside: Path, field: str) -> Path | None:
        refuse_address(field, text)
        if not any(mark in text for mark in "/.~"):
            return None
        path = beside / Path(text).expanduser()
        if not path.exists():
            raise Invalid(field, "ASSET_NOT_FOUND", f"{path} is not there")
        return path

    def _named(self, kind: str, text: str, beside: Path, field: str) -> Path:
        for folder in self._shelves(kind, beside):
            for entry in _entries(folder):
                if NAME.fullmatch(text) and entry.stem == text:
                    return entry
        names = ", ".join(self.names(kind, beside)) or "none"
        raise Invalid(
            field, f"{field.upper()}_UNKNOWN", f"{text!r} is not here; there are: {names}"
        )

    def _shelves(self, kind: str, beside: Path | None) -> Iterable[Path]:
        shipped = SHIPPED / "samples" / kind if kind == "channels" else SHIPPED / kind
        return [*([beside / kind] if beside else []), self._home / kind, shipped]

    def _folder(self, path: Path) -> Cast:
        document = _folder_document(path, "presenter")
        fields = document.fields
        try:
            title = _taken_text(fields, "title")
            voices = _taken_voices(fields)
            portrait = path / (_taken_text(fields, "portrait") or _portrait_in(path))
            presenter = to_message(fields, Presenter)
            presenter.name = path.name
            presenter.portrait.CopyFrom(self.file(portrait, PORTRAIT_BYTES, "portrait"))
        except Invalid as error:
            raise Rejected.at(document.place, error) from None
        return Cast(presenter, voices, in_folder=True, title=title)


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (e for e in sorted(folder.iterdir()) if e.is_dir() or e.suffix == ".npz")


def _folder_document(path: Path, word: str) -> Document:
    for name in (f"{word}.yaml", f"{word}.yml", f"{word}.json"):
        if (path / name).is_file():
            return read_document(path / name)
    raise Invalid(word, "ASSET_NOT_FOUND", f"{path} has no {word}.yaml")


def _portrait_in(folder: Path) -> str:
    names: Sequence[str] = [f"portrait.{ending}" for ending in PORTRAITS]
    return next((name for name in names if (folder / name).is_file()), names[0])


def _taken_text(fields: dict[str, Any], name: str) -> str:
    value = fields.pop(name, None)
    if value is not None and not isinstance(value, str):
        raise Invalid(name, "FIELD_TYPE_INVALID", "expected text")
    return value or ""


def _taken_voices(fields: dict[str, Any]) -> dict[str, str]:
    voices = fields.pop("voices", None) or {}
    if not isinstance(voices, dict) or not all(isinstance(name, str) for name in voices.values()):
        remedy = "expected languages with their voices, like {en-GB: en-gb-female}"
        raise Invalid("voices", "FIELD_TYPE_INVALID", remedy)
    return voices
