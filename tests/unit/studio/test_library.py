"""Orders call presenters, channels and files by name or path; nothing is fetched."""

import os
from pathlib import Path

import pytest

from services.chassis.errors import Invalid
from services.chassis.store import Store
from services.studio.complaints import Rejected
from services.studio.library import PORTRAIT_BYTES, Library


@pytest.fixture
def store() -> Store:
    return Store.in_memory()


@pytest.fixture
def library(store: Store, tmp_path: Path) -> Library:
    return Library(store, tmp_path / "home")


def reason(error: pytest.ExceptionInfo[Invalid]) -> tuple[str, str]:
    (violation,) = error.value.violations
    return violation.field, violation.reason


@pytest.mark.parametrize("name", ["amara", "ingrid", "malik", "jun"])
def test_every_shipped_presenter_has_a_portrait_consent_and_a_voice(
    name: str, library: Library, store: Store, tmp_path: Path
) -> None:
    cast = library.presenter(name, tmp_path)
    assert cast.presenter.name == name
    assert cast.presenter.consent.kind == "synthetic"
    assert store.intake.get(cast.presenter.portrait.digest).startswith(b"\x89PNG")
    assert cast.voice("en-GB").startswith("en-gb-")
    assert cast.voice("en-AU").startswith("en-us-"), "the nearest there is"
    assert cast.voice("ja") == "", "the engine says that nobody speaks it"


def test_what_lies_beside_the_order_comes_before_what_is_shipped(
    library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "presenters" / "amara"
    folder.mkdir(parents=True)
    (folder / "portrait.jpg").write_bytes(b"mine")
    (folder / "presenter.yaml").write_text("consent: {kind: self, subject: me}")
    cast = library.presenter("amara", tmp_path)
    assert cast.presenter.portrait.extension == "jpg"
    assert cast.presenter.consent.kind == "self"


def test_a_portrait_by_path_brings_no_consent(library: Library, tmp_path: Path) -> None:
    (tmp_path / "me.png").write_bytes(b"picture")
    presenter = library.presenter("./me.png", tmp_path).presenter
    assert (presenter.name, presenter.consent.kind) == ("me", "")


def test_an_unknown_name_is_answered_with_those_there_are(library: Library, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="amara, ingrid, jun, malik"):
        library.presenter("nobody", tmp_path)


def test_the_channels_file_brings_its_logo(library: Library, store: Store, tmp_path: Path) -> None:
    channel = library.channel("harbour-light", tmp_path)
    assert channel.brand.ticker_label == "IN BRIEF"
    assert store.intake.get(channel.logo.digest).startswith(b"\x89PNG")


@pytest.mark.parametrize("text", ["https://example.org/a.png", "file:///etc/passwd", "s3://b/k"])
def test_no_address_is_fetched(text: str, library: Library, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as error:
        library.presenter(text, tmp_path)
    assert reason(error) == ("presenter", "URL_NOT_ALLOWED")


def test_a_device_and_a_huge_file_are_refused_unread(library: Library, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as error:
        library.recording("/dev/zero", tmp_path)
    assert reason(error) == ("recording", "ASSET_NOT_REGULAR")
    with (tmp_path / "huge.png").open("wb") as file:
        os.truncate(file.fileno(), PORTRAIT_BYTES + 1)
    with pytest.raises(Invalid) as error:
        library.presenter("./huge.png", tmp_path)
    assert reason(error) == ("presenter", "ASSET_TOO_LARGE")


def test_mistakes_in_a_presenters_file_name_that_file(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "portrait.png").write_bytes(b"picture")
    (folder / "presenter.yaml").write_text("title: Host\nconsnt: {kind: self}\n")
    with pytest.raises(Rejected) as error:
        library.presenter("./p", tmp_path)
    (complaint,) = error.value.complaints
    assert complaint.source.endswith("p/presenter.yaml")
    assert (complaint.line, complaint.reason) == (2, "FIELD_UNKNOWN")
