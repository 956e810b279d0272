"""paths.json: every path of the payload with its digest and what an installer must do with it (CEP 34)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from builder.archive import ArchiveMember, MemberKind
from builder.model.links import resolve
from builder.model.payload import EntryKind, Relocated, RelocatedEntry
from builder.pack.document import Plain

_EMPTY = hashlib.sha256(b"").hexdigest()
_TYPES = {EntryKind.FILE: "hardlink", EntryKind.SYMLINK: "softlink"}


def packed_entries(relocated: Relocated) -> tuple[RelocatedEntry, ...]:
    """Return the files and symlinks, sorted by path.

    Empty folders are left out, as rattler-build and conda-build do: CEP 34 can list them, but rattler does not install
    a package that does.
    """
    kept = (item for item in relocated.entries if item.entry.kind is not EntryKind.DIRECTORY)
    return tuple(sorted(kept, key=lambda item: item.entry.path.encode()))


def member(item: RelocatedEntry) -> ArchiveMember:
    """Return the archive member of an entry, whose content must still be what it was when it was relocated."""
    entry = item.entry
    return ArchiveMember(
        path=entry.path,
        kind=MemberKind(entry.kind.value),
        content=entry.content if entry.kind is EntryKind.FILE else None,
        target=entry.target,
        executable=entry.executable,
        sha256=item.sha256 if entry.kind is EntryKind.FILE else None,
    )


def paths(entries: Sequence[RelocatedEntry], relocated: Relocated) -> dict[str, Plain]:
    """Return paths.json for ``entries``.

    A symlink has the digest and size of the file that it leads to, and those of nothing when that is a folder or lies
    in another package.
    """
    files = {item.entry.path: item for item in entries if item.entry.kind is EntryKind.FILE}
    links = {item.entry.path: item.entry.target or "" for item in entries if item.entry.kind is EntryKind.SYMLINK}
    no_link = frozenset(relocated.no_link)
    listed = []
    for item in entries:
        path = item.entry.path
        described: dict[str, Plain] = {"_path": path, "path_type": _TYPES[item.entry.kind]}
        if item.prefix_mode is not None:
            described |= {"file_mode": item.prefix_mode, "prefix_placeholder": relocated.placeholder}
        if path in no_link:
            described["no_link"] = True
        listed.append(described | _digest(files.get(resolve(path, links) or "")))
    return {"paths": listed, "paths_version": 1}


def _digest(file: RelocatedEntry | None) -> dict[str, Plain]:
    if file is None or file.entry.content is None:
        return {"sha256": _EMPTY, "size_in_bytes": 0}
    return {"sha256": file.sha256, "size_in_bytes": file.entry.content.lstat().st_size}
