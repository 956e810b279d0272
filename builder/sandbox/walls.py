"""Walls that a process raises around itself, for ever: which files it reaches, which system calls, how much it takes.

It is used in the process that unpacks, so it imports little. Landlock is Linux's since 5.13 (landlock(7)); its second
version, since 5.19, allows hard links between folders.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Iterable, Mapping

_LIBRARY = ctypes.CDLL(None, use_errno=True)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_SET_DEATH_SIGNAL = 1

_READ = 1 << 2 | 1 << 3
"""Read a file, list a folder."""
_WRITE = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 12 | 1 << 13
"""Write a file, remove a folder or a file, make a folder, a file or a symlink, and link into another folder."""
_ALL = (1 << 14) - 1
"""Everything that the second version knows: executing, and making devices, FIFOs and sockets too."""

_NEW_NAMESPACES = 0x4000_0000 | 0x0800_0000 | 0x0400_0000
"""CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS."""
_NEW_USER = 0x1000_0000


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def landlock_version() -> int:
    """Return the version of Landlock that the kernel offers, 0 where it offers none."""
    return max(0, int(_LIBRARY.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION))))


def confine_files(writable: str, readable: Iterable[str]) -> None:
    """Let this process reach nothing but what lies below ``writable`` and, for reading, below ``readable``.

    Files that are open stay so. Needs the second version of Landlock; raises OSError where the kernel refuses.
    """
    rules = _Ruleset(_ALL)
    ruleset = _call(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), ctypes.c_uint(0))
    try:
        _allow(ruleset, writable, _READ | _WRITE)
        for place in readable:
            _allow(ruleset, place, _READ)
        forbid_new_powers()
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, place: str, what: int) -> None:
    parent = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = what if os.path.isdir(place) else what & 1 << 2  # noqa: PTH112 - pathlib is not needed here
        rule = _Beneath(allowed, parent)
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint(0))
    finally:
        os.close(parent)


def forbid_new_powers() -> None:
    """Let no program that this process starts have more power than it has itself."""
    _control(_SET_NO_NEW_PRIVS, 1, None)


def die_with(parent: int) -> None:
    """Let this process be killed when its ``parent``, a process number, ends; at once where that has ended before."""
    _control(_SET_DEATH_SIGNAL, signal.SIGKILL, None)
    if os.getppid() != parent:
        os._exit(1)


def confine_calls(program: bytes) -> None:
    """Let the kernel judge each system call of this process by ``program`` (``struct sock_filter[]``)."""
    forbid_new_powers()
    filters = _Program(len(program) // 8, program)
    _control(_SET_SECCOMP, _FILTER, ctypes.byref(filters))


def confine_use(limits: Mapping[str, int]) -> None:
    """Limit what this process takes: names of ``resource`` without ``RLIMIT_``, in its units."""
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # A little later than the first signal, which may be handled, comes the one that may not.
        later = most + 5 if name == "CPU" and hard == resource.RLIM_INFINITY else most
        resource.setrlimit(kind, (most, later))


def divide() -> bool:
    """Give this process a network, an IPC and a host name of its own where the kernel lets it; return whether it did.

    For where no program does it for us.
    """
    return 0 in {_LIBRARY.unshare(_NEW_NAMESPACES), _LIBRARY.unshare(_NEW_NAMESPACES | _NEW_USER)}


def _call(number: int, *arguments: object) -> int:
    answer = int(_LIBRARY.syscall(ctypes.c_long(number), *arguments))
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return answer


def _control(option: int, value: int, pointer: object) -> None:
    zero = ctypes.c_ulong(0)
    if _LIBRARY.prctl(ctypes.c_int(option), ctypes.c_ulong(value), pointer or zero, zero, zero) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
