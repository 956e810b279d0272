"""What this machine has to give to scripts: memory, and room where they write; in a container what that may have."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from builder.model.frozen import frozen

_ROOT = Path("/")


@frozen
class Room:
    """A file system's ``size``, and what of it is ``free`` for users, in bytes."""

    size: int
    free: int


def memory_of_machine(root: Path = _ROOT) -> int | None:
    """Return the bytes of memory that we may have: the machine's, or less where a control group says so.

    ``root`` is where ``/proc`` and ``/sys`` are. None where the machine does not tell.
    """
    return min(_memories(root), default=None)


def _memories(root: Path) -> Iterator[int]:
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            yield int(line.split()[1]) * 1024
    top = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            yield from _limits(top, path, "memory.max")
            yield from _limits(top / "unified", path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits(top / "memory", path, "memory.limit_in_bytes")


def _limits(top: Path, path: str, name: str) -> Iterator[int]:
    """Yield the limits of a control group and of those above it; in a container its own is the top one."""
    group = top / path.lstrip("/")
    for folder in (group, *group.parents):
        text = _text(folder / name).strip()
        if text.isdecimal():
            yield int(text)
        if folder == top:
            return


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def room_at(folder: Path) -> Room:
    """Return what there is where ``folder`` lies or will lie; raises OSError where nothing tells."""
    place = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    found = os.statvfs(place)
    return Room(size=found.f_blocks * found.f_frsize, free=found.f_bavail * found.f_frsize)
