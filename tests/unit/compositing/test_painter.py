"""However a frame came about, it is the picture that would have been drawn from nothing."""

import cv2
import numpy as np
import pytest

from services.chassis.timeline import Bytes, Word
from services.compositing.domain.box import Box
from services.compositing.domain.brand import Brand
from services.compositing.domain.canvas import Planes
from services.compositing.domain.captions import Cue
from services.compositing.domain.formats import Format
from services.compositing.domain.graphics import Graphics
from services.compositing.domain.scene import Scene
from services.compositing.engines import fonts, templates
from services.compositing.engines.painter import Painter, Spoken

DATA = {
    "title": "Senior Welder",
    "rows": [{"text": "Esbjerg"}],
    "lower_third": {"name": "Ingrid Holm", "role": "Presenter"},
}
WORDS = tuple(Word(text, i * 100, i * 100 + 90) for i, text in enumerate(("One", "two", "three")))
ABOVE = Cue((WORDS[:2], WORDS[2:]), 0, 300)
BELOW = Cue((WORDS,), 0, 300)


class Blob:
    """A presenter who is a patch of noise, another one each frame."""

    def __init__(self, graphics: Graphics) -> None:
        self.bounds = Box(20, 40, 20 + graphics.width // 2, graphics.height - 60)
        self._background = graphics.background
        self.seed = 0

    def paint(self, out: Bytes) -> None:
        bounds = self.bounds
        shape = (bounds.height // 8, bounds.width // 8, 3)
        coarse = np.random.default_rng(self.seed).integers(0, 256, shape, np.uint8)
        patch = cv2.resize(coarse, (bounds.width, bounds.height))
        out[bounds.top : bounds.bottom, bounds.left : bounds.right] = patch


def graphics(aspect: str) -> Graphics:
    brand = Brand(logo_text="Nordhaven", ticker=("Night nurse, Aarhus", "Crane operator"))
    scene = Scene(templates.load("news-frame"), DATA, brand)
    return Graphics(scene, Format(aspect, 360), 25, fonts.load())


def from_nothing(
    drawn: Graphics, blob: Blob, frame: int, remaining: int | None, spoken: Spoken | None
) -> Bytes:
    picture = drawn.background.copy()
    blob.paint(picture)
    for layer in drawn.layers(frame, remaining):
        layer.lay_on(picture)
    if spoken is not None:
        cue, active = spoken
        place = (0, active) if active < len(cue.lines[0]) else (1, active - len(cue.lines[0]))
        drawn.caption([[word.text for word in line] for line in cue.lines], place).lay_on(picture)
    ticker = drawn.ticker
    ticker.box.of(picture)[:] = ticker.at(frame)
    ticker.label.lay_on(picture)
    return picture


@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1"])
def test_every_frame_is_the_one_drawn_from_nothing(aspect: str) -> None:
    drawn = graphics(aspect)
    blob = Blob(drawn)
    painter = Painter(drawn, blob)  # type: ignore[arg-type]
    settled = drawn.settled_frame
    story: list[tuple[int, int | None, Spoken | None]] = [
        (0, None, None),
        (5, None, None),
        (9, None, (ABOVE, 0)),
        (settled, None, (ABOVE, 0)),
        (settled + 1, None, (ABOVE, 1)),
        (settled + 2, None, (ABOVE, 2)),
        (settled + 3, None, (BELOW, 2)),
        (settled + 4, None, None),
        (settled + 5, None, (BELOW, 0)),
        (settled + 90, None, (BELOW, 0)),
        (settled + 91, 5, (BELOW, 0)),
        (settled + 92, 1, None),
        (settled + 93, 0, None),
    ]
    for seed, (frame, remaining, spoken) in enumerate(story):
        blob.seed = seed
        planes = painter.paint(frame, remaining, spoken)
        expected = Planes.from_picture(from_nothing(drawn, blob, frame, remaining, spoken))
        error = np.abs(planes.astype(int) - expected.data)
        assert error.max() <= 2, (frame, np.argwhere(error > 2)[:3].tolist())


def test_a_still_has_the_ticker_too() -> None:
    drawn = graphics("16:9")
    blob = Blob(drawn)
    painter = Painter(drawn, blob)  # type: ignore[arg-type]
    still = painter.still(drawn.settled_frame)
    expected = from_nothing(drawn, blob, drawn.settled_frame, None, None)
    assert np.abs(still.astype(int) - expected).max() <= 1


def test_what_the_presenter_never_reaches_is_not_touched() -> None:
    drawn = graphics("16:9")
    painter = Painter(drawn, Blob(drawn))  # type: ignore[arg-type]
    converted: list[Box] = []
    planes = painter._planes
    convert = planes.convert
    painter.paint(drawn.settled_frame, None, None)
    planes.convert = lambda canvas, box: (converted.append(box), convert(canvas, box))  # type: ignore[method-assign,assignment,func-returns-value]
    painter.paint(drawn.settled_frame + 1, None, None)
    area = sum((box.right - box.left) * (box.bottom - box.top) for box in converted)
    assert area < 0.55 * drawn.width * drawn.height, "speed: the panel is converted for nothing"
