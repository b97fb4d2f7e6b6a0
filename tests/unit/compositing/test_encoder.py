"""Segments show what was drawn, and join with their neighbours."""

import io
import os
import signal
import subprocess
import sys
import time

import av
import numpy as np
import pytest

from services.chassis.errors import Transient
from services.chassis.timeline import Bytes
from services.compositing.domain.canvas import Planes
from services.compositing.engines.encoder import SegmentEncoder
from services.compositing.engines.ffmpeg import Ffmpeg, Unnamed, run

WIDTH, HEIGHT = 192, 108
PURE = {
    "red": (0, 0, 255),
    "green": (0, 255, 0),
    "blue": (255, 0, 0),
    "cyan": (255, 255, 0),
    "magenta": (255, 0, 255),
    "yellow": (0, 255, 255),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "skin": (128, 160, 210),
}


def flat(blue_green_red: tuple[int, int, int]) -> Bytes:
    return np.full((HEIGHT, WIDTH, 3), blue_green_red, np.uint8)


def segment(pictures: list[Bytes], frame_rate: int = 25) -> bytes:
    with SegmentEncoder(WIDTH, HEIGHT, frame_rate, len(pictures)) as encoder:
        for picture in pictures:
            encoder.write(Planes.from_picture(picture).data)
        return encoder.finish()


@pytest.mark.parametrize("name", PURE)
def test_pure_colours_come_back_from_a_player(name: str) -> None:
    with av.open(io.BytesIO(segment([flat(PURE[name])] * 3))) as video:
        frame = next(video.decode(video=0))
    luma, blue, red = (plane.astype(float)[2:-2, 2:-2].mean() for plane in _planes(frame))
    back = _rec709_to_bgr(luma, blue, red)
    assert np.abs(back - PURE[name]).max() <= 2, (name, back)


def _planes(frame: av.VideoFrame) -> tuple[Bytes, Bytes, Bytes]:
    data = frame.to_ndarray(format="yuv420p").ravel()
    luma, chroma = WIDTH * HEIGHT, WIDTH * HEIGHT // 4
    small = (HEIGHT // 2, WIDTH // 2)
    blue, red = data[luma : luma + chroma], data[luma + chroma :]
    return data[:luma].reshape(HEIGHT, WIDTH), blue.reshape(small), red.reshape(small)


def _rec709_to_bgr(luma: float, blue: float, red: float) -> np.ndarray:
    y, cb, cr = (luma - 16) / 219, (blue - 128) / 224, (red - 128) / 224
    r, b = y + 1.5748 * cr, y + 1.8556 * cb
    g = (y - 0.2126 * r - 0.0722 * b) / 0.7152
    return np.clip(np.array([b, g, r]) * 255, 0, 255)


@pytest.mark.parametrize("frame_rate", [24, 25, 30])
def test_a_segment_says_what_it_is(frame_rate: int) -> None:
    with av.open(io.BytesIO(segment([flat(PURE["skin"])] * 7, frame_rate))) as video:
        stream = video.streams.video[0]
        assert (stream.width, stream.height) == (WIDTH, HEIGHT)
        assert stream.average_rate == stream.base_rate == frame_rate
        assert stream.codec_context.profile == "High"
        assert stream.codec_context.pix_fmt == "yuv420p"
        frames = list(video.decode(video=0))
    assert [frame.time for frame in frames] == pytest.approx(
        [index / frame_rate for index in range(7)]
    )
    tagged = frames[0]
    assert (tagged.colorspace, tagged.color_primaries, tagged.color_trc) == (1, 1, 1), "Rec.709"
    assert tagged.color_range == 1, "limited"


def test_keyframes_lie_at_most_two_seconds_apart() -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    with av.open(io.BytesIO(segment([np.roll(base, i, 1) for i in range(130)]))) as video:
        packets = [packet for packet in video.demux(video=0) if packet.size]
    keys = [index for index, packet in enumerate(packets) if packet.is_keyframe]
    assert keys[0] == 0
    assert max(np.diff([*keys, len(packets)])) <= 50


def test_the_same_pictures_give_the_same_bytes() -> None:
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8) for _ in range(12)]
    assert segment(pictures) == segment(pictures)


def test_ffmpeg_that_hangs_is_killed_and_the_task_may_run_again() -> None:
    endless = ["-re", "-f", "lavfi", "-i", "anullsrc", "-f", "null", "/dev/null"]
    begun = time.monotonic()
    with pytest.raises(Transient, match="ran out of time"):
        run(endless, timeout_seconds=0.5)
    assert time.monotonic() - begun < 5


def test_what_ffmpeg_complains_of_is_told() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)ffmpeg ended with .*nvalid data"):
        run(["-i", "-", "-f", "null", "/dev/null"], b"no media", timeout_seconds=10)


def test_an_encoder_left_half_way_leaves_no_process_behind() -> None:
    with SegmentEncoder(WIDTH, HEIGHT, 25, 100) as encoder:
        encoder.write(Planes.from_picture(flat(PURE["red"])).data)
        child = encoder._ffmpeg._process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_an_encoder_whose_worker_is_killed_stops_by_itself() -> None:
    worker = (
        "import time, numpy as np\n"
        "from services.compositing.engines.encoder import SegmentEncoder\n"
        "encoder = SegmentEncoder(192, 108, 25, 100)\n"
        "encoder.write(np.zeros((162, 192), np.uint8))\n"
        "print(encoder._ffmpeg._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not _runs(child):
            return
        time.sleep(0.05)
    pytest.fail("ffmpeg outlived the worker that fed it")


def _runs(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as stat:  # noqa: PTH123 (no file of ours)
            return stat.read().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_an_unnamed_file_lies_in_no_folder() -> None:
    with Unnamed(b"abc") as file:
        assert file.read() == b"abc"
        assert os.fstat(file.descriptor).st_nlink == 0


def test_writing_to_an_encoder_that_has_ended_says_why() -> None:
    refuses = Ffmpeg(["-f", "rawvideo", "-video_size", "0x0", "-i", "-"], timeout_seconds=10)
    with refuses, pytest.raises(RuntimeError, match="ffmpeg ended with"):
        refuses.write(bytes(1 << 24))  # more than any pipe holds
