"""The files of a recipe's folder as digests: a script may read any of them, so all of them count."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from builder.errors import MachineError, Place
from builder.store import digest_file

Files = tuple[tuple[str, str], ...]
"""Relative path and what it holds: a sha256, marked when executable, or the target of a link. Sorted by path."""

_OURS = ("__pycache__",)


class RecipeFolders:
    """Reads each recipe folder once."""

    def __init__(self, outside: tuple[Path, ...] = ()) -> None:
        """``outside`` are folders that are no part of a recipe although they lie in its folder."""
        self._outside = {_inode(folder.stat()) for folder in outside if folder.is_dir()}
        self._read: dict[Path, Files] = {}

    def files(self, folder: Path) -> Files:
        """Return the files below ``folder``, hidden ones (``.git``) left out."""
        if folder not in self._read:
            try:
                self._read[folder] = tuple(sorted(self._walk(folder)))
            except OSError as error:
                place = Place(file=str(error.filename or folder))
                raise MachineError(f"a recipe's file cannot be read: {error.strerror}", place=place) from error
        return self._read[folder]

    def _walk(self, top: Path) -> Iterator[tuple[str, str]]:
        folders = [str(top)]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name in _OURS:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if _inode(entry.stat(follow_symlinks=False)) not in self._outside:
                            folders.append(entry.path)
                        continue
                    content = _content(entry)
                    if content is not None:
                        yield os.path.relpath(entry.path, top), content


def _inode(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _content(entry: os.DirEntry[str]) -> str | None:
    """Return what stands for a file's bytes or a link's target; None for what a recipe cannot hold, such as a pipe."""
    if entry.is_symlink():
        return f"link to {Path(entry.path).readlink()}"
    if not entry.is_file(follow_symlinks=False):
        return None
    executable = " executable" if entry.stat().st_mode & 0o100 else ""
    return digest_file(Path(entry.path)).sha256 + executable
