"""The few system calls that unpacking needs, as a program for the kernel that refuses all others.

The table of `builder.sandbox.syscalls` names what builds may not do, for nobody knows all that they do. A process that
reads one archive and writes below one folder is known well, so this one names what it may. It has no way to start
another process, to open a socket, to signal, trace or mount, to change modes or owners: its archive, which is open for
reading, stays as it is.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator

_CALLS: dict[str, tuple[int, int]] = {  # budget: x86-64 and aarch64 (asm/unistd_64.h, asm-generic/unistd.h)
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67), "pwrite64": (18, 68),
    "lseek": (8, 62), "close": (3, 57), "close_range": (436, 436), "dup": (32, 23), "dup3": (292, 24),
    "open": (2, -1), "openat": (257, 56), "fcntl": (72, 25), "fallocate": (285, 47), "fadvise64": (221, 223),
    "fsync": (74, 82), "fdatasync": (75, 83), "ftruncate": (77, 46),
    "stat": (4, -1), "lstat": (6, -1), "fstat": (5, 80), "newfstatat": (262, 79), "statx": (332, 291),
    "statfs": (137, 43), "fstatfs": (138, 44), "access": (21, -1), "faccessat": (269, 48), "faccessat2": (439, 439),
    "readlink": (89, -1), "readlinkat": (267, 78), "getdents64": (217, 61), "getcwd": (79, 17),
    "mkdir": (83, -1), "mkdirat": (258, 34), "symlink": (88, -1), "symlinkat": (266, 36), "link": (86, -1),
    "linkat": (265, 37), "unlink": (87, -1), "unlinkat": (263, 35), "rmdir": (84, -1), "rename": (82, -1),
    "renameat": (264, 38), "renameat2": (316, 276), "utimensat": (280, 88),
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233),
    "brk": (12, 214), "futex": (202, 98), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "set_robust_list": (273, 99), "rseq": (334, 293),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "restart_syscall": (219, 128), "exit": (60, 93), "exit_group": (231, 94),
    "getpid": (39, 172), "gettid": (186, 178), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176),
    "getegid": (108, 177), "uname": (63, 160), "sysinfo": (99, 179), "getrandom": (318, 278), "getrusage": (98, 165),
    "clock_gettime": (228, 113), "gettimeofday": (96, 169), "time": (201, -1),
    "poll": (7, -1), "ppoll": (271, 73), "select": (23, -1), "pselect6": (270, 72), "sendto": (44, 206),
}  # fmt: skip

_IOCTL = (16, 29)
_TCGETS = 0x5401
"""What Python asks of each file that it opens: whether it is a terminal."""

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""By the kernel's name: the column of the table, and the number that the kernel knows the architecture by."""

_CLONE, _CLONE3 = (56, 220), (435, 435)
_THREAD = 0x10000
"""CLONE_THREAD: threads may be started, behind the same walls. What clone3 is asked for lies where nobody can look."""

_OTHER_NUMBERS = 0x4000_0000
"""From here on x86-64 has the numbers of x32."""

_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
"""Where ``struct seccomp_data`` has the call's number, the architecture and the low half of the first two arguments."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _REFUSE, _ABSENT = 0x7FFF_0000, 0x8000_0000, 0x0005_0000 | errno.EPERM, 0x0005_0000 | errno.ENOSYS


def narrow(machine: str) -> bytes:
    """Return the program (``struct sock_filter[]``) for a kernel of that name, empty where its numbers are not known.

    What is not allowed fails with ``EPERM``; a call by the numbers of another architecture ends the process.
    """
    if machine not in _ARCHITECTURES:
        return b""
    column, architecture = _ARCHITECTURES[machine]
    return b"".join(struct.pack("<HBBI", *one) for one in _program(column, architecture))


def _program(column: int, architecture: int) -> Iterator[tuple[int, int, int, int]]:
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _EQUAL, 1, 0, architecture
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER
    yield _AT_LEAST, 0, 1, _OTHER_NUMBERS
    yield _RETURN, 0, 0, _KILL
    for numbers in _CALLS.values():
        if numbers[column] >= 0:
            yield _EQUAL, 0, 1, numbers[column]
            yield _RETURN, 0, 0, _ALLOW
    yield _EQUAL, 0, 1, _CLONE3[column]
    yield _RETURN, 0, 0, _ABSENT
    yield _EQUAL, 0, 4, _CLONE[column]
    yield _LOAD, 0, 0, _FIRST
    yield _ANY_BIT, 0, 1, _THREAD
    yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _REFUSE
    yield _EQUAL, 0, 3, _IOCTL[column]
    yield _LOAD, 0, 0, _SECOND
    yield _EQUAL, 0, 1, _TCGETS
    yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _REFUSE
