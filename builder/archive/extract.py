"""Writing admitted members below a fresh folder: every folder on the way is our own, so nothing can lead out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self

from builder.archive.files import Files, Making
from builder.archive.member import DIRECTORY, FILE, SYMLINK, Member
from builder.archive.policy import Gate
from builder.archive.tar import Pieces

_IMPLIED = -1

Expected = Callable[[str, Member], str | None]
"""Gives the sha256 that a file at that path must have, None where nothing is said of it."""


class Tree:
    """A fresh folder that members are written into. Files keep their times; owners, set-user and write bits go."""

    def __init__(self, root: Path, gate: Gate, making: Making = Files, expected: Expected = lambda *_: None) -> None:
        """Let ``making`` write below ``root``, an empty folder that nobody else touches, what ``gate`` admits.

        A file must have the digest that is ``expected`` of it, if there is one.
        """
        self.newest = 0
        self._gate = gate
        self._expected = expected
        self._maker = making(root)
        self._folders: dict[str, int] = {".": _IMPLIED}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._maker.close()

    def add(self, member: Member, content: Pieces) -> None:
        """Write one member; `BakehouseError` from the gate when it may not be, `MalformedError` when it is another."""
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
            self._maker.file(path, member.mode & 0o755 | 0o600, member.mtime, content, self._expected(path, member))
        elif member.kind is SYMLINK:
            self._maker.symlink(path, member.target or "", member.mtime)
        elif (original := self._gate.original(member)) != path:
            self._maker.link(path, original)

    def finish(self, top: str | None = None) -> None:
        """Judge the links as a whole and give the folders their times; implied folders get the newest file's."""
        self._gate.finish(top)
        self._maker.finish({path: self.newest if time == _IMPLIED else time for path, time in self._folders.items()})

    def _make_folder(self, path: str) -> None:
        here = ""
        for part in path.split("/"):
            here = f"{here}/{part}" if here else part
            if here not in self._folders:
                self._maker.folder(here)
                self._folders[here] = _IMPLIED
