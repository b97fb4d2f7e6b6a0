"""A chunk is drawn as asked, and chunks become a video."""

import io
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest
from google.protobuf.json_format import ParseDict
from rostrum.compositing.v1 import compositing_pb2 as pb
from rostrum.media.v1 import media_pb2

from services.chassis import media, pictures
from services.chassis.errors import Invalid
from services.chassis.rig import GRID, Colours, Eye, Head, Mouth, Person, Rig
from services.chassis.store import Store
from services.chassis.timeline import MOUTH, SAMPLE_RATE, Bytes, Floats, Timing, Word
from services.compositing import stage
from services.compositing.engines import load, ready

RATE, LOOP, TAKE, LEAD, TAIL = 25, 120, 40, 15, 12
SIDE = 256
SCENE = {
    "template": "news-frame",
    "data": {"title": "Senior Welder", "chips": ["TIG 6G"], "rows": [{"text": "Esbjerg"}]},
    "brand": {"logo_text": "Nordhaven", "ticker": ["Night nurse, Aarhus", "Crane operator"]},
}
WORDS = ["You", "lead", "six", "welders."]
METHODS = stage.methods(load())


def columns(left: float, right: float) -> Floats:
    return np.arange(round(left), round(right) + 1, dtype=np.float32)


def eye(x: float, y: float, width: float) -> Eye:
    along = columns(x - width, x + width)
    bow = np.clip(1 - ((along - x) / (width / 2)) ** 2, 0, 1)
    return Eye(
        x=along,
        upper=y - 5 * bow,
        lower=y + 4 * bow,
        crease=y - 9 - 2 * bow,
        cheek=y + 10 + 2 * bow,
        width=width,
        iris_x=x,
        iris_y=y,
        iris_radius=5.0,
        brow_x=x,
        brow_y=y - 20,
        brow_top=y - 24,
        lid_colour=np.array([200, 150, 120], np.float32),
    )


def mouth() -> Mouth:
    along = columns(128 - 44, 128 + 44)
    bow = np.clip(1 - ((along - 128) / 24) ** 2, 0, 1)
    seam = np.full_like(along, 170.0)
    return Mouth(
        x=along,
        seam_upper=seam,
        seam_lower=seam.copy(),
        lip_top=170 - 5 * bow,
        lip_bottom=170 + 7 * bow,
        centre_x=128.0,
        half_width=24.0,
        nose_y=150.0,
        chin_y=200.0,
        neck_y=225.0,
        smile=0.0,
    )


def landmarks() -> Floats:
    """Return a face mesh of which only the folds beside the mouth have a place."""
    mesh = np.zeros((478, 3), np.float32)
    down = np.linspace(148, 184, 5)
    mesh[[129, 203, 206, 216, 212], :2] = np.column_stack([np.linspace(112, 94, 5), down])
    mesh[[358, 423, 426, 436, 432], :2] = np.column_stack([np.linspace(144, 162, 5), down])
    return mesh


def drawn_rig() -> tuple[Rig, Bytes]:
    """Return a rig of a face made of ellipses, and its texture."""
    down, across = np.mgrid[0:GRID, 0:GRID] * ((SIDE - 1) / (GRID - 1))
    round_head = np.clip(1 - ((across - 128) / 60) ** 2 - ((down - 128) / 80) ** 2, 0, 1)
    rig = Rig(
        canvas_pixels=SIDE,
        landmarks=landmarks(),
        face_height=140.0,
        pupil_distance=60.0,
        pivot=np.array([128, 210, -20], np.float32),
        focal=630.0,
        depth=np.asarray(40 * np.sqrt(round_head), np.float32),
        head_weight=np.asarray(np.clip((240 - down) / 80, 0.1, 1), np.float32),
        head=Head(128.0, 110.0, 50.0, 200.0, 68.0, 188.0),
        person=Person(30, 50, 226, 256, False, False, False, True),
        eye_right=eye(98, 110, 30),
        eye_left=eye(158, 110, 30),
        mouth=mouth(),
        colours=Colours(
            np.array([235, 235, 235], np.float32),
            np.array([180, 90, 90], np.float32),
            np.array([210, 160, 130], np.float32),
        ),
        noise=0.0,
        jaw_gain=1.0,
        teeth_gain=1.0,
    )
    return rig, drawn_texture()


def drawn_texture() -> Bytes:
    texture = np.zeros((SIDE, SIDE, 4), np.uint8)
    shapes = [
        ((128, 270), (98, 60), (60, 80, 120)),
        ((128, 128), (60, 78), (210, 160, 130)),
        ((98, 110), (15, 5), (240, 240, 240)),
        ((158, 110), (15, 5), (240, 240, 240)),
        ((98, 110), (5, 5), (60, 40, 30)),
        ((158, 110), (5, 5), (60, 40, 30)),
        ((128, 171), (24, 6), (180, 90, 90)),
    ]
    for centre, axes, colour in shapes:
        cv2.ellipse(texture, centre, axes, 0, 0, 360, (*colour, 255), -1, cv2.LINE_AA)
    return texture


@pytest.fixture(scope="module")
def store() -> Store:
    return Store.in_memory()


def scene() -> pb.Scene:
    return ParseDict(SCENE, pb.Scene())


def timing() -> Timing:
    step = TAKE * SAMPLE_RATE // RATE // len(WORDS)
    words = tuple(Word(w, i * step + 8000, (i + 1) * step - 2000) for i, w in enumerate(WORDS))
    return Timing(TAKE * SAMPLE_RATE // RATE, words, ())


def composite_request(store: Store, **changes: object) -> pb.CompositeRequest:
    """Return a good request for a first chunk, with changes."""
    time = np.arange(LOOP) / LOOP
    loop = np.zeros((LOOP, 12), np.float32)
    loop[:, 1] = 6 * np.sin(2 * np.pi * time)
    take = np.zeros((TAKE, len(MOUTH)), np.float32)
    take[:, 0] = 0.3 * np.abs(np.sin(np.arange(TAKE) / 4))
    tracks = media_pb2.Tracks(
        digest=media.write_tracks(store, loop), frame_count=LOOP, frame_rate=RATE
    )
    still = np.zeros((TAKE, 12), np.float32)
    fields: dict[str, object] = {
        "rig": pictures.write_rig(store, *drawn_rig()),
        "loop": media_pb2.Loop(tracks=tracks),
        "phase_frames": LOOP - 20,
        "take": media_pb2.Take(
            digest=media.write_tracks(store, take, MOUTH), frame_count=TAKE, frame_rate=RATE
        ),
        "accents": media_pb2.Tracks(
            digest=media.write_tracks(store, still), frame_count=TAKE, frame_rate=RATE
        ),
        "timing_digest": media.write_timing(store, timing()),
        "scene": scene(),
        "formats": [media_pb2.Format(aspect="16:9", height=360)],
        "frame_rate": RATE,
        "lead_frames": LEAD,
        "tail_frames": TAIL,
        "fade_frames": 10,
    }
    return pb.CompositeRequest(**fields | changes)  # type: ignore[arg-type]


def frames(segment: bytes) -> list[Bytes]:
    with av.open(io.BytesIO(segment)) as video:
        return [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)]


def composite(store: Store, **changes: object) -> pb.CompositeResponse:
    response = METHODS[pb.CompositeRequest](composite_request(store, **changes), store)
    assert isinstance(response, pb.CompositeResponse)
    return response


@pytest.fixture(scope="module")
def chunk(store: Store) -> list[Bytes]:
    return frames(store.get(composite(store).segment_digests[0]))


def test_a_chunk_has_its_take_and_the_silence_around_it(chunk: list[Bytes]) -> None:
    assert len(chunk) == LEAD + TAKE + TAIL
    assert chunk[0].shape == (360, 640, 3)


def test_the_presenter_moves_in_every_frame_and_nothing_else_does(chunk: list[Bytes]) -> None:
    settled = chunk[-30:-12]
    beside = np.s_[60:200, 420:600]
    head = np.s_[80:260, 60:260]
    for before, after in pairwise(settled):
        change = np.abs(after.astype(int) - before)
        assert change[head].mean() > 0.05, "the presenter stands still"
        assert change[beside].mean() < 1, "the panel flickers"


def test_the_word_being_spoken_is_highlighted(chunk: list[Bytes]) -> None:
    def yellow(picture: Bytes) -> int:
        blue, green, red = (picture[..., c].astype(int) for c in range(3))
        return int(((red > 200) & (green > 170) & (blue < 130)).sum())

    assert yellow(chunk[LEAD - 3]) < 5, "nothing is said yet"
    assert yellow(chunk[LEAD + 20]) > 20
    assert yellow(chunk[-3]) < 5, "the caption has left"


def test_graphics_leave_at_the_end_and_the_ticker_stays(chunk: list[Bytes]) -> None:
    panel = np.s_[60:260, 330:600]
    assert chunk[-14][panel].max() > 200
    assert chunk[-1][panel].max() < 120
    ticker = np.s_[334:358, 160:630]
    assert chunk[-1][ticker].max() > 200


def test_the_ticker_runs_on_from_chunk_to_chunk(store: Store, chunk: list[Bytes]) -> None:
    on = frames(store.get(composite(store, start_frame=50, lead_frames=0).segment_digests[0]))
    ticker = np.s_[334:358, 160:630]
    difference = np.abs(on[0][ticker].astype(int) - chunk[50][ticker])
    assert np.median(difference) <= 3, "the ticker jumps where chunks meet"


def test_a_later_chunk_is_whole_from_its_first_frame(store: Store, chunk: list[Bytes]) -> None:
    at_once = Timing(timing().sample_count, (Word("You", 0, 30_000),), ())
    later = composite(
        store,
        start_frame=50,
        lead_frames=0,
        fade_frames=0,
        timing_digest=media.write_timing(store, at_once),
    )
    first = frames(store.get(later.segment_digests[0]))[0]
    panel = np.s_[40:300, 300:640]
    difference = np.abs(first[panel].astype(int) - chunk[50][panel])
    assert np.median(difference) <= 2, "a caption that begins with the chunk hid the graphics"


def test_a_format_looks_the_same_alone_and_beside_others(store: Store) -> None:
    wide, square = (media_pb2.Format(aspect=a, height=360) for a in ("16:9", "1:1"))
    both = composite(store, formats=[wide, square])
    beside = frames(store.get(both.segment_digests[1]))
    alone = frames(store.get(composite(store, formats=[square]).segment_digests[0]))
    assert len(both.segment_digests) == 2
    assert beside[0].shape == (360, 360, 3)
    assert len(beside) == both.frame_count
    assert np.abs(beside[40].astype(int) - alone[40]).mean() < 1


def test_the_same_request_gives_the_same_bytes_after_other_work(store: Store) -> None:
    first = composite(store)
    composite(store, phase_frames=5, formats=[media_pb2.Format(aspect="1:1", height=360)])
    assert composite(store).segment_digests == first.segment_digests
    for kept in (ready._puppet, ready._graphics, ready._rig):
        kept.cache_clear()
    assert composite(store).segment_digests == first.segment_digests, "a fresh worker differs"


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"formats": []}, "formats", "FIELD_REQUIRED"),
        ({"formats": [("4:3", 720)]}, "formats[0].aspect", "ASPECT_UNKNOWN"),
        ({"formats": [("16:9", 361)]}, "formats[0].height", "DIMENSION_ODD"),
        ({"formats": [("16:9", 2160)]}, "formats[0].height", "DIMENSION_TOO_LARGE"),
        ({"formats": [("16:9", 120)]}, "formats[0].height", "DIMENSION_INVALID"),
        ({"frame_rate": 1001}, "frame_rate", "FPS_INVALID"),
        ({"frame_rate": 30}, "take.frame_rate", "FRAME_RATE_MISMATCH"),
        ({"phase_frames": LOOP}, "phase_frames", "PHASE_OUT_OF_RANGE"),
        ({"lead_frames": 10_000}, "lead_frames", "SILENCE_TOO_LONG"),
        ({"engine": "paint"}, "engine", "ENGINE_UNKNOWN"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(
    store: Store, changes: dict[str, object], field: str, reason: str
) -> None:
    if isinstance(pairs := changes.get("formats"), list):
        changes["formats"] = [media_pb2.Format(aspect=a, height=h) for a, h in pairs]
    with pytest.raises(Invalid) as caught:
        composite(store, **changes)
    assert (field, reason) in {(v.field, v.reason) for v in caught.value.violations}


def test_a_take_that_is_not_as_long_as_it_says_is_refused(store: Store) -> None:
    take = composite_request(store).take
    take.frame_count = TAKE - 1
    accents = composite_request(store).accents
    accents.frame_count = TAKE - 1
    with pytest.raises(Invalid, match="FRAME_COUNT_MISMATCH"):
        composite(store, take=take, accents=accents)


def join_request(store: Store) -> pb.JoinRequest:
    """Return a request that joins one drawn chunk twice."""
    rng = np.random.default_rng(0)
    samples = TAKE * SAMPLE_RATE // RATE
    audio = media.write_audio(store, rng.normal(0, 0.1, samples).astype(np.float32))
    speech = media_pb2.Speech(
        audio_digest=audio,
        timing_digest=media.write_timing(store, timing()),
        sample_rate_hertz=SAMPLE_RATE,
        sample_count=samples,
        frame_count=TAKE,
        frame_rate=RATE,
    )
    drawn = composite(store)
    chunk = pb.JoinedChunk(
        segment_digests=drawn.segment_digests,
        speech=speech,
        lead_frames=LEAD,
        tail_frames=TAIL,
    )
    request = composite_request(store)
    return pb.JoinRequest(
        chunks=[chunk, chunk],
        formats=request.formats,
        frame_rate=RATE,
        title="Senior Welder",
        language="en-GB",
        scene=request.scene,
        rig=request.rig,
    )


@pytest.fixture(scope="module")
def joined(store: Store) -> pb.JoinResponse:
    response = METHODS[pb.JoinRequest](join_request(store), store)
    assert isinstance(response, pb.JoinResponse)
    return response


def test_a_joined_video_is_whole(store: Store, joined: pb.JoinResponse) -> None:
    (video,) = joined.videos
    assert joined.frame_count == 2 * (LEAD + TAKE + TAIL)
    assert (video.width, video.height) == (640, 360)
    with av.open(io.BytesIO(store.get(video.video_digest))) as file:
        assert file.metadata["title"] == "Senior Welder"
        assert file.streams.audio[0].metadata["language"] == "eng"
        assert sum(1 for _ in file.decode(video=0)) == joined.frame_count
    assert abs(joined.loudness_centi_lufs + 1600) <= 50
    assert joined.true_peak_centi_dbtp <= -100


def test_captions_beside_the_video_are_on_its_clock(store: Store, joined: pb.JoinResponse) -> None:
    text = store.get(joined.srt_digest).decode()
    second = timing().words[0].start / SAMPLE_RATE + (2 * LEAD + TAKE + TAIL) / RATE
    milliseconds = int(second * 1000)
    assert f"00:00:0{milliseconds // 1000},{milliseconds % 1000:03d} -->" in text
    assert text.count("You lead six welders.") == 2
    assert store.get(joined.vtt_digest).startswith(b"WEBVTT")


def test_stills_are_pictures_of_the_video(store: Store, joined: pb.JoinResponse) -> None:
    (video,) = joined.videos
    thumbnail, sheet = (
        cv2.imdecode(np.frombuffer(store.get(digest), np.uint8), cv2.IMREAD_COLOR)
        for digest in (video.thumbnail_digest, video.contact_sheet_digest)
    )
    assert thumbnail.shape == (360, 640, 3)
    settled = frames(store.get(video.video_digest))[-30]
    panel = np.s_[60:260, 400:600]
    assert np.abs(thumbnail[panel].astype(int) - settled[panel]).mean() < 4
    assert sheet.shape[1] > 1800
    assert sheet.std() > 20


def test_joining_again_gives_the_same_bytes(store: Store, joined: pb.JoinResponse) -> None:
    assert METHODS[pb.JoinRequest](join_request(store), store) == joined


def test_a_chunk_without_all_its_pictures_is_not_joined(store: Store) -> None:
    request = join_request(store)
    request.formats.append(media_pb2.Format(aspect="1:1", height=360))
    with pytest.raises(Invalid, match="SEGMENT_COUNT_MISMATCH"):
        METHODS[pb.JoinRequest](request, store)


def test_a_video_of_no_chunks_is_refused(store: Store) -> None:
    request = join_request(store)
    del request.chunks[:]
    with pytest.raises(Invalid, match="FIELD_REQUIRED"):
        METHODS[pb.JoinRequest](request, store)


def test_a_logo_from_outside_keeps_its_pixels_alone(store: Store) -> None:
    picture = np.full((40, 120, 4), (10, 200, 30, 128), np.uint8)
    encoded, data = cv2.imencode(".png", picture)
    assert encoded
    request = pb.ImportLogoRequest(file_digest=store.intake.put(data.tobytes()), extension="png")
    response = METHODS[pb.ImportLogoRequest](request, store)
    assert isinstance(response, pb.ImportLogoResponse)
    read = pictures.read_picture(store, response.logo_digest)
    assert np.array_equal(read, picture[..., [2, 1, 0, 3]])


def test_a_huge_logo_is_kept_no_larger_than_it_is_drawn(store: Store) -> None:
    encoded, data = cv2.imencode(".png", np.full((1000, 4000, 3), (10, 200, 30), np.uint8))
    assert encoded
    request = pb.ImportLogoRequest(file_digest=store.intake.put(data.tobytes()), extension="png")
    response = METHODS[pb.ImportLogoRequest](request, store)
    assert isinstance(response, pb.ImportLogoResponse)
    read = pictures.read_picture(store, response.logo_digest)
    assert read.shape == (400, 1600, 4)
    assert read[200, 800].tolist() == [30, 200, 10, 255]


def test_no_logo_is_made_of_what_is_no_picture(store: Store) -> None:
    request = pb.ImportLogoRequest(file_digest=store.intake.put(b"<svg/>"), extension="png")
    with pytest.raises(Invalid, match="IMAGE_"):
        METHODS[pb.ImportLogoRequest](request, store)


def test_a_scene_is_checked_without_drawing_it(store: Store) -> None:
    request = pb.CheckSceneRequest(
        scene=scene(), formats=[media_pb2.Format(aspect="16:9")], script="Hello."
    )
    assert METHODS[pb.CheckSceneRequest](request, store) == pb.CheckSceneResponse()
    request.scene.template = "../../etc/passwd"
    with pytest.raises(Invalid, match="TEMPLATE_ID_INVALID"):
        METHODS[pb.CheckSceneRequest](request, store)
