"""Reading one file out of an archive, without unpacking it, where it would lie if the archive were unpacked."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from pathlib import Path

from builder.archive.formats import Opened, open_archive
from builder.archive.member import Member, MemberKind, archive_errors
from builder.archive.policy import Gate, UnpackLimits
from builder.archive.tar import Pieces
from builder.errors import SourceError
from builder.store import disk_errors

_DEFAULT = UnpackLimits()
_MOST_LINKS = 8

_Found = bytes | str
"""What a file holds, or the path within the archive that a link leads to."""


def read_single(
    path: Path, wanted: str, *, most: int, name: str | None = None, strip: bool = True, limits: UnpackLimits = _DEFAULT
) -> bytes | None:
    """Return the file ``wanted`` of the archive ``path``, None if there is none; links inside are followed.

    ``wanted`` is a relative path with slashes below what `unpack` would make with the same arguments, so without a
    single top folder if there is one to ``strip``. Every member is judged as `unpack` judges it.

    Raises:
        SourceError: what `unpack` raises, and a file with more than ``most`` bytes.
        MachineError: the archive cannot be read.
    """
    name = name or path.name
    with disk_errors(path.parent), archive_errors(name):
        for _ in range(_MOST_LINKS):
            opened = open_archive(path, name, limits)
            opened = replace(opened, may_strip=strip and opened.may_strip)
            found = _look(opened, Gate(name, opened.rules, limits), wanted, most)
            if not isinstance(found, str):
                return found
            wanted = found
    return None


def _look(opened: Opened, gate: Gate, wanted: str, most: int) -> _Found | None:
    """Return what ``wanted`` is at the top, or in a top folder: only the end tells whether there is but one."""
    found: dict[str, _Found] = {}
    for member, content in opened.members:
        place = gate.admit(member)
        if place is not None and wanted in {place, place.partition("/")[2]}:
            held = _held(place, member, content, most, gate)
            if held is not None:
                found[place] = held
    top = gate.single_folder() if opened.may_strip else None
    gate.finish(top)
    held = found.get(f"{top}/{wanted}" if top else wanted)
    return held.removeprefix(f"{top}/") if isinstance(held, str) and top else held


def _held(place: str, member: Member, content: Pieces, most: int, gate: Gate) -> _Found | None:
    match member.kind:
        case MemberKind.FILE if member.size > most:
            raise SourceError(f"{gate.archive}: {place} has more than {most:,} bytes", code="source.too-large")
        case MemberKind.FILE:
            return b"".join(content)
        case MemberKind.HARDLINK:
            return gate.original(member)
        case MemberKind.SYMLINK:
            return posixpath.normpath(posixpath.join(posixpath.dirname(place), member.target or ""))
        case MemberKind.DIRECTORY:
            return None
