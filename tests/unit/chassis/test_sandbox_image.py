"""Pictures from outside are answered by name, or come out as plain sRGB pixels."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from services.chassis.errors import Invalid
from services.chassis.sandbox import ImageLimits, decode_image


def picture(mode: str = "RGB", size: tuple[int, int] = (96, 64)) -> Image.Image:
    across = np.linspace(0, 255, size[0])[None, :, None]
    down = np.linspace(0, 255, size[1])[:, None, None]
    pixels = np.concatenate([across + 0 * down, down + 0 * across, 0 * across + 0 * down], axis=2)
    image = Image.fromarray(pixels.astype(np.uint8)).convert(mode)
    if mode.endswith("A"):
        image.putalpha(128)
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def animated(kind: str) -> bytes:
    frames = [picture(size=(64, 64)).rotate(turn) for turn in (0, 90, 180)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=40)


def untimed_gif() -> bytes:
    """Two pictures in a GIF with nothing between them: rare, and it still moves in a browser."""
    one = saved(Image.new("P", (16, 16)), "GIF")
    pixels = one[one.index(b"\x2c\0\0\0\0") : -1]
    return one[:-1] + pixels + b"\x3b"


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(side: int) -> bytes:
    rows = zlib.compress(bytes((side + 7) // 8 * side + side), 9)
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def wrong_checksum() -> bytes:
    data = bytearray(saved(picture(), "PNG"))
    data[data.index(b"IDAT") + 20] ^= 1
    return bytes(data)


def spider() -> bytes:
    head = [0.0] * 64
    head[0], head[1], head[4], head[11], head[12], head[21] = 1, 16, 1, 16, 4, 256
    return struct.pack("<64f", *head) + bytes(16 * 16 * 4)


SVG = (
    b'<?xml version="1.0"?><!DOCTYPE svg SYSTEM "http://x/y.dtd">'
    b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
)
NOISE = np.random.default_rng(1).integers(0, 256, 4096, np.uint8).tobytes()

REFUSED = [
    ("D01 empty", b"", "png", "IMAGE_EMPTY"),
    ("D02 random bytes", b"\x01" + NOISE, "png", "IMAGE_UNRECOGNISED"),
    ("D03 PNG renamed", saved(picture(), "PNG"), "jpg", "IMAGE_TYPE_MISMATCH"),
    ("D04 truncated JPEG", saved(picture(), "JPEG")[:-700], "jpg", "IMAGE_TRUNCATED"),
    ("D04 JPEG cut in its head", saved(picture(), "JPEG")[:30], "jpg", "IMAGE_TRUNCATED"),
    ("truncated PNG", saved(picture(), "PNG")[:-30], "png", "IMAGE_TRUNCATED"),
    ("truncated WebP", saved(picture(), "WEBP")[:-30], "webp", "IMAGE_TRUNCATED"),
    ("D05 wrong checksum", wrong_checksum(), "png", "IMAGE_CORRUPT"),
    ("D08 one pixel", saved(picture(size=(1, 1)), "PNG"), "png", "IMAGE_TOO_SMALL"),
    ("D10 GIF", animated("GIF"), "gif", "IMAGE_ANIMATED"),
    ("D10 GIF without timing", untimed_gif(), "gif", "IMAGE_ANIMATED"),
    ("D10 APNG", animated("PNG"), "png", "IMAGE_ANIMATED"),
    ("D10 WebP", animated("WEBP"), "webp", "IMAGE_ANIMATED"),
    ("still GIF", saved(picture(), "GIF"), "gif", "IMAGE_TYPE_UNSUPPORTED"),
    ("D11 SVG", SVG, "svg", "IMAGE_TYPE_UNSUPPORTED"),
    ("D11 SVG as PNG", SVG, "png", "IMAGE_TYPE_UNSUPPORTED"),
    ("D14 TIFF", saved(picture(), "TIFF"), "tiff", "IMAGE_TYPE_UNSUPPORTED"),
    ("D14 TIFF as PNG", saved(picture(), "TIFF"), "png", "IMAGE_TYPE_UNSUPPORTED"),
    ("D14 PSD", b"8BPS\0\1" + bytes(300), "psd", "IMAGE_TYPE_UNSUPPORTED"),
    ("D14 ICNS", saved(picture(size=(64, 64)), "ICNS"), "icns", "IMAGE_TYPE_UNSUPPORTED"),
    ("D14 PDF", saved(picture(), "PDF"), "pdf", "IMAGE_TYPE_UNSUPPORTED"),
    ("D14 DDS", saved(picture(), "DDS"), "dds", "IMAGE_TYPE_UNSUPPORTED"),
    ("D14 SPIDER", spider(), "spi", "IMAGE_TYPE_UNSUPPORTED"),
    ("PNG in name only", b"\x89PNG\r\n\x1a\n", "png", "IMAGE_TRUNCATED"),
    ("JPEG of markers", b"\xff\xd8" + b"\xff\xe0\0\x02" * 1000, "jpg", "IMAGE_TRUNCATED"),
]


@pytest.mark.parametrize(
    ("data", "extension", "reason"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_a_picture_that_cannot_be_used_is_refused_by_name(
    data: bytes, extension: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        decode_image(data, extension, "portrait")
    (violation,) = refusal.value.violations
    assert (violation.field, violation.reason) == ("portrait", reason)
    assert len(violation.remedy) > 20, "the person who sent it must learn what to do"


def test_d06_a_picture_of_144_million_pixels_is_refused_before_it_is_decoded() -> None:
    data = bomb(12_000)
    assert len(data) < 500_000
    with pytest.raises(Invalid) as refusal:
        decode_image(data, "png", "portrait")
    assert refusal.value.violations[0].reason == "IMAGE_TOO_LARGE"


def test_a_file_of_too_many_bytes_is_refused_unread() -> None:
    with pytest.raises(Invalid) as refusal:
        decode_image(b"\x89PNG" + bytes(100), "png", "logo", ImageLimits(file_bytes=99))
    assert refusal.value.violations[0].reason == "IMAGE_TOO_LARGE"


def test_pixels_come_back_as_they_were() -> None:
    shown = decode_image(saved(picture(), "PNG"), "png", "portrait")
    assert (shown == np.asarray(picture())).all()
    assert shown.dtype == np.uint8


@pytest.mark.parametrize(
    ("data", "extension", "channels"),
    [
        (saved(picture("CMYK"), "JPEG", quality=95), "jpeg", 3),
        (saved(picture("L"), "PNG"), "png", 3),
        (saved(picture("1"), "PNG"), "png", 3),
        (saved(picture("RGBA"), "WEBP", lossless=True), "webp", 4),
        (saved(picture("LA"), "PNG"), "png", 4),
        (saved(picture("P"), "PNG", transparency=0), "png", 4),
        (saved(picture("P"), "PNG"), "png", 3),
    ],
    ids=["CMYK", "grey", "bits", "alpha", "grey and alpha", "palette with alpha", "palette"],
)
def test_d17_every_way_of_storing_colour_becomes_rgb(
    data: bytes, extension: str, channels: int
) -> None:
    shown = decode_image(data, extension, "portrait")
    assert shown.shape == (64, 96, channels)
    assert np.ptp(shown[..., :3].astype(int)) > 160, "the contrast is lost"


def test_d17_sixteen_bits_keep_their_brightness() -> None:
    ramp = np.linspace(0, 65_535, 256).astype(np.uint16)[None].repeat(64, axis=0)
    shown = decode_image(saved(Image.fromarray(ramp), "PNG"), "png", "portrait")
    assert np.abs(shown[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_a_colour_profile_is_converted_to_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    broken = saved(picture(), "PNG", icc_profile=profile)
    assert (decode_image(broken, "png", "portrait") == np.asarray(picture())).all()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tagged = decode_image(saved(picture(), "PNG", icc_profile=srgb), "png", "portrait")
    assert np.abs(tagged.astype(int) - np.asarray(picture())).max() <= 1
    darker = _with_gamma(srgb, 3.0)
    shown = decode_image(saved(picture(), "PNG", icc_profile=darker), "png", "portrait")
    assert shown[32, 48, 0] < np.asarray(picture())[32, 48, 0] - 15


def _with_gamma(profile: bytes, gamma: float) -> bytes:
    """Put one gamma in place of the three tone curves of a profile."""
    data = bytearray(profile)
    for index in range(struct.unpack_from(">I", data, 128)[0]):
        tag, offset, _ = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if tag in {b"rTRC", b"gTRC", b"bTRC"}:
            data[offset : offset + 16] = b"curv\0\0\0\0" + struct.pack(
                ">IHH", 1, round(gamma * 256), 0
            )
            struct.pack_into(">I", data, 132 + 12 * index + 8, 14)
    return bytes(data)


def test_d24_a_photograph_stands_upright_and_its_place_is_forgotten() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    exif[0x8825] = {1: "N", 2: (51.0, 30.0, 0.0)}
    data = saved(picture(), "JPEG", exif=exif.tobytes(), quality=95)
    shown = decode_image(data, "jpg", "portrait")
    upright = np.asarray(picture().rotate(-90, expand=True)).astype(int)
    assert shown.shape == (96, 64, 3)
    assert np.abs(shown - upright).mean() < 8
