"""Reads from ``/proc`` what the processes of a command use, where no control group counts it.

Paths are those of the machine; who looks is the owner of the processes, or root. What ends meanwhile counts as nothing.
Source: proc(5).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from builder.model.frozen import frozen
from builder.sandbox.values import Limits, Reason

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")
_SESSION, _CPU, _THREADS = 3, slice(11, 15), 17
"""Fields of ``/proc/PID/stat`` behind the name: session; user, system, and both of ended children; threads."""

Members = Callable[[], Iterable[int]]
"""Tells which processes belong to a command now."""


def family(pid: int) -> Iterator[int]:
    """Yield ``pid`` and all that descend from it: in a process namespace of their own, nobody leaves the family."""
    todo = [pid]
    while todo:
        member = todo.pop()
        yield member
        with suppress(OSError):
            for thread in (_PROC / str(member) / "task").iterdir():
                todo += map(int, (thread / "children").read_text(encoding="ascii").split())


def session_members(pid: int) -> Iterator[int]:
    """Yield the processes of the session that ``pid`` leads."""
    for entry in os.scandir(_PROC):
        if entry.name.isdigit():
            fields = _fields(int(entry.name))
            if fields and int(fields[_SESSION]) == pid:
                yield int(entry.name)


@frozen
class Counted:
    """What processes use: memory in bytes, their number with threads, CPU seconds with ended children's."""

    memory: int
    processes: int
    cpu_seconds: float


def count(members: Iterable[int], most: int | None = None) -> Counted:
    """Count ``members``; stops at ``most`` processes, since whoever has more is judged already.

    Memory that processes share counts for each of them here; `resident` knows better.
    """
    memory = processes = ticks = 0
    for member in members:
        fields = _fields(member)
        if not fields:
            continue
        processes += int(fields[_THREADS])
        ticks += sum(map(int, fields[_CPU]))
        figures = _figures(member, "status")
        memory += figures.get("RssAnon", 0) + figures.get("RssShmem", 0)
        if most is not None and processes > most:
            break
    return Counted(memory=memory, processes=processes, cpu_seconds=ticks / _TICK)


def resident(members: Iterable[int]) -> tuple[int, int]:
    """Return the bytes that are theirs, and those in files in memory, of shared ones their share; takes a while."""
    own = shared = 0
    for member in members:
        figures = _figures(member, "smaps_rollup")
        own += figures.get("Pss_Anon", 0) + figures.get("SwapPss", 0)
        shared += figures.get("Pss_Shmem", 0)
    return own, shared


def nameless(members: Iterable[int], elsewhere: Collection[int]) -> int:
    """Return the bytes of open files that no folder names, but for those on the devices ``elsewhere``."""
    found = {}
    for member in members:
        with suppress(OSError):
            for entry in os.scandir(_PROC / str(member) / "fd"):
                with suppress(OSError):
                    known = entry.stat()
                    if stat.S_ISREG(known.st_mode) and not known.st_nlink and known.st_dev not in elsewhere:
                        found[known.st_dev, known.st_ino] = known.st_blocks * 512
    return sum(found.values())


def device_of_memory() -> int:
    """Return the device that files in memory without a file system lie on (memfd_create(2))."""
    with os.fdopen(os.memfd_create("probe")) as file:
        return os.fstat(file.fileno()).st_dev


class ProcessGauge:
    """Looks whether processes keep within their limits."""

    def __init__(self, members: Members, limits: Limits, temporary: Callable[[], int], ours: int) -> None:
        """``temporary`` tells the bytes in the command's temporary file systems; ``ours`` processes do not count."""
        self._members = members
        self._limits = limits
        self._temporary = temporary
        self._ours = ours
        self.peak_memory = 0

    def look(self) -> Reason | None:
        """See `builder.sandbox.watcher.Gauge`."""
        limits = self._limits
        most = None if limits.processes is None else limits.processes + self._ours
        counted = count(self._members(), most)
        if most is not None and counted.processes > most:
            return "processes"
        if limits.cpu_seconds is not None and counted.cpu_seconds > limits.cpu_seconds:
            return "cpu"
        temporary = self._temporary()
        memory = counted.memory + temporary
        if limits.memory is not None and memory > limits.memory:
            own, shared = resident(self._members())
            memory = own + max(shared, temporary)  # what is mapped there lies there
        self.peak_memory = max(self.peak_memory, memory)
        return "memory" if limits.memory is not None and memory > limits.memory else None


def _fields(pid: int) -> list[str]:
    """Return the fields of ``/proc/PID/stat`` behind the name, which may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].decode("ascii").split()
    except OSError:
        return []


def _figures(pid: int, name: str) -> dict[str, int]:
    """Return the figures of a file of ``/proc/PID``, which are in KiB, in bytes."""
    try:
        lines = (_PROC / str(pid) / name).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    words = (line.split() for line in lines if line.endswith(" kB"))
    return {word[0].rstrip(":"): int(word[1]) << 10 for word in words}
