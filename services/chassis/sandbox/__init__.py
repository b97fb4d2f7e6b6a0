"""Decodes files from outside, which are hostile until proven otherwise, in a confined child."""

from services.chassis.sandbox.confined import Report, report
from services.chassis.sandbox.image import ImageLimits, decode_image

__all__ = [
    "ImageLimits",
    "Report",
    "decode_image",
    "report",
]
