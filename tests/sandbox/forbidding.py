"""Takes from a process the power to make or write files and links: what is there afterwards, another one has written."""

from __future__ import annotations

import ctypes
import os
import traceback
from collections.abc import Callable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_NO_NEW_PRIVILEGES = 38
_WRITE = 1 << 1 | 1 << 8 | 1 << 12
"""Open a file for writing, make a file or a hard link, make a symlink (landlock(7)); folders may be made."""
_MOVE = 1 << 13
_ALWAYS = ("/dev",)


def without_writing(work: Callable[[], object], *allowed: Path) -> str:
    """Do ``work`` in a process that writes nothing but below ``allowed``; return the traceback of what it raised.

    It is forked off this one; what runs already, such as the process that unpacks, is as free as before.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "w") as said:
                try:
                    _forbid([*_ALWAYS, *map(str, allowed)])
                    work()
                except Exception:  # noqa: BLE001 - whatever it was is told
                    said.write(traceback.format_exc())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as heard:
        told = heard.read()
    os.waitpid(pid, 0)
    return told


def _forbid(allowed: list[str]) -> None:
    """Restrict this thread and those that it starts, in a way that the kernel keeps."""
    handled = ctypes.c_uint64(_WRITE | _MOVE)
    ruleset = _call(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8), ctypes.c_uint(0))
    for place, rights in (("/", _MOVE), *((one, _WRITE | _MOVE) for one in allowed)):
        parent = os.open(place, os.O_PATH)
        rule = (ctypes.c_char * 12).from_buffer_copy(rights.to_bytes(8, "little") + parent.to_bytes(4, "little"))
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), ctypes.byref(rule), ctypes.c_uint(0))
        os.close(parent)
    _LIBRARY.prctl(_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3)
    _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0))


_LIBRARY = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    answer = int(_LIBRARY.syscall(ctypes.c_long(number), *arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer
