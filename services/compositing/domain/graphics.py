"""The graphics of one scene in one format: everything in the picture but the presenter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import ceil

from services.chassis.rig import Head
from services.chassis.timeline import Bytes
from services.compositing.domain import (
    backdrop,
    brand,
    entrance,
    logo,
    panel,
    placing,
    subtitles,
    ticker,
)
from services.compositing.domain.box import Box
from services.compositing.domain.content import capitals
from services.compositing.domain.entrance import Actor, Group
from services.compositing.domain.formats import Format
from services.compositing.domain.layout import lay_out
from services.compositing.domain.placement import Placement
from services.compositing.domain.placing import Room
from services.compositing.domain.raster import Layer
from services.compositing.domain.scene import Scene
from services.compositing.domain.sheet import Sheet
from services.compositing.domain.text import tidy
from services.compositing.domain.ticker import Ticker
from services.compositing.domain.typesetting import Fonts


class Graphics:
    """Bar, logo, panel, lower third, ticker and captions of a scene, drawn for one format.

    The same arguments give the same pixels.
    """

    def __init__(self, scene: Scene, shape: Format, frame_rate: int, fonts: Fonts) -> None:
        """Lay the scene out. Raises Invalid for data or a brand kit that cannot be shown."""
        self._scene = scene
        self._content = scene.content(fonts)
        self._frame_rate = frame_rate
        self.width, self.height = shape.size
        template = scene.template
        self._sheet = Sheet(
            template,
            template.aspect(shape.aspect),
            brand.theme(scene.brand, template.palette),
            scene.typesetter(fonts),
            Box(0, 0, self.width, self.height),
            shape.scale,
        )
        leading = self._sheet.suited(*(text for _, text in self._content.texts()))
        self._blocks = lay_out(self._content, template, shape.aspect, leading.typesetter)
        self._fade_frames = max(1, round(template.motion.fade_out * frame_rate))

    @cached_property
    def background(self) -> Bytes:
        """Return what lies behind the presenter, (H, W, 3) BGR."""
        return backdrop.draw(self._sheet, self._room)

    @cached_property
    def ticker(self) -> Ticker:
        """Return the running line; it runs from the first frame."""
        items = [tidy(text) for text in self._scene.brand.ticker] or self._own_items()
        label = self._ticker_label()
        speed = self._scene.template.motion.ticker * self._sheet.scale
        pixels_per_frame = ticker.step(speed, self._frame_rate)
        return ticker.draw(self._sheet.suited(label, *items), label, items, pixels_per_frame)

    @cached_property
    def settled_frame(self) -> int:
        """Return the first frame from which nothing moves until the end."""
        return ceil(max(group.end for group in self._groups) * self._frame_rate)

    def placement(self, head: Head, canvas_pixels: int) -> Placement:
        """Return where the presenter's canvas lies: the head is never under text."""
        return placing.place(head, canvas_pixels, self._sheet, self._room)

    def layers(self, frame: int, remaining: int | None = None) -> tuple[Layer, ...]:
        """Return what lies above the presenter at a frame, the first at the bottom.

        frame: from the video's start. remaining: frames that follow this one in the video, or None
        where its end is not near. Ticker and captions are not among them. The same tuple is
        returned for every frame on which nothing moves.
        """
        seen = self._settled if frame >= self.settled_frame else self._at(frame)
        opacity = 1.0 if remaining is None else min(1.0, max(0, remaining) / self._fade_frames)
        return seen if opacity == 1.0 else tuple(layer.faded(opacity) for layer in seen)

    def caption(
        self, lines: Sequence[Sequence[str]], active: tuple[int, int] | None = None
    ) -> Layer:
        """Draw one or two lines of words; active: line and word that is being spoken."""
        return subtitles.draw(self._sheet, lines, active, self._sunk)

    def caption_width(self, words: Sequence[str]) -> float:
        """Return the width of a caption line in pixels."""
        return subtitles.width(self._sheet, words)

    @property
    def caption_max_width(self) -> float:
        """Return the width that a caption line may have, in pixels."""
        kind = self._sheet.aspect.caption
        return (kind.width - 2 * kind.inset) * self._sheet.scale

    @cached_property
    def _groups(self) -> list[Group]:
        motion = self._scene.template.motion
        name = tidy(self._scene.brand.logo_text)
        hanging = logo.draw(self._sheet.suited(name), name, self._scene.logo)
        logos = [] if hanging is None else [Actor(hanging, "drop", entrance.cue(motion.logo))]
        blocks = [panel.block(self._sheet, laid) for laid in self._blocks]
        return [panel.bar(self._sheet), *(Group([each]) for each in logos), *blocks]

    @cached_property
    def _settled(self) -> tuple[Layer, ...]:
        return self._at(self.settled_frame)

    def _at(self, frame: int) -> tuple[Layer, ...]:
        moment = (frame + 1) / self._frame_rate
        seen = (group.at(moment, self._sheet.frame) for group in self._groups)
        return tuple(layer for layer in seen if not layer.box.is_empty)

    @property
    def _room(self) -> Room:
        """Return what bar, title, panel and details leave for the presenter."""
        titles = [laid.box[3] for laid in self._blocks if laid.block.surface == "none"]
        cards = [laid.box[0] for laid in self._blocks if laid.block.surface == "card"]
        width = self.width / self._sheet.scale
        ceiling = max([self._sheet.aspect.bar, *titles])
        return Room(ceiling, min([width, *cards]), self._floor)

    @property
    def _floor(self) -> float:
        """Return where the presenter must have run out, template's pixels."""
        laid = [laid.box[1] for laid in self._blocks if laid.block.align == "low"]
        return next(iter(laid), self._sheet.aspect.presenter.bottom)

    @property
    def _sunk(self) -> float:
        """Return how far captions sink, template's pixels, as what is below them does."""
        if not self._sheet.aspect.presenter.fade:
            return 0.0
        return self._floor - min(b.box[1] for b in self._sheet.aspect.blocks if b.align == "low")

    def _ticker_label(self) -> str:
        language = self._content.language
        labels = self._scene.template.ticker_label
        own = labels.get(language.partition("-")[0].lower(), labels["en"])
        return capitals(tidy(self._scene.brand.ticker_label) or own, language)

    def _own_items(self) -> list[str]:
        """Return what runs where the channel has no feed: what the scene is about."""
        content = self._content
        facts = [row.text for row in content.rows] or content.points
        return [text for text in (content.overline, content.title, *facts) if text]
