"""What the order calls the fields of a stage's request."""

from __future__ import annotations

from typing import Final

ENGINE: Final = ("engine", "quality")
SCENE_FIELDS: Final = (
    ("scene.data", "data"),
    ("scene.template", "template"),
    ("scene.brand", "channel.brand"),
    ("brand", "channel.brand"),
    ENGINE,
)
SPEECH_FIELDS: Final = (
    ("chunk.text", "script"),
    ("pronunciations", "channel.pronunciations"),
    ENGINE,
)


def everything(path: str) -> tuple[tuple[str, str], ...]:
    """Say that whatever is wrong with a request, it is this field of the order."""
    return (ENGINE, ("", path))
