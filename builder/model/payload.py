"""What a script left, what a package will hold, and what relocation did to it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

from builder.model.binary import BinaryFacts
from builder.model.finding import Finding
from builder.model.frozen import frozen


class EntryKind(StrEnum):
    """What a path of a prefix is; packages hold nothing else."""

    FILE = "file"
    SYMLINK = "symlink"
    DIRECTORY = "directory"


@frozen
class Entry:
    """One path of a prefix: ``path`` is relative, with slashes; ``content`` is the file that holds its bytes now.

    ``target`` is a symlink's text. ``size`` is in bytes (of the content, 0 for others).
    """

    path: str
    kind: EntryKind
    content: Path | None = None
    target: str | None = None
    executable: bool = False
    size: int = 0


@frozen
class Installed:
    """What a build script left in the host prefix: exactly the new and changed paths.

    ``changed`` are files of the environment that the script altered, ``deleted`` those that it removed (both are
    findings); ``irregular`` are paths that no package may hold (devices, FIFOs, sockets). ``folder`` is the root that
    entries' contents lie under; ``log`` is the whole build log. ``listed`` are the only paths that the package is to
    hold, if the script said so. ``undeclared`` are programs of the machine that it used without any package's leave,
    where nothing is sealed.
    """

    folder: Path
    entries: tuple[Entry, ...]
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    irregular: tuple[str, ...] = ()
    log: Path | None = None
    listed: tuple[str, ...] | None = None
    undeclared: tuple[str, ...] = ()


@frozen
class LicenseFile:
    """A licence text: ``name`` is its path below ``info/licenses/``."""

    name: str
    content: Path


@frozen
class Payload:
    """What one package will hold, before relocation, sorted by path.

    ``findings`` are what the selection itself met; checks hand them on.
    """

    entries: tuple[Entry, ...]
    licenses: tuple[LicenseFile, ...] = ()
    entry_points: tuple[str, ...] = ()
    no_link: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@frozen
class Edit:
    """One planned change of a file's bytes, printable before it happens.

    ``in-place`` replaces ``old`` by ``new`` at ``offset`` without changing the size; ``patchelf`` sets a run path that
    does not fit; ``text`` rewrites the file's text; ``link`` rewrites a symlink's target.
    """

    path: str
    kind: Literal["in-place", "patchelf", "text", "link"]
    what: str
    old: str
    new: str
    offset: int | None = None


@frozen
class RelocatedEntry:
    """An entry as it will be packed: its ``content`` has all edits in it.

    ``sha256`` and the entry's ``size`` are those of these bytes; for a symlink those of the file of this package that
    it leads to (CEP 34), and those of nothing when there is none.

    ``prefix_mode`` says that the placeholder stands in the file and how an installer must replace it.
    """

    entry: Entry
    sha256: str
    prefix_mode: Literal["text", "binary"] | None = None
    binary: BinaryFacts | None = None


@frozen
class Relocated:
    """A payload that runs in any prefix, with the facts about each file and the edits that made it so."""

    entries: tuple[RelocatedEntry, ...]
    licenses: tuple[LicenseFile, ...] = ()
    entry_points: tuple[str, ...] = ()
    no_link: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    placeholder: str = ""
    findings: tuple[Finding, ...] = ()
