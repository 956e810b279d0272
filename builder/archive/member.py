"""What an archive holds: one value per member, and the error of a file that is no archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from builder.errors import SourceError
from builder.model.frozen import frozen


class MemberKind(StrEnum):
    """The four kinds of member that are let through; everything else is refused."""

    FILE = "file"
    SYMLINK = "symlink"
    DIRECTORY = "directory"
    HARDLINK = "hardlink"


@frozen
class Member:
    """One member as it stands in an archive.

    ``path`` is relative with slashes (bytes that are no UTF-8 as surrogate escapes), ``mode`` the permission bits,
    ``size`` in bytes, ``mtime`` in seconds since 1970; ``target`` is a symlink's text, or the path a hard link names.
    """

    path: str
    kind: MemberKind
    mode: int = 0o644
    size: int = 0
    mtime: int = 0
    target: str | None = None


@frozen
class ArchiveMember:
    """One member to write: ``content`` is a file to stream or the bytes themselves.

    With ``sha256`` (lower-case hexadecimal) the content must have that digest when it is read.
    """

    path: str
    kind: MemberKind = MemberKind.FILE
    content: Path | bytes | None = None
    target: str | None = None
    executable: bool = False
    sha256: str | None = None


class MalformedError(Exception):
    """The bytes are no such archive, or are cut off. Stays inside this room."""


@contextmanager
def archive_errors(name: str) -> Iterator[None]:
    """Turn `MalformedError` into a `SourceError` that names the archive."""
    try:
        yield
    except MalformedError as error:
        raise SourceError(
            f"{name}: {error}",
            code="archive.malformed",
            remedy="check that this is the whole file, and not a page about it",
        ) from error
