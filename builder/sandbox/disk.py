"""Measures what a session writes: the bytes that its folders take beyond what lay there, and what is left of the disk.

Folders are walked as seldom as their size wants it; in between, what the whole file system lost tells when it is
worth looking again. What cannot be seen by walking is taken from the file system too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from builder.model.frozen import frozen
from builder.sandbox.values import Reason

_SMALLEST = 1 << 10
"""What a file or folder takes at least: its inode and its name lie somewhere."""
_LEFT_BYTES, _LEFT_SHARE = 512 << 20, 100
_GUILTY = 64 << 20
"""Who has written less than this did not fill a disk."""
_SHARE = 50


@frozen(kw_only=False)
class _Walked:
    """What lies in folders; ``hidden`` says that some of it could not be seen."""

    bytes: int
    hidden: bool


_CHEAP = 0.001
"""Seconds of a walk that each look may take: others who free what they had hide from `lost` what was written."""


class Disk:
    """What a session has written into ``folders`` since this was made.

    ``limit`` is in bytes, or None: then it only looks that the disk does not get full.
    """

    def __init__(self, folders: Iterable[Path], limit: int | None) -> None:
        """Measure what lies there; folders that are not there yet count as empty."""
        self._folders = _outermost(folders)
        self._limit = limit
        self._disks: dict[int, _Disk] = {}
        for folder in self._folders:
            with suppress(OSError):
                self._disks.setdefault(folder.stat().st_dev, _Disk(folder))
        self._before = 0 if limit is None else _walk(self._folders).bytes
        self._written = 0
        self._lost = 0
        self._due = 0.0

    def look(self, temporary: int, nameless: Callable[[], int], *, closely: bool = False) -> Reason | None:
        """Return ``disk`` when too much is written, ``temporary`` bytes elsewhere.

        ``nameless`` tells the bytes in files that no folder names. ``closely`` walks at once, as the last look at a
        command must: it may have ended before folders were due, while something else freed what it took.
        """
        full = any(disk.is_full() for disk in self._disks.values())
        if not full and self._limit is None:
            return None
        if closely or time.monotonic() >= self._due or self._may_be_over(temporary):
            self._measure(nameless)
        if full and self._written > _GUILTY:
            return "disk"
        return "disk" if self._limit is not None and self._written + temporary > self._limit else None

    def _may_be_over(self, temporary: int) -> bool:
        """Tell whether half of what was left may have been written since."""
        if self._limit is None:
            return False
        left = self._limit - self._written - temporary
        return left < 0 or 2 * (self._lost_now() - self._lost) > left

    def _measure(self, nameless: Callable[[], int]) -> None:
        began = time.thread_time()
        walked = _walk(self._folders)
        self._lost = self._lost_now()
        written = walked.bytes - self._before + nameless()
        self._written = max(written, self._lost) if walked.hidden else written
        took = time.thread_time() - began
        self._due = time.monotonic() + _SHARE * took if took > _CHEAP else 0.0

    def _lost_now(self) -> int:
        return sum(disk.lost() for disk in self._disks.values())


class _Disk:
    """A file system that lies below folders of a session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        known = os.statvfs(folder)
        self._free = known.f_bavail * known.f_frsize
        self._floor = min(_LEFT_BYTES, known.f_blocks * known.f_frsize // _LEFT_SHARE, self._free // 2)
        self._few = min(known.f_files // _LEFT_SHARE, known.f_favail // 2)

    def lost(self) -> int:
        """Return how many bytes are free no more, whoever has taken them."""
        known = os.statvfs(self._folder)
        return max(0, self._free - known.f_bavail * known.f_frsize)

    def is_full(self) -> bool:
        """Tell whether there is less than the last bytes, or the last inodes where the file system counts them."""
        known = os.statvfs(self._folder)
        return known.f_bavail * known.f_frsize < self._floor or known.f_favail < self._few


def taken(file_systems: Iterable[Path]) -> int:
    """Return the bytes that lie in temporary file systems, each seen at its mount point; what is gone has none."""
    total = 0
    for place in file_systems:
        with suppress(OSError):
            known = os.statvfs(place)
            total += (known.f_blocks - known.f_bfree) * known.f_frsize
    return total


def _outermost(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Return the folders that lie in no other one, and each once."""
    real = sorted({folder.resolve() for folder in folders})
    return tuple(folder for folder in real if not any(parent in real for parent in folder.parents))


def _walk(folders: Sequence[Path]) -> _Walked:
    """Return what the folders take, following no link and counting a file with several names once."""
    total, hidden, seen = 0, False, set()
    todo = [str(folder) for folder in folders]
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    try:
                        known = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if known.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
                        if (known.st_dev, known.st_ino) in seen:
                            continue
                        seen.add((known.st_dev, known.st_ino))
                    total += max(known.st_blocks * 512, _SMALLEST)
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
        except FileNotFoundError:
            continue
        except OSError:
            hidden = True
    return _Walked(total, hidden)
