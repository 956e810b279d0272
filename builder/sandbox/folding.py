"""Folds an overlay's upper folder into the plain folder below it: one tree then, exactly as commands saw it.

Unlike `builder.sandbox.changes`, which tells what a package may hold, this keeps everything: modes and times of
folders, FIFOs, names of any bytes, hard links. The form of an upper folder is described there.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from builder.sandbox.changes import is_opaque
from builder.store import remove_tree


def fold(upper: Path, tree: Path) -> None:
    """Move what is in ``upper`` into ``tree``, its only lower folder, on the same file system; ``upper`` goes.

    Files keep their inodes, so that they are what they were in every respect; nothing is followed out of the trees.
    """
    todo = [(upper, tree)]
    found: list[tuple[Path, os.stat_result]] = []
    while todo:
        here, place = todo.pop()
        status = here.stat()
        here.chmod(stat.S_IMODE(status.st_mode) | stat.S_IRWXU)
        if is_opaque(here) or not place.is_dir() or place.is_symlink():
            remove_tree(place)
            place.mkdir()
        place.chmod(stat.S_IRWXU)
        found.append((place, status))
        with os.scandir(here) as scan:
            items = list(scan)
        for item in items:
            if item.is_dir(follow_symlinks=False):
                todo.append((Path(item), place / item.name))
            else:
                remove_tree(place / item.name)
                if not _is_whiteout(item):
                    Path(item).rename(place / item.name)
    for place, status in reversed(found):  # what is in a folder comes after it, and changes its time
        os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
        place.chmod(stat.S_IMODE(status.st_mode))
    remove_tree(upper)


def _is_whiteout(item: os.DirEntry[str]) -> bool:
    status = item.stat(follow_symlinks=False)
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0
