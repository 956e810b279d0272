"""A package that lies unpacked in a folder, as the file that it came from or would make."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from builder.archive import ArchiveMember, Compression, MemberKind, write_conda
from builder.errors import Place, SourceError
from builder.model.name import check_file_name

_FASTEST = Compression(level=1)


def is_unpacked(path: Path) -> bool:
    """Whether ``path`` is a folder with the index.json of a package."""
    return (path / "info" / "index.json").is_file()


def packed(folder: Path, into: Path) -> Path:
    """Pack an unpacked package and return the file, a ``.conda`` in the folder ``into``.

    Raises `SourceError` when its index.json cannot be read or names no package, `WorkError` for what no package holds.
    """
    index = _index(folder / "info" / "index.json")
    stem = "-".join(str(index.get(key)) for key in ("name", "version", "build"))
    try:
        check_file_name(f"{stem}.conda")
    except ValueError as error:
        raise _unreadable(folder / "info" / "index.json", str(error)) from error
    members = list(_members(folder))
    info = [member for member in members if member.path.startswith("info/")]
    timestamp = index.get("timestamp")
    write_conda(
        into / f"{stem}.conda",
        stem=stem,
        payload=[member for member in members if not member.path.startswith("info/")],
        info=info,
        epoch=timestamp // 1000 if isinstance(timestamp, int) else 0,
        compression=_FASTEST,
    )
    return into / f"{stem}.conda"


def _index(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_bytes())
    except ValueError as error:
        raise _unreadable(file, f"it is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise _unreadable(file, "it is no mapping")
    return found


def _unreadable(file: Path, why: str) -> SourceError:
    remedy = "unpack the package again, or name its file"
    return SourceError(
        f"this is no unpacked package: {why}", code="cli.unpacked", place=Place(file=str(file)), remedy=remedy
    )


def _members(top: Path) -> Iterator[ArchiveMember]:
    """Yield the files and links below ``top``, sorted."""
    found = []
    for folder, folders, names in os.walk(top):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found += [os.path.relpath(Path(folder) / name, top) for name in (*names, *links)]
    for path in sorted(found):
        file = top / path
        if file.is_symlink():
            yield ArchiveMember(path=path, kind=MemberKind.SYMLINK, target=str(file.readlink()))
        elif not file.is_file():
            raise _unreadable(file, "this is neither a file nor a link")
        else:
            yield ArchiveMember(path=path, content=file, executable=bool(file.stat().st_mode & 0o100))
