"""What makes a portrait unusable, and what could be better about it, each with its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from services.chassis.errors import Violation
from services.motion.domain.portrait import Measures, Pose

LEAST_FACE_PIXELS: Final = 160
SHARP_FACE_PIXELS: Final = 340
"""From here a head, hair and all about 1.5 times its face, has 512 pixels."""
MOST_YAW_DEGREES: Final = 25
MOST_ROLL_DEGREES: Final = 40
MOST_OUTSIDE: Final = 0.1
"""Share of the face beyond the picture's edges; a forehead may touch them."""
MOST_GAP: Final = 0.14
"""Between the lips, by the mouth's width."""


M = TypeVar("M", bound=Pose)


class Rule(NamedTuple, Generic[M]):
    """One thing to tell a person."""

    reason: str
    applies: Callable[[M], bool]
    remedy: str
    """With the measures' names in braces."""


POSES: Final = (
    Rule[Pose](
        "FACE_POSE_EXTREME",
        lambda pose: abs(pose.yaw_degrees) > MOST_YAW_DEGREES,
        "the face is turned by {yaw_degrees:.0f} degrees: use a picture taken from the front",
    ),
    Rule[Pose](
        "FACE_POSE_EXTREME",
        lambda pose: abs(pose.roll_degrees) > MOST_ROLL_DEGREES,
        "the face leans by {roll_degrees:.0f} degrees: turn the picture upright",
    ),
    Rule[Pose](
        "FACE_CROPPED",
        lambda pose: pose.outside > MOST_OUTSIDE,
        "the picture's edge cuts the face: use a picture that shows all of the head",
    ),
)

LIMITS: Final = (
    Rule[Measures](
        "FACE_TOO_SMALL",
        lambda m: m.face_pixels < LEAST_FACE_PIXELS,
        f"the face is {{face_pixels:.0f}} pixels high and must be {LEAST_FACE_PIXELS} at least: "
        "use a larger picture, or come closer",
    ),
    Rule[Measures](
        "FACE_MOUTH_OPEN",
        lambda m: m.face_pixels >= LEAST_FACE_PIXELS and m.mouth_gap > MOST_GAP,
        "the mouth is open: use a picture with closed, relaxed lips",
    ),
)

ADVICE: Final = (
    Rule[Measures](
        "PORTRAIT_LOW_RESOLUTION",
        lambda m: m.face_pixels < SHARP_FACE_PIXELS,
        "the face is {face_pixels:.0f} pixels high and will look soft in a large picture: "
        f"{SHARP_FACE_PIXELS} are good, twice that is ideal",
    ),
    Rule[Measures](
        "PORTRAIT_TURNED",
        lambda m: abs(m.yaw_degrees) > 12,
        "the face is turned by {yaw_degrees:.0f} degrees: face the camera, or the far cheek "
        "stretches when the head moves",
    ),
    Rule[Measures](
        "PORTRAIT_PITCHED",
        lambda m: abs(m.pitch_degrees) > 12,
        "the camera looks from above or below: hold it at the height of the eyes",
    ),
    Rule[Measures](
        "PORTRAIT_TILTED",
        lambda m: abs(m.roll_degrees) > 10,
        "the head is tilted by {roll_degrees:.0f} degrees: hold it upright",
    ),
    Rule[Measures](
        "PORTRAIT_MOUTH_PARTED",
        lambda m: m.mouth_gap > 0.05,
        "the lips are parted: close them, or speech begins from an open mouth",
    ),
    Rule[Measures](
        "PORTRAIT_SMILE",
        lambda m: m.smile > 0.12,
        "the mouth smiles: use a neutral look, or every word is said with a grin",
    ),
    Rule[Measures](
        "PORTRAIT_EYES_CLOSED",
        lambda m: m.eye_openness < 0.15,
        "an eye is closed: use a picture with open eyes",
    ),
    Rule[Measures](
        "PORTRAIT_EYES_HIDDEN",
        lambda m: m.eye_brightness < 0.55,
        "the eyes are in the dark: take sunglasses off, and light the face from the front",
    ),
    Rule[Measures](
        "PORTRAIT_OFF_CENTRE",
        lambda m: abs(m.centre_x - 0.5) > 0.12,
        "the face is away from the middle: crop the picture so that there is as much room on "
        "either side",
    ),
    Rule[Measures](
        "PORTRAIT_EYE_LINE",
        lambda m: not 0.2 <= m.eye_line_y <= 0.5,
        "the eyes lie at {eye_line_y:.0%} of the height: crop so that they lie at about a third",
    ),
    Rule[Measures](
        "PORTRAIT_HEADROOM",
        lambda m: m.head_top_y > 0.25,
        "there is much room over the head: crop to head and shoulders",
    ),
    Rule[Measures](
        "PORTRAIT_HEAD_CROPPED",
        lambda m: m.head_top_y < 0.01 or m.head_touches,
        "the head or hair touches the picture's edge: leave room around it, or the cut shows "
        "when the head moves",
    ),
    Rule[Measures](
        "PORTRAIT_SHOULDERS_CROPPED",
        lambda m: m.shoulders_touch,
        "the shoulders touch the picture's sides: take a wider picture, or the cut shows in wide "
        "formats",
    ),
    Rule[Measures](
        "PORTRAIT_LIGHT_UNEVEN",
        lambda m: m.light_ratio > 1.6,
        "one cheek is much brighter than the other: use soft light from the front",
    ),
    Rule[Measures](
        "PORTRAIT_OVEREXPOSED",
        lambda m: m.burnt_share > 0.03,
        "parts of the face are white: take the picture with less light",
    ),
    Rule[Measures](
        "PORTRAIT_UNDEREXPOSED",
        lambda m: m.brightest < 70,
        "the face is dark: take the picture with more light",
    ),
    Rule[Measures](
        "PORTRAIT_BACKGROUND_BLACK",
        lambda m: m.background_luma is not None and m.background_luma < 16,
        "the background is black, in which dark hair drowns: use a mid-tone wall",
    ),
    Rule[Measures](
        "PORTRAIT_BACKGROUND_WHITE",
        lambda m: m.background_luma is not None and m.background_luma > 245,
        "the background is white, which leaves a bright rim round the hair: use a mid-tone wall",
    ),
    Rule[Measures](
        "PORTRAIT_BLURRED",
        lambda m: m.sharpness < 0.14,
        "the face is blurred: focus on the eyes, and do not enlarge a small picture",
    ),
)


def pose_violations(pose: Pose) -> tuple[Violation, ...]:
    """Return why a face that stands so cannot be used; nothing where it can."""
    return tuple(_broken(POSES, pose))


def violations(measures: Measures) -> tuple[Violation, ...]:
    """Return why a portrait of these measures cannot be used; nothing where it can."""
    return tuple(_broken(LIMITS, measures))


def advice(measures: Measures) -> tuple[Violation, ...]:
    """Return what could be better about a portrait of these measures."""
    return tuple(_broken(ADVICE, measures))


def _broken(rules: tuple[Rule[M], ...], measured: M) -> Iterator[Violation]:
    for rule in rules:
        if rule.applies(measured):
            yield Violation("portrait", rule.reason, rule.remedy.format(**vars(measured)))
