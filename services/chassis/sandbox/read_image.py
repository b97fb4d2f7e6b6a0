"""Decodes the picture `input` to upright sRGB pixels on standard output; runs in the sandbox.

Its arguments are the folder of the packages, the kind of picture and how many pixels are too many.
Where the picture cannot be used, the reason is all it writes to standard error.
"""

from __future__ import annotations

import io
import struct
import sys

sys.path.append(sys.argv[1])

from PIL import Image, ImageCms, ImageOps  # found in the folder of the packages


def main(kind: str, most_pixels: int) -> None:
    """Write width, height and channels as little-endian 32-bit numbers, then the pixels."""
    Image.MAX_IMAGE_PIXELS = most_pixels
    with Image.open("input", formats=[kind.upper()]) as image:
        if getattr(image, "is_animated", False):
            sys.exit("IMAGE_ANIMATED")
        try:
            image.load()
        except OSError as error:
            sys.exit("IMAGE_TRUNCATED" if "truncated" in str(error) else "IMAGE_CORRUPT")
        pixels = upright_srgb(image)
    head = struct.pack("<III", *pixels.size, len(pixels.getbands()))
    sys.stdout.buffer.write(head)
    sys.stdout.buffer.write(pixels.tobytes())


def upright_srgb(image: Image.Image) -> Image.Image:
    """Return the picture as the camera held it, in RGB, or RGBA where it has an alpha."""
    profile = image.info.get("icc_profile")
    image = to_srgb(to_eight_bits(ImageOps.exif_transpose(image)), profile)
    transparent = image.has_transparency_data
    return image.convert("RGBA" if transparent else "RGB")


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Return a grey picture of 16 bits in 8, by its high byte; any other as it is."""
    if not image.mode.startswith("I"):
        return image
    return image.convert("I").point(lambda level: level * (1 / 257)).convert("L")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert a picture with a colour profile of its own; without one it is taken for sRGB."""
    if not profile or image.mode not in {"RGB", "RGBA", "CMYK", "L"}:
        return image
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha else image
    try:
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        ours = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(colours, theirs, ours, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile, or one of another kind of picture, says nothing
    if converted is None:
        return image
    if alpha:
        converted.putalpha(alpha)
    return converted


if __name__ == "__main__":
    main(sys.argv[2], int(sys.argv[3]))
