"""Gives up every right a decoder does not need, then becomes the decoder. Standard library only.

Runs as a program, `python -I -S launcher.py POLICY`, with POLICY in JSON: `argv` of the decoder,
the `readable` paths, the limits, and the `confined` pipe, to which it says `CONFINED` once all
walls stand. What stops it before that is our trouble and no fault of the file.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable, Mapping
from typing import Final

CONFINED: Final = b"confined"

LIBC = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SYS_CAPSET: Final = {"x86_64": 126, "aarch64": 91}
CAPABILITY_VERSION_3: Final = 0x20080522

# Landlock has the same system call numbers everywhere.
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
EXECUTE, READ_FILE, READ_DIRECTORY = 1 << 0, 1 << 2, 1 << 3
FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Landlock's version -> how many rights on files it knows; later ones know 16 at least."""

REFUSED: Final = {
    "fork": 57, "vfork": 58, "kill": 62, "tkill": 200, "tgkill": 234, "rt_sigqueueinfo": 129,
    "rt_tgsigqueueinfo": 297, "pidfd_send_signal": 424, "truncate": 76, "ptrace": 101,
    "socket": 41, "socketpair": 53,
    "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_open": 434, "pidfd_getfd": 438,
    "io_uring_setup": 425, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
    "add_key": 248, "request_key": 249, "keyctl": 250, "mount": 165, "umount2": 166,
    "unshare": 272, "setns": 308, "open_by_handle_at": 304, "chmod": 90, "fchmod": 91,
    "fchmodat": 268, "fchmodat2": 452, "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260,
    "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190, "utime": 132, "utimes": 235,
    "futimesat": 261, "utimensat": 280,
}  # fmt: skip
"""x86-64 system calls that Landlock does not cover, in some version, and a decoder can miss."""
CLONE, CLONE3, CLONE_THREAD = 56, 435, 0x10000
PRLIMIT64: Final = 302
"""Lets a process set the limits of any other of its user; libc asks for its own as process 0."""
X86_64_ARCHITECTURE, X32_CALLS = 0xC000003E, 0x40000000


def landlock_version() -> int:
    """Return the Landlock version of this kernel; 0 where it has none."""
    version: int = LIBC.syscall(LANDLOCK_CREATE, None, 0, 1)
    return max(version, 0)


def filters_calls() -> bool:
    """Return whether system calls are filtered here: on x86-64, where their numbers are known."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def main() -> None:
    """Confine this process as the policy says and become the decoder."""
    policy = json.loads(sys.argv[1])
    die_with(policy["parent"])
    limit(policy["limits"])
    _checked(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    if version := landlock_version():
        allow_reading(policy["readable"], version)
    drop_capabilities()
    if filters_calls():
        filter_calls()
    os.write(policy["confined"], CONFINED)
    os.close(policy["confined"])
    os.execv(policy["argv"][0], policy["argv"])  # noqa: S606 - no shell is what is meant


def die_with(parent: int) -> None:
    """Have this process killed when its parent dies, even if that happened already."""
    _checked(LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def limit(limits: Mapping[str, int]) -> None:
    """Set resource limits by name, for example {"AS": 1 << 30}, and no core file."""
    for name, value in {**limits, "CORE": 0}.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lower, lower))


def allow_reading(paths: Iterable[str], version: int) -> None:
    """Deny all files but those under paths, which stay readable; deny TCP and signals too."""
    rights = (1 << FILE_RIGHTS.get(version, 16)) - 1
    ruleset = struct.pack("QQQ", rights, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset_fd = _checked(LIBC.syscall(LANDLOCK_CREATE, ruleset, size, 0))
    for path in filter(os.path.exists, paths):
        reading = EXECUTE | READ_FILE | (READ_DIRECTORY if os.path.isdir(path) else 0)  # noqa: PTH112 - pathlib loads slowly
        path_fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", reading, path_fd)
        _checked(LIBC.syscall(LANDLOCK_ADD, ruleset_fd, 1, rule, 0))
        os.close(path_fd)
    _checked(LIBC.syscall(LANDLOCK_RESTRICT, ruleset_fd, 0))
    os.close(ruleset_fd)


def drop_capabilities() -> None:
    """Give up root's rights; with no_new_privs set, the decoder cannot get them back."""
    if call := SYS_CAPSET.get(platform.machine()):
        header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
        _checked(LIBC.syscall(call, header, bytes(24)))


def filter_calls() -> None:
    """Refuse new processes, sockets and the like for good, in this process and the decoder."""
    load, equal, at_least, masked, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, absent = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
    numbers = sorted(REFUSED.values())
    refusal = 11 + len(numbers)  # where the program says no; jumps count from the next step
    program: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4),  # the architecture
        (equal, 0, refusal - 2, X86_64_ARCHITECTURE),
        (load, 0, 0, 0),  # the call's number
        (at_least, refusal - 4, 0, X32_CALLS),
        *((equal, refusal - step, 0, number) for step, number in enumerate(numbers, start=5)),
        (equal, 7, 0, CLONE3),  # its flags are out of a filter's reach: libc then takes clone
        (equal, 0, 2, PRLIMIT64),
        (load, 0, 0, 16),  # whose limits; the kernel, too, sees only this half of the number
        (equal, 5, 3, 0),
        (equal, 0, 4, CLONE),
        (load, 0, 0, 16),  # its flags
        (masked, 2, 0, CLONE_THREAD),
        (answer, 0, 0, refuse),
        (answer, 0, 0, absent),
        (answer, 0, 0, allow),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    rules = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    _checked(LIBC.prctl(PR_SET_SECCOMP, 2, rules, 0, 0))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


if __name__ == "__main__":
    main()
