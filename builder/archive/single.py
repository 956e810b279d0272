"""Reading one file out of an archive, without unpacking it, where it would lie if the archive were unpacked."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from builder.archive.formats import Opened, open_archive
from builder.archive.member import Archive, Member, MemberKind, archive_errors, place_of, size_of
from builder.archive.policy import Gate, UnpackLimits
from builder.archive.tar import Pieces
from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.store.writing import disk_errors

_DEFAULT = UnpackLimits()
_MOST_LINKS = 8

_ALL = 1 << 62


@frozen(kw_only=False)
class _Link:
    """Where a link leads within the archive; a hard link to what lay there among the first ``members``."""

    path: str
    members: int = _ALL


_Found = bytes | _Link


def read_single(
    archive: Archive,
    wanted: str,
    *,
    most: int,
    name: str | None = None,
    strip: bool = True,
    limits: UnpackLimits = _DEFAULT,
) -> bytes | None:
    """Return the file ``wanted`` of an archive, None if there is none; links inside are followed.

    ``wanted`` is a relative path with slashes below what `unpack` would make with the same arguments, so without a
    single top folder if there is one to ``strip``. Every member is judged as `unpack` judges it.

    Raises:
        SourceError: what `unpack` raises, and a file with more than ``most`` bytes.
        MachineError: the archive cannot be read.
    """
    place = place_of(archive)
    name = name or place.name
    with disk_errors(place.parent), archive_errors(name):
        where = _Link(wanted)
        for _ in range(_MOST_LINKS):
            opened = open_archive(archive, name, limits)
            opened = replace(opened, may_strip=strip and opened.may_strip)
            found = _look(opened, Gate(name, opened.rules, limits, packed=size_of(archive)), where, most)
            if not isinstance(found, _Link):
                return found
            where = found
    return None


def _look(opened: Opened, gate: Gate, where: _Link, most: int) -> _Found | None:
    """Return what lies at ``where`` at the top, or in a top folder: only the end tells whether there is but one."""
    wanted = where.path
    found: dict[str, _Found] = {}
    for member, content in opened.members:
        place = gate.admit(member)
        if place is not None and wanted in {place, place.partition("/")[2]} and gate.members <= where.members:
            held = _held(place, member, content, most, gate)
            if held is not None:
                found[place] = held
    top = gate.single_folder() if opened.may_strip else None
    gate.finish(top)
    held = found.get(f"{top}/{wanted}" if top else wanted)
    return replace(held, path=held.path.removeprefix(f"{top}/")) if isinstance(held, _Link) and top else held


def _held(place: str, member: Member, content: Pieces, most: int, gate: Gate) -> _Found | None:
    match member.kind:
        case MemberKind.FILE if member.size > most:
            raise SourceError(f"{gate.archive}: {place} has more than {most:,} bytes", code="source.too-large")
        case MemberKind.FILE:
            return b"".join(content)
        case MemberKind.HARDLINK:
            return _Link(gate.original(member), gate.members - 1)
        case MemberKind.SYMLINK:
            return _Link(posixpath.normpath(posixpath.join(posixpath.dirname(place), member.target or "")))
        case MemberKind.DIRECTORY:
            return None
