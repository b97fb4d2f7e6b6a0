"""What restoration does to a texture, as a viewer would see it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from rostrum.restoration.v1.restoration_pb2 import RestoreRequest

from services.chassis import pictures
from services.chassis.errors import Invalid
from services.chassis.store import Store
from services.restoration import engines, stage
from services.restoration.domain.sharpen import restore_texture


@pytest.fixture(scope="module")
def restored(presenter):
    rig, texture = presenter
    return rig, texture, engines.load().pick("texture").restore(rig, texture)


def sharpness(texture, rig) -> float:
    scale = texture.shape[0] / rig.canvas_pixels
    x, y, reach = (int(v * scale) for v in (rig.head.centre_x, rig.head.eyes_y, 60))
    face = np.ascontiguousarray(texture[y - reach : y + reach, x - reach : x + reach, :3])
    return float(cv2.Laplacian(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())


def test_the_texture_is_half_as_fine_again_as_the_canvas(restored):
    rig, _, texture = restored
    assert texture.shape == (round(1.5 * rig.canvas_pixels),) * 2 + (4,)


def test_the_face_is_sharper_but_not_harsh(restored):
    rig, raw, texture = restored
    plain = cv2.resize(raw, texture.shape[:2], interpolation=cv2.INTER_CUBIC)
    assert 1.05 < sharpness(texture, rig) / sharpness(plain, rig) < 1.5


def test_the_outline_gets_no_bright_or_dark_rim(restored):
    _, raw, texture = restored
    side = texture.shape[0]
    low = cv2.erode(raw[..., :3], np.ones((5, 5), np.uint8))
    high = cv2.dilate(raw[..., :3], np.ones((5, 5), np.uint8))
    low, high = (cv2.resize(x, (side, side), interpolation=cv2.INTER_LINEAR) for x in (low, high))
    edge = (texture[..., 3] > 0) & (texture[..., 3] < 255)
    colours = texture[..., :3].astype(int)
    over = np.maximum(colours - high, low.astype(int) - colours)[edge]
    assert np.percentile(over, 99) <= 6, "sharpening rings along the matte"


def test_alpha_is_neither_sharpened_nor_moved(restored):
    _, raw, texture = restored
    back = cv2.resize(texture[..., 3], raw.shape[:2], interpolation=cv2.INTER_AREA)
    assert np.abs(back.astype(int) - raw[..., 3]).mean() < 1


def test_grain_keeps_its_strength():
    rng = np.random.default_rng(5)
    flat = np.full((256, 256, 4), 128.0)
    flat[..., :3] += rng.normal(0, 4, (256, 256, 1))
    flat[..., 3] = 255
    raw = flat.clip(0, 255).astype(np.uint8)
    plain = cv2.resize(raw, (384, 384), interpolation=cv2.INTER_CUBIC)
    texture = restore_texture(raw, 256, 400, noise=4.0)
    assert texture[..., :3].std() < 1.1 * plain[..., :3].std()


def test_a_finer_texture_is_not_shrunk(presenter):
    rig, texture = presenter
    large = cv2.resize(texture, (1000, 1000))
    assert restore_texture(large, rig.canvas_pixels, rig.face_height, rig.noise).shape[0] == 1000


def test_the_stage_replaces_the_texture_and_nothing_else(presenter):
    store = Store.in_memory()
    request = RestoreRequest(rig=pictures.write_rig(store, *presenter))
    methods = stage.methods(engines.load())
    response = methods[RestoreRequest](request, store)
    assert response.rig.digest == request.rig.digest
    assert response.rig.canvas_pixels == request.rig.canvas_pixels
    assert response.rig.texture_digest != request.rig.texture_digest
    assert methods[RestoreRequest](request, store) == response, "the same request, other bytes"
    rig, texture = pictures.read_rig(store, response.rig)
    assert texture.shape[0] > rig.canvas_pixels


def test_an_engine_that_is_not_here_is_named(presenter):
    store = Store.in_memory()
    request = RestoreRequest(engine="gfpgan", rig=pictures.write_rig(store, *presenter))
    with pytest.raises(Invalid, match=r"ENGINE_UNKNOWN.*texture"):
        stage.restore(request, store, engines.load())
