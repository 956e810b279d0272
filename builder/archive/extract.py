"""Writing admitted members below a fresh folder: every folder on the way is our own, so nothing can lead out."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from builder.archive.member import DIRECTORY, FILE, SYMLINK, Member
from builder.archive.policy import Gate
from builder.archive.tar import Pieces

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER_MODE = 0o755
_IMPLIED = -1


class Tree:
    """A fresh folder that members are written into. Files keep their times; owners, set-user and write bits go."""

    def __init__(self, root: Path, gate: Gate) -> None:
        """Write below ``root``, an empty folder that nobody else touches, what ``gate`` admits."""
        self.newest = 0
        self._gate = gate
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._folders: dict[str, int] = {".": _IMPLIED}
        self._masked = _FOLDER_MODE & ~self._mode_left()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._root)

    def add(self, member: Member, content: Pieces) -> None:
        """Write one member; `BakehouseError` from the gate when it may not be."""
        path = self._gate.admit(member)
        if path is None:
            return
        if member.kind is DIRECTORY:
            self._make_folder(path)
            self._folders[path] = member.mtime
            return
        parent = path.rpartition("/")[0]
        if parent and parent not in self._folders:
            self._make_folder(parent)
        self.newest = max(self.newest, member.mtime)
        if member.kind is FILE:
            self._write(path, member, content)
        elif member.kind is SYMLINK:
            self._make_room(path)
            os.symlink(member.target or "", path, dir_fd=self._root)
            self._set_time(path, member.mtime)
        else:
            self._link(path, self._gate.original(member))

    def finish(self, top: str | None = None) -> None:
        """Judge the links as a whole and give the folders their times; implied folders get the newest file's."""
        self._gate.finish(top)
        for path, time in self._folders.items():
            self._set_time(path, self.newest if time == _IMPLIED else time)

    def _mode_left(self) -> int:
        """Return the bits that a new folder keeps of those it is made with: the umask may take some."""
        os.mkdir(".probe", _FOLDER_MODE, dir_fd=self._root)
        left = os.stat(".probe", dir_fd=self._root, follow_symlinks=False).st_mode & 0o777
        os.rmdir(".probe", dir_fd=self._root)
        return left

    def _make_folder(self, path: str) -> None:
        here = ""
        for part in path.split("/"):
            here = f"{here}/{part}" if here else part
            if here not in self._folders:
                os.mkdir(here, _FOLDER_MODE, dir_fd=self._root)
                if self._masked:
                    os.chmod(here, _FOLDER_MODE, dir_fd=self._root)
                self._folders[here] = _IMPLIED

    def _write(self, path: str, member: Member, content: Pieces) -> None:
        mode = member.mode & 0o755 | 0o600
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
            os.utime(descriptor, (member.mtime, member.mtime))
        finally:
            os.close(descriptor)

    def _link(self, path: str, original: str) -> None:
        if original != path:
            self._make_room(path)
            os.link(original, path, src_dir_fd=self._root, dst_dir_fd=self._root, follow_symlinks=False)

    def _make_room(self, path: str) -> None:
        """Remove an older file of the same name in the same archive."""
        with suppress(FileNotFoundError):
            os.unlink(path, dir_fd=self._root)

    def _set_time(self, path: str, time: int) -> None:
        os.utime(path, (time, time), dir_fd=self._root, follow_symlinks=False)
