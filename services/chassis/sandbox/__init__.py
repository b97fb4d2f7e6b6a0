"""Decodes files from outside, which are hostile until proven otherwise, in a confined child."""

from services.chassis.sandbox.audio import AudioLimits, audio_warnings, decode_audio
from services.chassis.sandbox.confined import Report, report
from services.chassis.sandbox.image import ImageLimits, decode_image
from services.chassis.sandbox.video import Clip, VideoLimits, decode_video

__all__ = [
    "AudioLimits",
    "Clip",
    "ImageLimits",
    "Report",
    "VideoLimits",
    "audio_warnings",
    "decode_audio",
    "decode_image",
    "decode_video",
    "report",
]
