"""Unpacking any archive into a fresh folder, by its first bytes and, where these do not tell, by its name."""

from __future__ import annotations

import tempfile
from pathlib import Path

from builder.archive.extract import Tree
from builder.archive.formats import Members, open_archive
from builder.archive.member import archive_errors
from builder.archive.policy import SOURCES, Gate, UnpackLimits
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
    with disk_errors(into.parent), archive_errors(name):
        opened = open_archive(path, name, limits)
        return _write(opened.members, Gate(name, opened.rules, limits), into, strip=strip and opened.may_strip)


def lay_out(members: Members, into: Path, *, name: str, limits: UnpackLimits = _DEFAULT) -> Unpacked:
    """Write ``members`` that are no file's, such as those of a git commit, as `unpack` writes an archive's.

    ``name`` is where they come from, for people. Raises what `unpack` raises, and what ``members`` does.
    """
    with disk_errors(into.parent), archive_errors(name):
        return _write(members, Gate(name, SOURCES, limits), into, strip=False)


def _write(members: Members, gate: Gate, into: Path, *, strip: bool) -> Unpacked:
    if into.exists() and any(into.iterdir()):
        raise ValueError(f"{into} is not empty")
    into.parent.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix=".unpack-", dir=into.parent))
    try:
        with Tree(root, gate) as tree:
            for member, content in members:
                tree.add(member, content)
            top = gate.single_folder() if strip else None
            tree.finish(top)
        source = root / top if top else root
        if top is None:
            root.chmod(0o755)
        source.rename(into)
    finally:
        remove_tree(root)
    return Unpacked(newest=tree.newest, members=gate.members, size=gate.size)
