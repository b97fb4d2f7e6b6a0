"""A decoder that turns against us can read its one file, answer, and do nothing else."""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.chassis.errors import Transient
from services.chassis.sandbox.confined import PYTHON, Confined, Decoder, python_decoder, report, run

LANDLOCK = report().landlock
CALL_FILTER = report().call_filter
UNCOUNTED = {"AS": 1 << 30, "CPU": 10, "FSIZE": 0, "NOFILE": 64}
"""Limits of a decoder that may have threads."""


def hostile(code: str, **changes: object) -> Decoder:
    """Return a decoder that runs this Python."""
    usual = python_decoder("read_image.py")
    return dataclasses.replace(usual, argv=(*PYTHON, "-c", textwrap.dedent(code)), **changes)


def said_by(code: str, **changes: object) -> str:
    output, ending = run(hostile(code, **changes), b"the one file", 1 << 20)
    assert ending.exit_code == 0, ending.complaint
    return output.decode()


def attempt(code: str) -> str:
    """Return "done", or the name of the error that trying this met."""
    return said_by(f"""
        import os, socket
        try:
            {code}
        except OSError as error:
            print(type(error).__name__)
        else:
            print("done")
    """).strip()


def answer_to(number: int, *arguments: object) -> str:
    """Return what the kernel says to a system call of x86-64: "done", or the error's name."""
    return said_by(f"""
        import ctypes, errno, os, threading
        ours, its, thread = {os.getpid()}, os.getpid(), threading.get_native_id()
        libc = ctypes.CDLL(None, use_errno=True)
        failed = libc.syscall({number}, {", ".join(map(str, arguments))})
        print(errno.errorcode[ctypes.get_errno()] if failed else "done")
    """).strip()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_it_reads_the_one_file_and_answers() -> None:
    assert said_by("print(open('input').read())") == "the one file\n"


def test_the_kernel_of_this_machine_has_the_walls_that_these_tests_prove() -> None:
    assert str(report()).startswith("resource limits")
    if sys.platform == "linux" and os.uname().machine == "x86_64":
        assert CALL_FILTER


if LANDLOCK:

    def test_it_cannot_read_a_foreign_file(tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("of another team")
        assert attempt(f"open({str(secret)!r}).read()") == "PermissionError"
        assert attempt("open('/etc/passwd').read()") == "PermissionError"
        assert attempt(f"open('/proc/{os.getpid()}/environ').read()") == "PermissionError"

    def test_it_cannot_list_a_folder(tmp_path: Path) -> None:
        assert attempt(f"os.listdir({str(tmp_path)!r})") == "PermissionError"
        assert attempt("os.listdir('.')") == "PermissionError"

    def test_it_cannot_write_anywhere(tmp_path: Path) -> None:
        for path in (str(tmp_path / "new"), "new", "/dev/shm/new", "input"):
            assert attempt(f"open({path!r}, 'w')") == "PermissionError", path
        assert attempt("os.symlink('/etc/passwd', 'link')") == "PermissionError"
        assert attempt("os.remove('input')") == "PermissionError"
        assert not list(tmp_path.iterdir())

    def test_it_cannot_become_another_program() -> None:
        assert attempt("os.execv('/bin/true', ['true'])") == "PermissionError"

    def test_it_cannot_open_a_tcp_connection(listener: socket.socket) -> None:
        address = listener.getsockname()
        assert attempt(f"socket.create_connection({address!r}, 2)") == "PermissionError"


if CALL_FILTER:

    def test_it_cannot_open_any_socket() -> None:
        for family, kind in (("AF_INET", "SOCK_DGRAM"), ("AF_UNIX", "SOCK_STREAM")):
            assert attempt(f"socket.socket(socket.{family}, socket.{kind})") == "PermissionError"

    def test_it_cannot_start_a_process_or_signal_ours() -> None:
        assert attempt("os.fork()") == "PermissionError"
        assert attempt("os.posix_spawn('/bin/true', ['true'], {})") == "PermissionError"
        assert attempt(f"os.kill({os.getpid()}, 0)") == "PermissionError"

    @pytest.mark.parametrize(
        "call",
        [
            (200, "thread", 0),  # tkill
            (234, "its", "thread", 0),  # tgkill
            (129, "its", 0, 0),  # rt_sigqueueinfo
            (297, "its", "thread", 0, 0),  # rt_tgsigqueueinfo
            (424, -1, 0, 0, 0),  # pidfd_send_signal
        ],
        ids=["tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"],
    )
    def test_it_cannot_signal_in_any_other_way(call: tuple[object, ...]) -> None:
        assert answer_to(*call) == "EPERM"

    def test_it_cannot_cut_a_file_by_its_name() -> None:
        assert answer_to(76, "b'input'", 1) == "EPERM"

    def test_it_can_see_its_own_limits_and_nobody_elses() -> None:
        assert answer_to(302, 0, 0, 0, 0) == "done"
        for process in ("ours", "its", "ours | 7 << 32", "0xFFFFFFFF"):
            assert answer_to(302, f"ctypes.c_ulong({process})", 0, 0, 0) == "EPERM", process

    def test_it_still_has_threads() -> None:
        code = "import threading; threading.Thread(target=print, args=['spun']).start()"
        assert said_by(code, limits=UNCOUNTED) == "spun\n"

    def test_it_cannot_change_whose_a_file_is(tmp_path: Path) -> None:
        assert attempt(f"os.chmod({str(tmp_path)!r}, 0o777)") == "PermissionError"
        assert attempt(f"os.chown({str(tmp_path)!r}, 1, 1)") == "PermissionError"
        assert attempt(f"os.utime({str(tmp_path)!r}, (0, 0))") == "PermissionError"


def test_it_cannot_write_even_to_a_file_without_a_name() -> None:
    assert attempt("os.write(os.memfd_create('large'), b'x')") == "OSError"


def test_it_sees_no_secret_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTRUM_SECRET", "canary")
    assert "canary" not in said_by("import os; print(dict(os.environ))")


def test_it_inherits_no_open_file(tmp_path: Path) -> None:
    with Path(tmp_path, "open").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        code = """
            import fcntl
            for number in range(3, 64):
                try:
                    fcntl.fcntl(number, fcntl.F_GETFD)
                except OSError:
                    continue
                print(number)
        """
        assert said_by(code) == ""


def test_it_has_no_rights_of_root() -> None:
    code = """
        import ctypes, struct
        header, data = struct.pack("Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
        assert ctypes.CDLL(None).syscall(125, header, data) == 0
        print(sum(data.raw))
    """
    assert said_by(code) == "0\n"


def test_it_gets_no_more_memory_than_its_share() -> None:
    _, ending = run(hostile("b'x' * (2 << 30)"), b"", 10)
    assert "MemoryError" in ending.complaint


def test_it_is_killed_when_its_time_is_over_which_says_nothing_about_the_file() -> None:
    start = time.monotonic()
    code = "import time; print('some', flush=True); time.sleep(60)"
    with pytest.raises(Transient, match=r"^DECODER_SLOW: "):
        run(hostile(code, wall_seconds=0.5), b"", 10)
    assert time.monotonic() - start < 5


def test_a_decoder_that_ends_by_itself_at_the_last_moment_has_ended_by_itself() -> None:
    with Confined(hostile("raise SystemExit(3)"), b"") as confined:
        confined.read(1)
        os.waitid(os.P_PID, confined._process.pid, os.WEXITED | os.WNOWAIT)
        confined._be_late()
        assert confined.finish().exit_code == 3


@pytest.mark.parametrize(
    "broken", ["subprocess.Popen", "threading.Thread.start", "threading.Timer.start"]
)
def test_a_decoder_that_cannot_be_started_leaves_nothing(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    before = set(Path("/proc/self/fd").iterdir())
    confined = Confined(hostile("import time; time.sleep(60)"), b"")
    with monkeypatch.context() as patch:
        patch.setattr(broken, fail)
        with pytest.raises(RuntimeError, match="new thread"):
            confined.__enter__()
    assert set(Path("/proc/self/fd").iterdir()) == before
    assert not Path(confined._folder.name).exists()
    if broken != "subprocess.Popen":
        assert confined._process.returncode == -signal.SIGKILL


def test_it_is_killed_when_it_burns_its_share_of_the_processor() -> None:
    limits = {**hostile("").limits, "CPU": 1}
    _, ending = run(hostile("while True: pass", limits=limits), b"", 10)
    assert ending.exit_code in {-signal.SIGXCPU, -signal.SIGKILL}


def test_a_decoder_that_cannot_be_confined_is_our_trouble_and_not_the_files() -> None:
    nowhere = dataclasses.replace(hostile(""), limits={"NO_SUCH_LIMIT": 1})
    with pytest.raises(RuntimeError, match="sandbox"):
        run(nowhere, b"", 10)


def test_a_flood_of_complaints_neither_blocks_nor_fills_us() -> None:
    code = "import sys; sys.stderr.write('no ' * 1_000_000 + 'end'); print('answer')"
    output, ending = run(hostile(code), b"", 100)
    assert output == b"answer\n"
    assert ending.complaint.endswith("end")
    assert len(ending.complaint) <= 4096


def test_a_flood_of_output_is_cut_off() -> None:
    output, _ = run(hostile("while True: print('x' * 10_000)"), b"", 1000)
    assert len(output) == 1000


def test_nothing_is_left_when_the_reader_gives_up() -> None:
    with Confined(hostile("while True: pass"), b"") as confined:
        process, folder = confined._process, Path(confined._folder.name)
        assert folder.stat().st_mode & 0o777 == 0o700
    assert process.returncode == -signal.SIGKILL
    assert not folder.exists()


def test_it_dies_with_the_service_that_started_it() -> None:
    service = textwrap.dedent("""
        import sys
        from tests.unit.chassis.test_sandbox_walls import Confined, hostile
        with Confined(hostile("import time; print(flush=True); time.sleep(60)"), b"") as confined:
            confined.read(1)
            print(confined._process.pid, flush=True)
            sys.stdin.read()
    """)
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", service], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        child = int(running.stdout.readline())
        running.kill()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        if "Z" in Path(f"/proc/{child}/stat").read_text().split(")")[1].split()[:1]:
            break  # dead, only not yet buried by whoever inherited it
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{child}").exists(), "an orphan works on"
