"""Published templates: read without running them, and hostile ones refused."""

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from services.chassis.errors import Invalid
from services.motion.domain.liveportrait.performance import check_performance, seamless
from services.motion.domain.liveportrait.pose import rotations
from services.motion.engines.official import read_official
from services.motion.engines.pickled import read_values
from services.motion.engines.pickled_arrays import MOST_BYTES

NUMPY_2 = b"numpy._core.multiarray"


def published(count: int = 6, *, old_names: bool = False, ratios: bool = True) -> dict:
    """A template as the published pipeline writes it."""
    rng = np.random.default_rng(11)
    turn = rotations(rng.uniform(-9, 9, (count, 3)).astype(np.float32))

    def few(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.05, shape).astype(np.float32)

    motion = [
        {
            "scale": np.array([[1.4]], np.float32) + few(1, 1),
            "R_d" if old_names else "R": turn[index : index + 1],
            "exp": few(1, 21, 3),
            "t": few(1, 3),
            "kp": few(1, 21, 3),
        }
        for index in range(count)
    ]
    template: dict = {"n_frames": count, "output_fps": 25, "motion": motion}
    names = ("c_d_eyes_lst", "c_d_lip_lst") if old_names else ("c_eyes_lst", "c_lip_lst")
    if ratios:
        template |= {names[0]: [few(1, 2) + 0.3 for _ in range(count)]}
        template |= {names[1]: [few(1, 1) + 0.1 for _ in range(count)]}
    return template


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("old_names", [False, True])
def test_a_published_template_becomes_our_own(protocol, old_names):
    template = published(old_names=old_names)
    performance = read_official(pickle.dumps(template, protocol))
    assert performance.rate == 25
    rotation = "R_d" if old_names else "R"
    for index, frame in enumerate(template["motion"]):
        assert np.array_equal(performance.drive.rotation[index], frame[rotation][0])
        assert np.array_equal(performance.drive.expression[index], frame["exp"][0])
        assert performance.drive.scale[index] == frame["scale"][0, 0]
        assert np.array_equal(performance.drive.shift[index], frame["t"][0])
    assert performance.eyes.shape == (6, 2)
    assert performance.lips.shape == (6, 1)


def test_templates_written_by_older_numpy_are_read_too():
    data = pickle.dumps(published(), 4)
    length = struct.pack("<B", len(NUMPY_2))
    older = b"numpy.core.multiarray"
    assert length + NUMPY_2 in data
    data = data.replace(b"\x8c" + length + NUMPY_2, b"\x8c" + struct.pack("<B", len(older)) + older)
    # The frame's length has changed; pickles need none.
    assert read_official(data[:2] + data[11:]).drive.scale.shape == (6,)


def test_a_template_for_animals_has_no_ratios():
    performance = read_official(pickle.dumps(published(ratios=False)))
    assert performance.eyes is None
    assert performance.lips is None


def test_our_own_layout_comes_back_as_it_was():
    performance = read_official(pickle.dumps(published()))
    again = check_performance(performance.to_arrays())
    assert np.array_equal(again.drive.rotation, performance.drive.rotation)
    assert np.array_equal(again.lips, performance.lips)


class Touch:
    """What a hostile file would run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_code_in_a_template_is_refused_and_never_runs(tmp_path, protocol):
    mark = tmp_path / "ran"
    data = pickle.dumps(published() | {"output_fps": Touch(mark)}, protocol)
    with pytest.raises(Invalid) as refused:
        read_official(data)
    assert refused.value.violations[0].reason == "TEMPLATE_UNSAFE"
    assert not mark.exists()


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


HOSTILE = {
    "os.system": b"\x80\x04cos\nsystem\n(\x8c\x04trueR.",
    "builtins.eval": b"\x80\x04"
    + text("builtins")
    + text("eval")
    + b"\x93"
    + text("1")
    + b"\x85R.",
    "a class of its own": b"\x80\x04" + text("numpy") + text("memmap") + b"\x93.",
    "numpy's own loader": b"\x80\x04"
    + text("numpy")
    + text("load")
    + b"\x93"
    + text("x")
    + b"\x85R.",
    "an array without content": b"\x80\x04"
    + text("numpy")
    + text("ndarray")
    + b"\x93K\x09\x85\x85R.",
    "numpy.ndarray alone": b"\x80\x04" + text("numpy") + text("ndarray") + b"\x93.",
    "a dtype of objects": b"\x80\x04"
    + text("numpy")
    + text("dtype")
    + b"\x93"
    + text("O")
    + b"\x85R.",
    "a dtype by command": b"\x80\x04" + text("numpy") + text("dtype") + b"\x93]\x85R.",
    "an instance": b"(ios\nsystem\n.",
    "a new object": b"\x80\x04" + text("numpy") + text("ndarray") + b"\x93)\x81.",
    "an extension": b"\x80\x04\x82\x01.",
    "a persistent name": b"Pname\n.",
    "a call of text": b"\x80\x04" + text("x") + b")R.",
    "state for text": b"\x80\x04" + text("x") + b"}b.",
    "a set": b"\x80\x04\x8f.",
    "a number as key": b"\x80\x04}K\x01K\x02s.",
    "items without a value": b"\x80\x04}(" + text("x") + b"u.",
    "itself": b"\x80\x04]\x94h\x00a.",
    "lists of lists of lists": b"\x80\x04" + b"]" * 9 + b"a" * 8 + b".",
    "nothing": b"",
    "no pickle": b"PK\x03\x04 and more",
    "a pickle that ends early": b"\x80\x04]\x94",
    "a stack that is empty": b"\x80\x04.",
    "a mark that was never set": b"\x80\x04e.",
    "a memo that was never filled": b"\x80\x04h\x07.",
    "a memo far away": b"\x80\x04Nr\xff\xff\xff\xffj\xff\xff\xff\xff",
    "a tuple of what is not there": b"\x80\x04\x87.",
    "text of 4 GiB": b"\x80\x04X\xff\xff\xff\xff.",
    "bytes of 8 EiB": b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.",
    "a number of many digits": b"L" + b"9" * 100_000 + b"L\n.",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_files_are_refused_by_name(data):
    with pytest.raises(Invalid) as refused:
        read_official(data)
    assert refused.value.violations[0].reason in (
        *("TEMPLATE_UNSAFE", "TEMPLATE_CORRUPT", "TEMPLATE_SHAPE_INVALID"),
    )


@pytest.mark.parametrize("data", [HOSTILE["os.system"], HOSTILE["builtins.eval"]])
def test_the_refusal_says_what_the_file_asks_for(data):
    with pytest.raises(Invalid, match=r"os\.system|builtins\.eval"):
        read_values(data)


def test_lists_that_hold_one_another_many_times_are_refused_at_once():
    laughs = b"\x80\x04]\x94("
    laughs += b"K\x01" * 1000 + b"e"
    for level in range(6):
        laughs += b"0]\x94(" + bytes([0x68, level]) * 1000 + b"e"
    with pytest.raises(Invalid, match="repeated"):
        read_values(laughs + b".")


def test_arrays_say_no_other_size_than_they_have():
    data = pickle.dumps(np.zeros((2, 3), np.float32), 4)
    assert data.count(b"K\x02K\x03\x86") == 1
    with pytest.raises(Invalid, match="another size"):
        read_values(data.replace(b"K\x02K\x03\x86", b"K\x02K\x04\x86"))
    with pytest.raises(Invalid):
        read_values(pickle.dumps(np.array([None, 1], object)))
    with pytest.raises(Invalid):
        read_values(pickle.dumps(np.zeros(2, [("a", "f4")])))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["f4", "<f8", ">i2", "u1"])
def test_arrays_of_numbers_come_through(order, kind):
    array = np.asarray(np.arange(24).reshape(2, 3, 4), kind, order=order)
    assert np.array_equal(read_values(pickle.dumps(array, 4)), array)


def test_a_file_of_more_than_its_share_is_not_even_looked_at():
    with pytest.raises(Invalid, match="TOO_LARGE"):
        read_values(bytes(MOST_BYTES + 1))
    with pytest.raises(Invalid, match="TOO_LARGE"):
        read_values(b"\x80\x04" + b"N" * 200_000 + b".")


def damaged(**changes: object) -> dict:
    template = published()
    for name, value in changes.items():
        template["motion"][3][name] = value
    return template


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (damaged(exp=np.full((1, 21, 3), np.nan, np.float32)), "NOT_FINITE"),
        (damaged(exp=np.full((1, 21, 3), 7, np.float32)), "OUT_OF_RANGE"),
        (damaged(exp=np.zeros((1, 20, 3), np.float32)), "SHAPE_INVALID"),
        (damaged(exp=[1.0, 2.0]), "SHAPE_INVALID"),
        (damaged(R=np.zeros((1, 3, 3), np.float32)), "OUT_OF_RANGE"),
        (damaged(R=-np.eye(3, dtype=np.float32)[None]), "OUT_OF_RANGE"),
        (damaged(scale=np.zeros((1, 1), np.float32)), "OUT_OF_RANGE"),
        (published() | {"output_fps": 0}, "RATE_INVALID"),
        (published() | {"output_fps": "25"}, "RATE_INVALID"),
        (published() | {"output_fps": [[1], [1, 2]]}, "RATE_INVALID"),
        (published(1), "SHAPE_INVALID"),
        (published() | {"motion": [1, 2]}, "SHAPE_INVALID"),
        ({"n_frames": 2}, "SHAPE_INVALID"),
        ([1, 2], "SHAPE_INVALID"),
    ],
)
def test_a_template_that_is_none_is_refused_by_reason(template, reason):
    with pytest.raises(Invalid) as refused:
        read_official(pickle.dumps(template))
    assert refused.value.violations[0].reason in (f"TEMPLATE_{reason}", "TEMPLATE_SHAPE_INVALID")


def test_a_loop_of_a_performance_has_no_seam():
    drive = read_official(pickle.dumps(published(60))).drive
    looped = seamless(drive, 12)
    assert len(looped.scale) == 48
    assert np.abs(looped.expression[0] - drive.expression[48]).max() < 0.01
    assert np.array_equal(looped.expression[20:], drive.expression[20:48])
    turns = looped.rotation @ looped.rotation.transpose(0, 2, 1)
    assert np.abs(turns - np.eye(3)).max() < 1e-5
    with pytest.raises(Invalid, match="LENGTH"):
        seamless(drive, 40)
