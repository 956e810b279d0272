"""Removing a tree whatever is in it: read-only folders, overlay whiteouts, and trees deeper than a path can be long."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from pathlib import Path

# Deeper folders are moved up to the top first, so that neither descriptors nor the stack run out.
_DEEPEST = 60
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(path: Path) -> None:
    """Remove ``path`` and all below it; nothing is followed out of the tree, and a missing path is no error.

    A file or symlink is removed as well. `OSError` stays for what its owner cannot remove (foreign owner, mount point).
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        path.unlink(missing_ok=True)
        return
    top = _open_folder(str(path), None)
    try:
        while _empty(top, top, 0):
            pass
    finally:
        os.close(top)
    path.rmdir()


def _open_folder(name: str, parent: int | None) -> int:
    """Open a folder so that its entries can be removed, giving its owner the rights that are missing."""
    try:
        descriptor = os.open(name, _OPEN, dir_fd=parent)
    except PermissionError:
        os.chmod(name, stat.S_IRWXU, dir_fd=parent)
        descriptor = os.open(name, _OPEN, dir_fd=parent)
    if stat.S_IMODE(os.fstat(descriptor).st_mode) & stat.S_IRWXU != stat.S_IRWXU:
        os.fchmod(descriptor, stat.S_IRWXU)
    return descriptor


def _empty(folder: int, top: int, depth: int) -> bool:
    """Remove all entries of ``folder``; return whether some were moved up to ``top`` instead, for another round."""
    with os.scandir(folder) as scan:
        entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in scan]
    moved = False
    for name, is_folder in entries:
        if not is_folder:
            os.unlink(name, dir_fd=folder)
            continue
        child = _open_folder(name, folder)
        try:
            if depth == _DEEPEST:
                _move_up(name, folder, top)
                moved = True
                continue
            moved |= _empty(child, top, depth + 1)
        finally:
            os.close(child)
        os.rmdir(name, dir_fd=folder)
    return moved


def _move_up(name: str, folder: int, top: int) -> None:
    """Move the folder ``name`` to ``top`` under the first name that is free there."""
    for number in itertools.count():
        try:
            os.rename(name, f".deep-{number}", src_dir_fd=folder, dst_dir_fd=top)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        else:
            return
