"""A folder as the members of a package, for packing without building."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from builder.archive import ArchiveMember, MemberKind


def members(root: Path) -> Iterator[ArchiveMember]:
    """Yield every file and symlink below ``root``, sorted by path."""
    for path in sorted(path for path in root.rglob("*") if path.is_symlink() or path.is_file()):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            yield ArchiveMember(path=name, kind=MemberKind.SYMLINK, target=path.readlink().as_posix())
        else:
            yield ArchiveMember(path=name, kind=MemberKind.FILE, content=path, executable=os.access(path, os.X_OK))
