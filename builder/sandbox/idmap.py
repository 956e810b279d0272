"""Shows a folder of root's as another user's: a mount in which owners are others, and on disk nothing changes.

Who root starts in a container is another user, who may not write where root may; as the owner of what he sees he may.
Source: mount_setattr(2), "ID-mapped mounts"; needs Linux 5.19 for overlays of such mounts, and the machine's own root.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442  # the same on every architecture
_CLONE, _CLOSE_ON_EXEC = 1, os.O_CLOEXEC
_HERE, _EMPTY_PATH, _FROM_EMPTY_PATH = -100, 0x1000, 4
_READ_ONLY, _IDMAP = 1, 0x10_0000
_DETACH = 2
_NOBODY = 65534


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("namespace", ctypes.c_uint64),
    )


@contextmanager
def mapping(unshare: Path, user: int, group: int) -> Iterator[int]:
    """Give a descriptor of a user namespace in which what is root's on disk belongs to ``user`` and ``group``.

    What root itself makes there, the hidden folders of an overlay, belongs to nobody on disk. Raises OSError where
    the kernel refuses.
    """
    argv = [str(unshare), "--user", "--", "/bin/sh", "-c", "echo; read x"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.read(1):
                raise OSError(1, "no user namespace can be made")
            place = Path("/proc") / str(process.pid)
            (place / "uid_map").write_text(f"0 {user} 1\n{_NOBODY} 0 1\n", encoding="ascii")
            (place / "gid_map").write_text(f"0 {group} 1\n{_NOBODY} 0 1\n", encoding="ascii")
            namespace = os.open(place / "ns/user", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            process.kill()
    try:
        yield namespace
    finally:
        os.close(namespace)


def show(source: Path, place: Path, namespace: int, *, writable: bool) -> None:
    """Mount ``source`` at ``place``, a file or folder of its kind, with the owners of ``namespace``; raises OSError."""
    tree = _call(_OPEN_TREE, _HERE, os.fsencode(source), _CLONE | _CLOSE_ON_EXEC)
    try:
        attributes = _Attributes(_IDMAP | (0 if writable else _READ_ONLY), 0, 0, namespace)
        _call(_MOUNT_SETATTR, tree, b"", _EMPTY_PATH, ctypes.byref(attributes), ctypes.sizeof(attributes))
        _call(_MOVE_MOUNT, tree, b"", _HERE, os.fsencode(place), _FROM_EMPTY_PATH)
    finally:
        os.close(tree)


def hide(folder: Path) -> None:
    """Take away all mounts below ``folder``; who still uses one keeps it until he ends."""
    library = ctypes.CDLL(None, use_errno=True)
    for place in reversed(_mounted_below(folder)):
        with suppress(OSError):
            library.umount2(os.fsencode(place), _DETACH)


def is_free(folder: Path) -> bool:
    """Tell whether nothing is mounted below ``folder``, so that removing it removes nothing else."""
    return not _mounted_below(folder)


def _mounted_below(folder: Path) -> list[Path]:
    top = os.fsencode(folder.resolve()) + b"/"
    lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    places = (line.split()[4].decode("unicode_escape").encode("latin-1") for line in lines)
    return [Path(os.fsdecode(place)) for place in places if place.startswith(top)]


def _call(number: int, *arguments: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    result = int(library.syscall(number, *arguments))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
