"""Orders and files that no video can be made of, and some that only look so."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from PIL import Image

PORTRAIT = Path("services/studio/presenters/amara/portrait.png")
MINE = {"kind": "self", "subject": "me"}
TEMPLATE_FRAMES = 125


@dataclass(frozen=True)
class Case:
    """One order and the answers it must get; none: it must pass."""

    id: str
    fields: dict[str, Any]
    answers: set[tuple[str, str]] = field(default_factory=set)
    file: tuple[str, bytes] | None = None
    """Name and content of a file beside the order."""


def script(id_: str, text: str, reason: str) -> Case:
    return Case(id_, {"script": text}, {("script", reason)})


def portrait(id_: str, name: str, data: bytes, reason: str = "") -> Case:
    answers = {("presenter", reason)} if reason else set()
    return Case(id_, {"presenter": f"./{name}", "consent": MINE}, answers, (name, data))


def recording(id_: str, data: bytes, reason: str, ending: str = "wav") -> Case:
    name = f"{id_}.{ending}"
    return Case(id_, {"recording": f"./{name}"}, {("recording", reason)}, (name, data))


def motion(id_: str, name: str, data: bytes, reason: str) -> Case:
    return Case(id_, {"motion": f"./{name}"}, {("motion", reason)}, (name, data))


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def person() -> np.ndarray:
    """A portrait on a wall, (1024, 1024, 3) BGR."""
    picture = cv2.imread(str(PORTRAIT), cv2.IMREAD_UNCHANGED)
    alpha = picture[..., 3:] / 255.0
    return (picture[..., :3] * alpha + 120 * (1 - alpha)).astype(np.uint8)


def pillow(mode: str, ending: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    rgb = Image.fromarray(cv2.cvtColor(person(), cv2.COLOR_BGR2RGB))
    rgb.convert(mode).save(buffer, ending, **options)
    return buffer.getvalue()


def animated() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.effect_noise((64, 64), 20 + 30 * n).convert("P") for n in range(3)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return buffer.getvalue()


def with_wrong_checksum() -> bytes:
    data = bytearray(png(person()))
    at = data.index(b"IDAT") + 40
    data[at] ^= 0xFF
    return bytes(data)


def huge_but_small() -> bytes:
    """A PNG whose header says 12,000 x 12,000 pixels, in a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + kind + body + check

    side = (12_000).to_bytes(4, "big")
    body = zlib.compress(bytes(12_000 * 1501), 9)
    header = chunk(b"IHDR", side + side + b"\x01\x00\x00\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def small_face() -> np.ndarray:
    canvas = np.full((1024, 1024, 3), 120, np.uint8)
    canvas[400:500, 400:500] = cv2.resize(person(), (100, 100), interpolation=cv2.INTER_AREA)
    return canvas


def three_faces() -> np.ndarray:
    one = cv2.resize(person(), (640, 640), interpolation=cv2.INTER_AREA)
    return np.hstack([one, one, one])


def wav(samples: np.ndarray, rate: int = 48_000, subtype: str = "PCM_16") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, subtype=subtype, format="WAV")
    return buffer.getvalue()


def tone(seconds: float) -> np.ndarray:
    return (0.1 * np.sin(np.arange(int(48_000 * seconds)) / 20)).astype(np.float32)


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def noise(size: int) -> bytes:
    return np.random.default_rng(7).bytes(size)


def texts() -> list[Case]:
    return [
        Case("a01", {"script": None}, {("script", "FIELD_REQUIRED")}),
        script("a02", " \n\t ", "SCRIPT_EMPTY"),
        script("a03", "Word. " * 3334, "SCRIPT_TOO_LONG"),
        Case("c01", {"script": "Read a',drawtext=textfile=/etc/passwd and go on."}),
        Case("c03", {"data": {"title": "a',drawtext=textfile=/etc/passwd:\\[];,"}}),
        Case("c04", {"data": {"title": "-i http://127.0.0.1/x"}}),
        Case("c05", {"script": "Then {\\p1}m 0 0 l 9999 9999 was said."}),
        script("c09", "<speak>Hello</speak>", "SCRIPT_MARKUP_NOT_ALLOWED"),
        script("c12", 'A <audio src="http://169.254.169.254"/> b', "SCRIPT_MARKUP_NOT_ALLOWED"),
        script("c13", 'A <break time="9999s"/> b', "SCRIPT_MARKUP_NOT_ALLOWED"),
        script("c14", "Hello\x00 there", "SCRIPT_CONTROL_CHARS"),
        Case(
            "c15",
            {"data": {"title": "x", "lower_third": {"name": "Ann\u202eb", "role": "Host"}}},
            {("data.lower_third.name", "TEXT_BIDI_CONTROL")},
        ),
        script("c17", "😀😀😀", "LANGUAGE_UNSUPPORTED"),
        script("c17-letters", "今晩は。ニュースです。", "LANGUAGE_UNSUPPORTED"),
        script("c18", "a" * 19_999, "SCRIPT_UNSPLITTABLE"),
        Case("c21", {"template": "../../x"}, {("template", "TEMPLATE_ID_INVALID")}),
    ]


def settings() -> list[Case]:
    def picture(id_: str, height: int, reason: str) -> Case:
        formats = [{"aspect": "16:9", "height": height}]
        return Case(id_, {"formats": formats}, {("formats[0].height", reason)})

    return [
        picture("a12", 1, "DIMENSION_INVALID"),
        picture("a13", 721, "DIMENSION_ODD"),
        picture("a14", 8192, "DIMENSION_TOO_LARGE"),
        Case("a15", {"frame_rate": 1001}, {("frame_rate", "FPS_INVALID")}),
        Case("i07", {"motion": "http://x/a.mp4"}, {("motion", "URL_NOT_ALLOWED")}),
        Case("i08", {"recording": "./gone.wav"}, {("recording", "ASSET_NOT_FOUND")}),
    ]


def consents() -> list[Case]:
    def case(id_: str, consent: dict[str, Any] | None, reason: str) -> Case:
        fields = {"presenter": "./me.png", "consent": consent}
        return Case(id_, fields, {("consent", reason)}, ("me.png", PORTRAIT.read_bytes()))

    return [
        case("j01", None, "CONSENT_MISSING"),
        case("j02", {**MINE, "expires": "2020-01-01"}, "CONSENT_EXPIRED"),
        case("j03", {**MINE, "channels": ["harbour-light"]}, "CONSENT_SCOPE"),
    ]


def portraits() -> list[Case]:
    whole = png(person())
    wall = np.full((700, 700, 3), 120, np.uint8)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    sixteen = png(person().astype(np.uint16) * 257)
    jpeg = pillow("RGB", "JPEG")
    return [
        portrait("d01", "d01.png", b"", "IMAGE_EMPTY"),
        portrait("d02", "d02.png", noise(5000), "IMAGE_UNRECOGNISED"),
        portrait("d03", "d03.jpg", whole, "IMAGE_TYPE_MISMATCH"),
        portrait("d04", "d04.jpg", jpeg[: len(jpeg) // 2], "IMAGE_TRUNCATED"),
        portrait("d05", "d05.png", with_wrong_checksum(), "IMAGE_CORRUPT"),
        portrait("d06", "d06.png", huge_but_small(), "IMAGE_TOO_LARGE"),
        portrait("d08", "d08.png", png(wall[:1, :1]), "IMAGE_TOO_SMALL"),
        portrait("d10", "d10.gif", animated(), "IMAGE_ANIMATED"),
        portrait("d11", "d11.svg", svg, "IMAGE_TYPE_UNSUPPORTED"),
        portrait("d14", "d14.tiff", pillow("RGB", "TIFF"), "IMAGE_TYPE_UNSUPPORTED"),
        portrait("d17-cmyk", "d17.jpg", pillow("CMYK", "JPEG", quality=95)),
        portrait("d17-deep", "d17-deep.png", sixteen),
        portrait("d18", "d18.png", png(wall), "FACE_NOT_FOUND"),
        portrait("d19", "d19.png", png(three_faces()), "FACE_MULTIPLE"),
        portrait("d20", "d20.png", png(small_face()), "FACE_TOO_SMALL"),
    ]


def sounds() -> list[Case]:
    broken = tone(1.0)
    broken[100] = np.nan
    slow = bytearray(wav(tone(1.0)))
    slow[24:28] = (1).to_bytes(4, "little")
    return [
        recording("e01", b"", "AUDIO_EMPTY"),
        recording("e04", bytes(slow), "AUDIO_RATE_UNSUPPORTED"),
        recording("e06", wav(broken, subtype="FLOAT"), "AUDIO_NOT_FINITE"),
        recording("e07", wav(np.zeros(48_000)), "AUDIO_SILENT"),
        recording("e09", wav(np.tile(tone(1.0), 190), subtype="PCM_U8"), "AUDIO_TOO_LONG"),
        recording("e10", wav(tone(0.02)), "AUDIO_TOO_SHORT"),
    ]


def motions() -> list[Case]:
    playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    tracks = np.zeros((TEMPLATE_FRAMES, 12), np.float32)
    holed = tracks.copy()
    holed[3, 3] = np.nan
    objects = npz(tracks=np.array([{"a": 1}], object))
    return [
        motion("f01", "f01.mp4", b"", "VIDEO_EMPTY"),
        motion("f02", "f02.mp4", noise(5000), "VIDEO_UNRECOGNISED"),
        motion("f05", "f05.mp4", playlist, "VIDEO_UNRECOGNISED"),
        motion("g01", "g01.pkl", b"\x80\x04N.", "TEMPLATE_FORMAT_FORBIDDEN"),
        motion("g03", "g03.npz", objects, "TEMPLATE_UNSAFE"),
        motion("g06", "g06.npz", npz(**template(holed)), "TEMPLATE_NOT_FINITE"),
        motion("g07", "g07.npz", npz(**template(tracks[:0])), "TEMPLATE_LENGTH_INVALID"),
        motion("g08", "g08.npz", npz(**template(tracks[:, :11])), "TEMPLATE_SHAPE_INVALID"),
    ]


def template(tracks: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays of the shipped template with other tracks."""
    with np.load("services/studio/motions/calm.npz") as shipped:
        return {**dict(shipped.items()), "tracks": tracks}


GROUPS: tuple[Callable[[], list[Case]], ...] = (
    texts,
    settings,
    consents,
    portraits,
    sounds,
    motions,
)


def write_cases(folder: Path, cases: list[Case], usual: Callable[..., dict[str, Any]]) -> Path:
    """Write orders as one batch with their files beside it, and return the batch."""
    for case in cases:
        if case.file is not None:
            (folder / case.file[0]).write_bytes(case.file[1])
    batch = folder / "hostile.jsonl"
    lines = [json.dumps(usual(case.id, **case.fields)) for case in cases]
    batch.write_text("\n".join(lines), encoding="utf-8")
    return batch
