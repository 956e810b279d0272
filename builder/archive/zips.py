"""Reading zip archives (wheels too): the standard library's parser of the directory, and our judgement of the rest."""

from __future__ import annotations

import calendar
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from builder.archive.member import Archive, MalformedError, Member, MemberKind, TooMuchError, reading
from builder.archive.policy import UnpackLimits
from builder.archive.tar import Pieces
from builder.archive.zipdata import content_of, name_of, starts_of

_LONGEST_LINK = 4096
_ENCRYPTED = 0x1
_END_MARK = b"PK\x05\x06"
_DAMAGE = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    ValueError,  # a directory said to begin before the file (Python 3.11.2), a text that is none
    struct.error,  # a cut LZMA header
    lzma.LZMAError,
    zlib.error,
)


def read_zip(source: Archive, limits: UnpackLimits) -> Iterator[tuple[Member, Pieces]]:
    """Yield each member of the zip archive with its content, in the directory's order.

    Raises:
        MalformedError: damaged, encrypted, members that share bytes or a name, headers that differ, expanding beyond
            ``limits``.
    """
    with reading(source) as file, zip_errors(), zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > limits.members:
            raise TooMuchError(f"it has {len(entries)} members, {limits.members} are allowed", "members")
        # A second end, or members of another archive: what is read depends on where one begins to read.
        if min((entry.header_offset for entry in entries), default=archive.start_dir) or _END_MARK in archive.comment:
            raise MalformedError("something lies before the first member of the zip archive, or it has two ends")
        starts = starts_of(file, entries)
        names: set[str] = set()
        for entry in entries:
            content = _content(file, entry, starts[entry.header_offset])
            member = _member(entry, content, limits)
            if member.path in names and member.kind is not MemberKind.DIRECTORY:
                raise MalformedError(f"member {member.path[:200]!r} stands in it twice")
            names.add(member.path)
            yield member, content


@contextmanager
def zip_errors() -> Iterator[None]:
    """Turn what the standard library says of a bad zip archive into `MalformedError`."""
    try:
        yield
    except _DAMAGE as error:
        raise MalformedError(f"the zip archive is damaged: {error}") from error
    except OSError as error:
        if error.errno is not None:  # the disk's
            raise
        raise MalformedError(f"the zip archive is damaged: {error}") from error  # bzip2's


def _member(entry: zipfile.ZipInfo, content: Pieces, limits: UnpackLimits) -> Member:
    name = name_of(entry)
    if entry.flag_bits & _ENCRYPTED:
        raise MalformedError(f"member {name[:200]!r} is encrypted")
    if entry.file_size > limits.ratio_from and entry.file_size > limits.ratio * max(1, entry.compress_size):
        raise TooMuchError(f"member {name[:200]!r} expands more than {limits.ratio} times", "ratio")
    kind = _kind(entry)
    target = None
    if kind is MemberKind.SYMLINK:
        if entry.file_size > _LONGEST_LINK:
            raise MalformedError(f"member {name[:200]!r} is a symlink of {entry.file_size} bytes")
        target = b"".join(content).decode("utf-8", "surrogateescape")
    return Member(
        path=name,
        kind=kind,
        mode=(entry.external_attr >> 16) & 0o7777 or 0o644,
        size=entry.file_size if kind is MemberKind.FILE else 0,
        mtime=_seconds(entry),
        target=target,
    )


def _kind(entry: zipfile.ZipInfo) -> MemberKind:
    form = stat.S_IFMT(entry.external_attr >> 16)
    if entry.orig_filename.endswith("/"):  # `is_dir` fails on a name that begins with NUL, and stops at any NUL
        if entry.file_size or form not in {0, stat.S_IFDIR}:
            raise MalformedError(f"member {entry.filename[:200]!r} is a folder and something else")
        return MemberKind.DIRECTORY
    if form in {0, stat.S_IFREG}:
        return MemberKind.FILE
    if form == stat.S_IFLNK:
        return MemberKind.SYMLINK
    raise MalformedError(f"member {entry.filename[:200]!r} is no file, folder or symlink")


def _seconds(entry: zipfile.ZipInfo) -> int:
    """Return the entry's time; zip has no time zone, so UTC is as good as any and the same everywhere."""
    try:
        return max(0, calendar.timegm((*entry.date_time, 0, 0, 0)))
    except (ValueError, OverflowError):
        return 0


def _content(file: BinaryIO, entry: zipfile.ZipInfo, start: int) -> Pieces:
    with zip_errors():
        yield from content_of(file, entry, start)
