"""Performances from outside: driving clips and template files, and why some are refused."""

import io
import pickle
import struct
import subprocess
import zipfile
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.chassis.timeline import TRACKS
from services.motion.engines.intake import import_template

DATA = Path(__file__).parents[2] / "data/faces"
SHIPPED = Path(__file__).parents[3] / "services/studio/motions/calm.npz"
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a short, small version of the filmed presenter."""
    path = tmp_path_factory.mktemp("clip") / "drive.mp4"
    filmed(path, "scale=256:256", "-t", "3.2")
    return path


def filmed(path: Path, filters: str, *arguments: str, source: Path = DATA / "drive.mp4") -> bytes:
    command = [FFMPEG, "-loglevel", "error", "-y", "-i", source, "-vf", filters, *arguments]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "ultrafast", "-an", path], check=True)
    return path.read_bytes()


def refusal(data: bytes, extension: str) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        import_template(data, extension)
    (violation,) = caught.value.violations
    assert violation.field == "template"
    return violation.reason, violation.remedy


def test_a_driving_clip_becomes_tracks(clip: Path) -> None:
    found = import_template(clip.read_bytes(), "mp4")
    assert found.tracks.shape == (80, len(TRACKS))
    assert found.frame_rate == 25
    yaw = found.tracks[:, TRACKS.index("yaw")]
    assert 2 < np.ptp(yaw) < 20, "the head moves"
    assert [warning.reason for warning in found.warnings] == []


def test_a_small_face_in_a_wide_clip_is_followed_too(clip: Path, tmp_path: Path) -> None:
    near = import_template(clip.read_bytes(), "mp4")
    wide = filmed(tmp_path / "wide.mp4", "pad=1280:720:640:230:gray", source=clip)
    far = import_template(wide, "mp4")
    yaw = TRACKS.index("yaw")
    assert np.corrcoef(near.tracks[:, yaw], far.tracks[:, yaw])[0, 1] > 0.9


def test_a_short_gap_is_bridged(clip: Path, tmp_path: Path) -> None:
    data = filmed(
        tmp_path / "gap.mp4", "drawbox=c=gray:t=fill:enable='between(n,30,36)'", source=clip
    )
    found = import_template(data, "mp4")
    assert len(found.tracks) == 80
    yaw = found.tracks[:, TRACKS.index("yaw")]
    assert np.abs(np.diff(yaw)).max() < 2, "the bridge has a step"


def test_f24_a_face_missing_from_a_third_of_the_frames_is_refused_with_the_frames(
    clip: Path, tmp_path: Path
) -> None:
    data = filmed(
        tmp_path / "lost.mp4", "drawbox=c=gray:t=fill:enable='between(n,20,43)'", source=clip
    )
    reason, remedy = refusal(data, "mp4")
    assert reason == "FACE_LOST"
    assert "20-4" in remedy


def test_a_clip_without_a_face_is_refused(clip: Path, tmp_path: Path) -> None:
    data = filmed(tmp_path / "wall.mp4", "drawbox=c=gray:t=fill", source=clip)
    assert refusal(data, "mp4")[0] == "FACE_NOT_FOUND"


def test_two_people_in_a_clip_are_refused(clip: Path, tmp_path: Path) -> None:
    data = filmed(tmp_path / "two.mp4", "split[a][b];[a][b]hstack", source=clip)
    assert refusal(data, "mp4")[0] == "FACE_MULTIPLE"


def test_a_clip_that_is_cut_is_taken_with_a_warning(clip: Path, tmp_path: Path) -> None:
    data = filmed(tmp_path / "cut.mp4", "rotate=a='0.25*gt(n,40)':c=gray", source=clip)
    found = import_template(data, "mp4")
    assert [warning.reason for warning in found.warnings] == ["CLIP_JERKS"]


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def template(tracks: np.ndarray) -> bytes:
    return npz(tracks=tracks, rate=np.array(25), version=np.array(1))


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name.replace("__", "/") + ".npy", data)
    return buffer.getvalue()


def npy(shape: tuple[int, ...], data: bytes, dtype: str = "<f4") -> bytes:
    buffer = io.BytesIO()
    head = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, head)
    return buffer.getvalue() + data


def bomb() -> bytes:
    """Return an archive whose directory tells of 10 GB, which it would give."""
    data = bytearray(archive(tracks=npy((1000, 12), bytes(48_000))))
    entry = data.index(b"PK\1\2")
    struct.pack_into("<I", data, entry + 24, 0xFFFFFFF0)
    return bytes(data)


NUMBERS = np.zeros((75, 12), np.float32)
WRONG = NUMBERS.copy()
WRONG[3, 2] = np.nan

REFUSED = [
    ("G01 pickle", pickle.dumps({"tracks": [1]}), "pkl", "TEMPLATE_FORMAT_FORBIDDEN"),
    ("G01 pickle as npz", pickle.dumps({"tracks": [1]}), "npz", "TEMPLATE_FORMAT_FORBIDDEN"),
    ("torch file", archive(x=b"")[:-4] + b"\0" * 4, "pth", "TEMPLATE_FORMAT_FORBIDDEN"),
    ("G03 objects", npz(tracks=np.array([{}, {}])), "npz", "TEMPLATE_UNSAFE"),
    ("G04 bomb", bomb(), "npz", "TEMPLATE_TOO_LARGE"),
    ("G06 not a number", template(WRONG), "npz", "TEMPLATE_NOT_FINITE"),
    ("G07 no frame", template(NUMBERS[:0]), "npz", "TEMPLATE_LENGTH_INVALID"),
    (
        "G07 a million frames",
        template(np.zeros((10**6, 12), np.float32)),
        "npz",
        "TEMPLATE_LENGTH_INVALID",
    ),
    ("G08 a track missing", template(NUMBERS[:, :11]), "npz", "TEMPLATE_SHAPE_INVALID"),
    ("a lying head", archive(tracks=npy((1000, 10**9), b"x")), "npz", "TEMPLATE_CORRUPT"),
    ("a path", archive(__tmp__x=npy((1,), bytes(4))), "npz", "TEMPLATE_UNSAFE"),
    ("cut in half", template(NUMBERS)[:200], "npz", "TEMPLATE_CORRUPT"),
    ("no array", archive(tracks=b"none"), "npz", "TEMPLATE_CORRUPT"),
    ("no archive", b"tracks", "npz", "TEMPLATE_UNRECOGNISED"),
    ("empty", b"", "npz", "TEMPLATE_UNRECOGNISED"),
    ("another ending", b"tracks", "csv", "TEMPLATE_FORMAT_UNSUPPORTED"),
    ("F02 no clip", b"\x01" * 100, "mp4", "VIDEO_UNRECOGNISED"),
]


@pytest.mark.parametrize(
    ("data", "extension", "reason"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_a_template_that_cannot_be_used_is_refused_by_name(
    data: bytes, extension: str, reason: str
) -> None:
    assert refusal(data, extension)[0] == reason


def test_a_torch_archive_is_known_by_what_is_in_it() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("model/data.pkl", b"cos\nsystem\n")
    assert refusal(buffer.getvalue(), "npz")[0] == "TEMPLATE_FORMAT_FORBIDDEN"


def test_an_archive_that_unpacks_to_more_than_it_says_is_refused() -> None:
    data = bytearray(template(NUMBERS))
    entry = data.index(b"PK\1\2")
    size = struct.unpack_from("<I", data, entry + 24)[0]
    struct.pack_into("<I", data, entry + 24, size - 48)
    assert refusal(bytes(data), "npz")[0] == "TEMPLATE_CORRUPT"


def test_the_shipped_motion_is_taken() -> None:
    found = import_template(SHIPPED.read_bytes(), "npz")
    assert found.tracks.shape[1] == len(TRACKS)
    assert found.warnings == ()
