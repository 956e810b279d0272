"""Unpacking any archive into a fresh folder, by its first bytes and, where these do not tell, by its name."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from builder.archive.extract import Tree
from builder.archive.files import Files, Making
from builder.archive.formats import Members, open_archive
from builder.archive.member import Archive, archive_errors, place_of, size_of
from builder.archive.oddity import Oddity
from builder.archive.policy import SOURCES, Gate, UnpackLimits
from builder.model.frozen import frozen
from builder.store.removal import remove_tree
from builder.store.writing import disk_errors

_DEFAULT = UnpackLimits()
_FOLDER_MODE = 0o755


@frozen
class Unpacked:
    """What came out: ``newest`` is the newest time of a file or link (seconds since 1970), ``size`` in bytes.

    ``warnings`` tell what was taken away from members, and names that mean something else on other systems; at most one
    for each kind.
    """

    newest: int
    members: int
    size: int
    warnings: tuple[Oddity, ...] = ()


class Unpacker:
    """Unpacks archives; see `unpack` and `lay_out`, which do it at once."""

    def __init__(self, making: Making = Files) -> None:
        """Let ``making`` write."""
        self._making = making

    def unpack(
        self,
        archive: Archive,
        into: Path,
        *,
        strip: bool = True,
        limits: UnpackLimits = _DEFAULT,
        name: str | None = None,
        case_blind: bool = False,
    ) -> Unpacked:
        """Unpack ``archive`` to the folder ``into``, which must be missing or empty; all of it or nothing.

        ``strip`` drops a single top folder, though never of Debian packages, wheels and conda packages, whose layout
        has a meaning. ``name`` is the file's name for people and for telling formats when it has another. With
        ``case_blind`` names that Windows or macOS cannot hold, or hold as one, are refused.

        Raises:
            SourceError: no archive, damaged, or a member that the policy refuses; the message names both.
            MachineError: the disk is full or may not be written.
        """
        name = name or place_of(archive).name
        with disk_errors(into.parent), archive_errors(name):
            opened = open_archive(archive, name, limits)
            gate = Gate(name, replace(opened.rules, case_blind=case_blind), limits, packed=size_of(archive))
            return self._write(opened.members, gate, into, strip=strip and opened.may_strip)

    def lay_out(
        self,
        members: Members,
        into: Path,
        *,
        name: str,
        limits: UnpackLimits = _DEFAULT,
        case_blind: bool = False,
    ) -> Unpacked:
        """Write ``members`` that are no file's, such as those of a git commit, as `unpack` writes an archive's.

        ``name`` is where they come from, for people. Raises what `unpack` raises, and what ``members`` does.
        """
        rules = replace(SOURCES, case_blind=case_blind)
        with disk_errors(into.parent), archive_errors(name):
            return self._write(members, Gate(name, rules, limits), into, strip=False)

    def _write(self, members: Members, gate: Gate, into: Path, *, strip: bool) -> Unpacked:
        if into.exists() and any(into.iterdir()):
            raise ValueError(f"{into} is not empty")
        into.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=".unpack-", dir=into.parent))
        root = room / "tree"
        try:
            root.mkdir(_FOLDER_MODE)
            if root.stat().st_mode & 0o777 != _FOLDER_MODE:  # the umask took some; who may not do this has none
                root.chmod(_FOLDER_MODE)
            with Tree(root, gate, self._making) as tree:
                for member, content in members:
                    tree.add(member, content)
                top = gate.single_folder() if strip else None
                tree.finish(top)
            (root / top if top else root).rename(into)
        finally:
            remove_tree(room)
        return Unpacked(newest=tree.newest, members=gate.members, size=gate.size, warnings=gate.oddities())


unpack = Unpacker().unpack
lay_out = Unpacker().lay_out
