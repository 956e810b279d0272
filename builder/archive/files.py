"""Making folders, files and links below one folder, as told: what may be made was judged before."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from builder.archive.member import MalformedError
from builder.archive.tar import Pieces

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER_MODE = 0o755


class Maker(Protocol):
    """What makes the members of a tree; paths are relative to its root, times are seconds since 1970.

    Each call may raise what the disk has refused in it or, where the work is done elsewhere, in one before.
    """

    def folder(self, path: str) -> None:
        """Make a folder in one that is there."""

    def file(self, path: str, mode: int, mtime: int, content: Pieces, sha256: str | None) -> None:
        """Write a file, in the place of an older one; `MalformedError` unless it has the digest, where one is given."""

    def symlink(self, path: str, target: str, mtime: int) -> None:
        """Make a link with that text, in the place of an older file or link."""

    def link(self, path: str, original: str) -> None:
        """Give a file another name, in the place of an older file or link."""

    def finish(self, times: Mapping[str, int]) -> None:
        """Give folders their times; after that all is there."""

    def close(self) -> None:
        """Do nothing more; what is not finished stays as it is."""


Making = Callable[[Path], Maker]
"""Gives what makes things below an empty folder that nobody else touches."""


def compared(path: str, content: Pieces, sha256: str) -> Pieces:
    """Yield the content of ``path``; `MalformedError` at its end unless it has that digest."""
    first = next(content, memoryview(b""))
    digest = hashlib.sha256(first)  # what comes later is hashed under a lock, which many small files would make
    if first:
        yield first
    for piece in content:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256:
        raise MalformedError(wrong_digest(path))


def wrong_digest(path: str) -> str:
    """Return what is wrong with a file that is another than its package says."""
    return f"{path[:200]!r} has not the digest that paths.json says"


class Files:
    """Makes them at once, with the system calls for it."""

    def __init__(self, root: Path) -> None:
        """Work below ``root``."""
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._masked = _FOLDER_MODE & ~self._mode_left()

    def folder(self, path: str) -> None:
        """See `Maker`."""
        os.mkdir(path, _FOLDER_MODE, dir_fd=self._root)
        if self._masked:
            os.chmod(path, _FOLDER_MODE, dir_fd=self._root)

    def file(self, path: str, mode: int, mtime: int, content: Pieces, sha256: str | None) -> None:
        """See `Maker`."""
        if sha256 is not None:
            content = compared(path, content, sha256)
        try:
            descriptor = os.open(path, _CREATE, mode, dir_fd=self._root)
        except FileExistsError:
            self._make_room(path)
            descriptor = os.open(path, _CREATE, mode, dir_fd=self._root)
        try:
            for piece in content:
                written = os.write(descriptor, piece)
                while written < len(piece):
                    written += os.write(descriptor, piece[written:])
            if mode & self._masked:
                os.fchmod(descriptor, mode)
            os.utime(descriptor, (mtime, mtime))
        finally:
            os.close(descriptor)

    def symlink(self, path: str, target: str, mtime: int) -> None:
        """See `Maker`."""
        self._make_room(path)
        os.symlink(target, path, dir_fd=self._root)
        self._set_time(path, mtime)

    def link(self, path: str, original: str) -> None:
        """See `Maker`."""
        self._make_room(path)
        os.link(original, path, src_dir_fd=self._root, dst_dir_fd=self._root, follow_symlinks=False)

    def finish(self, times: Mapping[str, int]) -> None:
        """See `Maker`."""
        for path, time in times.items():
            self._set_time(path, time)

    def close(self) -> None:
        """See `Maker`."""
        os.close(self._root)

    def _mode_left(self) -> int:
        """Return the bits that a new folder keeps of those it is made with: the umask may take some."""
        os.mkdir(".probe", _FOLDER_MODE, dir_fd=self._root)
        left = os.stat(".probe", dir_fd=self._root, follow_symlinks=False).st_mode & 0o777
        os.rmdir(".probe", dir_fd=self._root)
        return left

    def _make_room(self, path: str) -> None:
        """Remove an older file of the same name in the same archive."""
        with suppress(FileNotFoundError):
            os.unlink(path, dir_fd=self._root)

    def _set_time(self, path: str, time: int) -> None:
        os.utime(path, (time, time), dir_fd=self._root, follow_symlinks=False)
