"""Unpacking any archive into a fresh folder, by its first bytes and, where these do not tell, by its name."""

from __future__ import annotations

import tempfile
from pathlib import Path

from builder.archive.extract import Tree
from builder.archive.formats import open_archive
from builder.archive.member import archive_errors
from builder.archive.policy import Gate, UnpackLimits
from builder.model.frozen import frozen
from builder.store import disk_errors, remove_tree

_DEFAULT = UnpackLimits()


@frozen
class Unpacked:
    """What came out: ``newest`` is the newest time of a file or link (seconds since 1970), ``size`` in bytes."""

    newest: int
    members: int
    size: int


def unpack(
    path: Path, into: Path, *, strip: bool = True, limits: UnpackLimits = _DEFAULT, name: str | None = None
) -> Unpacked:
    """Unpack the archive ``path`` to the folder ``into``, which must be missing or empty; all of it or nothing.

    ``strip`` drops a single top folder, though never of Debian packages, wheels and conda packages, whose layout has a
    meaning. ``name`` is the file's name for people and for telling formats when ``path`` has another.

    Raises:
        SourceError: no archive, damaged, or a member that the policy refuses; the message names both.
        MachineError: the disk is full or may not be written.
    """
    name = name or path.name
    if into.exists() and any(into.iterdir()):
        raise ValueError(f"{into} is not empty")
    with disk_errors(into.parent), archive_errors(name):
        into.parent.mkdir(parents=True, exist_ok=True)
        root = Path(tempfile.mkdtemp(prefix=".unpack-", dir=into.parent))
        try:
            unpacked, top = _unpack(path, root, name, strip, limits)
            source = root / top if top else root
            if top is None:
                root.chmod(0o755)
            source.rename(into)
        finally:
            remove_tree(root)
    return unpacked


def _unpack(path: Path, root: Path, name: str, strip: bool, limits: UnpackLimits) -> tuple[Unpacked, str | None]:
    opened = open_archive(path, name, limits)
    gate = Gate(name, opened.rules, limits)
    with Tree(root, gate) as tree:
        for member, content in opened.members:
            tree.add(member, content)
        top = gate.single_folder() if strip and opened.may_strip else None
        tree.finish(top)
    return Unpacked(newest=tree.newest, members=gate.members, size=gate.size), top
