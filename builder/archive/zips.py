"""Reading zip archives (wheels too): the standard library's parser, with the checks that it leaves out."""

from __future__ import annotations

import calendar
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.archive.member import MalformedError, Member, MemberKind
from builder.archive.policy import UnpackLimits
from builder.archive.tar import Pieces

_PIECE = 1 << 20
_LONGEST_LINK = 4096
_ENCRYPTED = 0x1
_LOCAL_HEADER = 30
_DAMAGE = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    ValueError,  # a directory said to begin before the file (Python 3.11.2), a text that is none
    struct.error,  # a cut LZMA header
    lzma.LZMAError,
    zlib.error,
)


def read_zip(path: Path, limits: UnpackLimits) -> Iterator[tuple[Member, Pieces]]:
    """Yield each member of the zip archive with its content, in the directory's order.

    Raises:
        MalformedError: damaged, encrypted, entries that share bytes, expanding beyond ``limits``.
    """
    with zip_errors(), zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        no_shared_bytes(entries)
        for entry in entries:
            yield _member(archive, entry, limits), _content(archive, entry)


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


def no_shared_bytes(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse entries that overlap: the trick of zip bombs, and of entries that read differently in different tools."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise MalformedError(f"member {entry.filename[:200]!r} shares bytes with another")
        end = entry.header_offset + _LOCAL_HEADER + len(entry.orig_filename.encode()) + entry.compress_size


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: UnpackLimits) -> Member:
    name = entry.orig_filename
    if entry.flag_bits & _ENCRYPTED:
        raise MalformedError(f"member {name[:200]!r} is encrypted")
    if entry.file_size > limits.ratio_from and entry.file_size > limits.ratio * max(1, entry.compress_size):
        raise MalformedError(f"member {name[:200]!r} expands more than {limits.ratio} times")
    kind = _kind(entry)
    target = None
    if kind is MemberKind.SYMLINK:
        if entry.file_size > _LONGEST_LINK:
            raise MalformedError(f"member {name[:200]!r} is a symlink of {entry.file_size} bytes")
        target = archive.read(entry).decode("utf-8", "surrogateescape")
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


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Pieces:
    with zip_errors(), archive.open(entry) as file:
        while piece := file.read(_PIECE):
            yield memoryview(piece)
