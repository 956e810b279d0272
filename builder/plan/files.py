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
        self._outside = {os.path.realpath(folder) for folder in outside}
        self._read: dict[Path, Files] = {}

    def files(self, folder: Path) -> Files:
        """Return the files below ``folder``, hidden ones (``.git``) left out."""
        if folder not in self._read:
            try:
                self._read[folder] = tuple(sorted(self._walk(folder, "")))
            except OSError as error:
                place = Place(file=str(error.filename or folder))
                raise MachineError(f"a recipe's file cannot be read: {error.strerror}", place=place) from error
        return self._read[folder]

    def _walk(self, folder: Path, start: str) -> Iterator[tuple[str, str]]:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = f"{start}{entry.name}"
                if entry.name.startswith(".") or entry.name in _OURS:
                    continue
                if entry.is_symlink():
                    yield path, f"link to {Path(entry.path).readlink()}"
                elif entry.is_dir():
                    if os.path.realpath(entry.path) not in self._outside:
                        yield from self._walk(Path(entry.path), f"{path}/")
                elif entry.is_file():
                    executable = " executable" if entry.stat().st_mode & 0o100 else ""
                    yield path, digest_file(Path(entry.path)).sha256 + executable
