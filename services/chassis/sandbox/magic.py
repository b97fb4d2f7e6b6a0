"""What kind of file some bytes are, whatever their name says."""

from __future__ import annotations

import struct
from typing import Final

MAGIC: Final = (
    ("png", 0, b"\x89PNG\r\n\x1a\n"),
    ("jpeg", 0, b"\xff\xd8\xff"),
    ("gif", 0, b"GIF87a"),
    ("gif", 0, b"GIF89a"),
    ("tiff", 0, b"II*\0"),
    ("tiff", 0, b"MM\0*"),
    ("tiff", 0, b"II+\0"),
    ("tiff", 0, b"MM\0+"),
    ("psd", 0, b"8BPS"),
    ("icns", 0, b"icns"),
    ("ico", 0, b"\0\0\1\0"),
    ("bmp", 0, b"BM"),
    ("dds", 0, b"DDS "),
    ("jpeg2000", 4, b"jP  \r\n\x87\n"),
    ("jpegxl", 0, b"\xff\x0a"),
    ("jpegxl", 4, b"JXL \r\n\x87\n"),
    ("pdf", 0, b"%PDF-"),
    ("postscript", 0, b"%!PS"),
    ("flac", 0, b"fLaC"),
    ("ogg", 0, b"OggS"),
    ("aiff", 0, b"FORM"),
    ("midi", 0, b"MThd"),
    ("amr", 0, b"#!AMR"),
    ("mkv", 0, b"\x1aE\xdf\xa3"),
    ("flv", 0, b"FLV\1"),
    ("realmedia", 0, b".RMF"),
    ("asf", 0, b"0&\xb2u\x8ef\xcf\x11"),
    ("mpeg", 0, b"\0\0\1\xba"),
    ("zip", 0, b"PK\3\4"),
    ("gzip", 0, b"\x1f\x8b"),
)
RIFF: Final = {b"WAVE": "wav", b"WEBP": "webp", b"AVI ": "avi"}
ISO_IMAGES: Final = frozenset({b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"})
ISO_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
SPIDER_FORMS: Final = frozenset({1.0, 3.0, -11.0, -12.0, -21.0, -22.0})


def kind_of(data: bytes) -> str:
    """Return a file's kind, for example "png", "mp4" or "wav"; empty where nobody knows it."""
    by_magic = (kind for kind, offset, magic in MAGIC if data.startswith(magic, offset))
    return next(by_magic, "") or _container(data) or _kind_without_magic(data)


def _container(data: bytes) -> str:
    if data[:4] in {b"RIFF", b"RIFX", b"RF64"}:
        return RIFF.get(data[8:12], "")
    if data[4:8] not in ISO_BOXES:
        return ""
    return "heif" if data[4:8] == b"ftyp" and data[8:12] in ISO_IMAGES else "mp4"


def _kind_without_magic(data: bytes) -> str:
    if _is_transport_stream(data):
        return "mpegts"
    if data.startswith(b"ID3") or (data[:1] == b"\xff" and _is_mpeg_audio(data[1:2])):
        return "mp3"
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<") and b"<svg" in head:
        return "svg"
    return "spider" if _is_spider(data) else ""


def _is_transport_stream(data: bytes) -> bool:
    return len(data) > 376 and data[0] == data[188] == data[376] == 0x47


def _is_mpeg_audio(second: bytes) -> bool:
    return bool(second) and second[0] & 0xE6 == 0xE2  # eleven sync bits, layer III


def _is_spider(data: bytes) -> bool:
    """Tell by the header, which has no magic: sizes as floats, and a known form."""
    if len(data) < 108:
        return False
    for order in "><":
        head = struct.unpack(f"{order}27f", data[:108])
        whole = all(head[index] > 0 and head[index].is_integer() for index in (0, 1, 11, 12, 21))
        if whole and head[4] in SPIDER_FORMS:
            return True
    return False
