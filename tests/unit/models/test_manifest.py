"""The manifest names files that can be fetched, checked and used, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.chassis.errors import Invalid
from services.chassis.licences import ENGINES
from services.models.manifest import WEIGHTS, WeightsFile, holder_of, pick, read_manifest
from tests.golden.vectors import read_specs

ROOM = Path(__file__).parents[3] / "services" / "models"


def test_every_published_network_lies_in_exactly_one_file() -> None:
    held = [network for file in WEIGHTS.values() for network in file.holds]
    assert sorted(held) == sorted(read_specs())
    assert holder_of(WEIGHTS, "lp_S").name == "liveportrait-stitching"
    with pytest.raises(KeyError):
        holder_of(WEIGHTS, "lp_X")


@pytest.mark.parametrize("file", WEIGHTS.values(), ids=WEIGHTS)
def test_an_engine_needs_the_licences_of_all_its_files(file: WeightsFile) -> None:
    for engine in file.engines:
        assert file.licence in ENGINES[engine], "the director would let it pass"


@pytest.mark.parametrize("file", WEIGHTS.values(), ids=WEIGHTS)
def test_a_file_can_be_fetched_and_checked(file: WeightsFile) -> None:
    assert file.sources
    assert file.most_bytes <= 500_000_000
    assert file.size_bytes in {None, file.most_bytes}
    assert file.purpose


def test_sizes_and_digests_are_of_different_files() -> None:
    for name in ("sha256", "file"):
        values = [getattr(file, name) for file in WEIGHTS.values()]
        assert len(values) == len(set(values)), name


def test_an_engines_name_stands_for_all_its_files() -> None:
    names = [file.name for file in pick(WEIGHTS, ["gfpgan", "wav2lip-gan", "wav2lip"])]
    assert names == ["gfpgan-1.4", "wav2lip-gan", "wav2lip-syncnet"]
    assert len(pick(WEIGHTS, ["liveportrait"])) == 5


def test_a_name_that_nobody_knows_is_answered_with_those_there_are() -> None:
    with pytest.raises(Invalid, match="WEIGHTS_UNKNOWN") as refusal:
        pick(WEIGHTS, ["gfpgan", "gfpgen"])
    assert "'gfpgen'" in str(refusal.value)
    assert "wav2lip-gan" in str(refusal.value)


ENTRY = """
weights:
  small:
    file: {file}
    for: tests
    engines: [gfpgan]
    licence: gfpgan
    bytes: 1
    sha256: {sha256}
    sources: ["{source}"]
    holds: {{gfpgan: []}}
"""
GOOD = {"file": "a.pth", "sha256": "a" * 64, "source": "https://example.org/a.pth"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"file": "../a.pth"},
        {"file": ".hidden"},
        {"sha256": "a" * 63},
        {"source": "http://example.org/a.pth"},
        {"source": "file:///a.pth"},
    ],
)
def test_a_manifest_that_could_lead_astray_is_not_read(wrong: dict[str, str]) -> None:
    assert read_manifest(ENTRY.format(**GOOD))["small"].size_bytes == 1
    with pytest.raises(ValueError, match="small"):
        read_manifest(ENTRY.format(**GOOD | wrong))


@pytest.mark.parametrize("file", pick(WEIGHTS, ["liveportrait"]), ids=lambda file: file.name)
def test_liveportrait_is_fetched_from_one_revision(file: WeightsFile) -> None:
    assert all(re.search(r"/resolve/[0-9a-f]{40}/", source) for source in file.sources)


def test_addresses_of_weights_stand_in_the_manifest_alone() -> None:
    others = (path for path in ROOM.parent.rglob("*.py"))
    assert not [path for path in others if "huggingface.co" in path.read_text("utf-8")]
    assert not list(ROOM.rglob("*.pth")), "no weights in the repository"
