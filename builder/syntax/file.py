"""Reads a file that a stranger may have made: regular files only, no links, no more of it than is allowed."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class IrregularError(Exception):
    """The path is no regular file; the text says what it is: ``a symbolic link``, ``a pipe``."""


_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_file(path: Path, most: int) -> bytes:
    """Return the file's first ``most`` bytes and one more, if it has more, so that too large a file shows.

    A link, a folder, a pipe or a device is not opened for longer than it takes to see what it is; none of them makes
    the caller wait. Folders on the way to it may be links. Raises `IrregularError` for these, OSError for what the
    system refuses.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        kind = _kind(path)
        if kind is not None:
            raise IrregularError(kind) from None
        raise
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise IrregularError(_named(mode))
        with os.fdopen(handle, "rb", closefd=False) as stream:
            return stream.read(most + 1)
    finally:
        os.close(handle)


def _kind(path: Path) -> str | None:
    """Say what stands at ``path`` that cannot be opened: a link is not followed, a socket has no reader."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None
    return None if stat.S_ISREG(mode) else _named(mode)


def _named(mode: int) -> str:
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "a symbolic link")
