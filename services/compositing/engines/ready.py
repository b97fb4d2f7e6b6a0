"""What a worker keeps ready, by digest: the next chunk of a video does not make it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from google.protobuf.json_format import MessageToDict
from rostrum.compositing.v1.compositing_pb2 import Scene as SceneMessage
from rostrum.media.v1 import media_pb2

from services.chassis import pictures
from services.chassis.rig import Rig
from services.chassis.store import Store
from services.chassis.timeline import Bytes
from services.compositing.domain.brand import Brand
from services.compositing.domain.formats import Format
from services.compositing.domain.graphics import Graphics
from services.compositing.domain.scene import Scene
from services.compositing.engines import Engine, fonts, templates
from services.compositing.engines.puppet import Puppet

Present = Callable[[float], Puppet]
"""Makes the presenter ready to be drawn at a largest scale."""
Open = Callable[[Rig, Bytes, float], Puppet]


def graphics(
    store: Store, scene: SceneMessage, formats: Iterable[Format], frame_rate: int
) -> Sequence[Graphics]:
    """Return the graphics of a scene in each format. Raises Invalid for what cannot be shown."""
    key = scene.SerializeToString(deterministic=True)
    return [_graphics(store, key, each, frame_rate) for each in formats]


def presenter(store: Store, engine: Engine, rig: media_pb2.Rig) -> tuple[Rig, Present]:
    """Return the presenter's rig, and what opens the presenter for drawing."""
    digests = (rig.digest, rig.texture_digest)

    def present(largest_scale: float) -> Puppet:
        return _puppet(store, engine.open, digests, largest_scale)

    return _rig(store, digests)[0], present


def scene_of(store: Store, scene: SceneMessage) -> Scene:
    """Return a scene with its template and logo at hand; its data is not checked yet."""
    brand = scene.brand
    return Scene(
        template=templates.load(scene.template),
        data=MessageToDict(scene.data),
        brand=Brand(
            logo_text=brand.logo_text,
            accent=brand.accent,
            background=tuple(brand.background),
            font=brand.font,
            ticker_label=brand.ticker_label,
            ticker=tuple(brand.ticker),
        ),
        logo=pictures.read_picture(store, brand.logo_digest) if brand.logo_digest else None,
    )


@lru_cache(maxsize=6)
def _graphics(store: Store, scene: bytes, shape: Format, frame_rate: int) -> Graphics:
    opened = scene_of(store, SceneMessage.FromString(scene))
    return Graphics(opened, shape, frame_rate, fonts.load())


@lru_cache(maxsize=2)
def _rig(store: Store, digests: tuple[str, str]) -> tuple[Rig, Bytes]:
    digest, texture_digest = digests
    return pictures.read_rig(store, media_pb2.Rig(digest=digest, texture_digest=texture_digest))


@lru_cache(maxsize=2)
def _puppet(store: Store, opened: Open, digests: tuple[str, str], scale: float) -> Puppet:
    return opened(*_rig(store, digests), scale)
