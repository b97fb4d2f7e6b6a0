"""A caller may name any object where a stage's document is meant: it is refused, never a crash."""

from __future__ import annotations

import io
import json
import zipfile

import cv2
import numpy as np
import pytest
import soundfile

from services.chassis import arrays, media, pictures
from services.chassis.errors import Invalid
from services.chassis.rig import Rig, shape_of
from services.chassis.store import Store
from services.chassis.timeline import SAMPLE_RATE, Phoneme, Timing, Word

TIMING = {
    "sample_count": 100,
    "words": [{"text": "a", "start": 0, "end": 50}],
    "phonemes": [{"ipa": "a", "start": 0, "end": 100, "stress": 1.0}],
}


@pytest.fixture
def store() -> Store:
    return Store.in_memory()


def changed(path: str, value: object) -> bytes:
    document = json.loads(json.dumps(TIMING))
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = document
    for step in way:
        place = place[step]
    place[last] = value
    return json.dumps(document).encode()


NO_TIMINGS = {
    "nothing": b"",
    "a picture": b"\x89PNG\r\n\x1a\n",
    "another document": b'{"a": 1}',
    "a list": b"[]",
    "too deep": b"[" * 100_000,
    "too long": b" " * (2 << 20) + b"{}",
    "an odd word": changed("words.0", {"x": 1}),
    "a word past the end": changed("words.0.end", 101),
    "a word backwards": changed("words.0.start", 60),
    "a word before the start": changed("words.0.start", -1),
    "a word that is a number": changed("words.0.text", 5),
    "a time that is text": changed("words.0.start", "0"),
    "a time between samples": changed("phonemes.0.start", 0.5),
    "no stress": changed("phonemes.0.stress", None),
    "no number": changed("phonemes.0.stress", float("nan")),
    "a length that is text": changed("sample_count", "100"),
}


@pytest.mark.parametrize("data", NO_TIMINGS.values(), ids=NO_TIMINGS)
def test_what_is_no_timing_is_refused(store: Store, data: bytes) -> None:
    with pytest.raises(Invalid, match="TIMING_INVALID"):
        media.read_timing(store, store.put(data))


def test_a_timing_comes_back_as_it_was(store: Store) -> None:
    timing = Timing(100, (Word("a", 0, 50),), (Phoneme("a", 0, 100, 1.0),))
    assert media.read_timing(store, media.write_timing(store, timing)) == timing
    assert media.read_timing(store, store.put(json.dumps(TIMING).encode())) == timing


def npz(**named: object) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: np.asarray(value) for name, value in named.items()})
    return buffer.getvalue()


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tracks.npy", b"\0" * (65 << 20))
    return buffer.getvalue()


def boasting() -> bytes:
    """Return an npz whose one array tells of far more numbers than it has."""
    head = io.BytesIO()
    form = {"descr": "<f4", "fortran_order": False, "shape": (10**9, 12)}
    np.lib.format.write_array_header_1_0(head, form)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("tracks.npy", head.getvalue())
    return buffer.getvalue()


NO_ARRAYS = {
    "nothing": b"",
    "text": b"tracks",
    "a cut-off file": npz(tracks=np.zeros((9, 12)))[:200],
    "objects": npz(tracks=np.array([None, {}], object)),
    "text in an array": npz(tracks=[["a"] * 12]),
    "a bomb": bomb(),
    "a boast": boasting(),
    "many arrays": npz(**{f"a{n}": 0 for n in range(200)}),
}


@pytest.mark.parametrize("data", NO_ARRAYS.values(), ids=NO_ARRAYS)
def test_what_holds_no_plain_numbers_is_refused(store: Store, data: bytes) -> None:
    with pytest.raises(Invalid, match="ARRAYS_INVALID"):
        media.read_arrays(store, store.put(data))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_tracks_hold_numbers_that_a_head_can_follow(store: Store, value: float) -> None:
    digest = store.put(npz(tracks=np.full((9, 12), value, np.float32)))
    with pytest.raises(Invalid, match="TRACKS_OUT_OF_RANGE"):
        media.read_tracks(store, digest)


def test_arrays_come_back_as_they_were(store: Store) -> None:
    sent = {
        "plain": np.arange(12, dtype=np.float32).reshape(3, 4),
        "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "one": np.asarray(5),
        "none": np.zeros((0, 3)),
        "flags": np.array([True, False]),
    }
    back = media.read_arrays(store, media.write_arrays(store, sent))
    assert back.keys() == sent.keys()
    for name, array in sent.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype
    assert arrays.pack(sent) == arrays.pack(sent)


def wav(samples: np.ndarray, rate: int = SAMPLE_RATE, subtype: str = "PCM_16") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, subtype=subtype, format="WAV")
    return buffer.getvalue()


SOUND = np.linspace(-1, 1, 4800, dtype=np.float32)
NO_SOUND = {
    "nothing": b"",
    "a head alone, cut off": wav(SOUND)[:40],
    "cut off": wav(SOUND)[:-1],
    "more than it says": wav(SOUND) + b"\0\0",
    "another rate": wav(SOUND, 44_100),
    "floats": wav(SOUND, subtype="FLOAT"),
    "two channels": wav(np.stack([SOUND, SOUND], 1)),
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
}


@pytest.mark.parametrize("data", NO_SOUND.values(), ids=NO_SOUND)
def test_sound_that_speech_did_not_write_is_refused(store: Store, data: bytes) -> None:
    with pytest.raises(Invalid, match="AUDIO_FORMAT_INVALID"):
        media.read_audio(store, store.put(data))


def test_sound_is_read_as_the_library_reads_it(store: Store) -> None:
    digest = media.write_audio(store, SOUND)
    expected, _ = soundfile.read(io.BytesIO(store.get(digest)), dtype="float32")
    np.testing.assert_array_equal(media.read_audio(store, digest), expected)


def png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


NO_PICTURES = {
    "nothing": b"",
    "a GIF": b"GIF89a" + b"0" * 50,
    "a JPEG": cv2.imencode(".jpg", np.zeros((9, 9, 3), np.uint8))[1].tobytes(),
    "cut off": png(np.zeros((9, 9, 4), np.uint8))[:-20],
    "grey": png(np.zeros((9, 9), np.uint8)),
    "16 bits": png(np.zeros((9, 9, 3), np.uint16)),
    "enormous": png(np.zeros((6000, 6000, 3), np.uint8)),
}


@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=NO_PICTURES)
def test_pictures_that_no_stage_wrote_are_refused(store: Store, data: bytes) -> None:
    with pytest.raises(Invalid, match="PICTURE_FORMAT_INVALID"):
        pictures.read_picture(store, store.put(data))


RIGS = {
    "canvas_pixels": 10**6,
    "face_height": 0.0,
    "focal": np.nan,
    "pupil_distance": np.array([1.0, 2.0]),
    "landmarks": np.zeros((5, 3)),
    "depth": np.full((72, 72), np.inf),
    "head.crown_y": 1e9,
    "eye_left.upper": np.ones(7),
    "mouth.x": np.ones(100_000),
    "mouth.half_width": 0.0,
    "version": np.array([1, 1]),
}


class Flat(dict):
    def __missing__(self, name: str) -> np.ndarray:
        return np.ones(shape_of(name))


def flat(**other: object) -> Rig:
    known = {"version": 1, "canvas_pixels": 64, **other}
    return Rig.from_arrays(Flat({name: np.asarray(value) for name, value in known.items()}))


@pytest.mark.parametrize("name", RIGS)
def test_a_rig_that_was_never_measured_is_refused(name: str) -> None:
    assert Rig.from_arrays(flat().to_arrays()).canvas_pixels == 64
    with pytest.raises(Invalid, match="RIG_"):
        flat(**{name: RIGS[name]})
