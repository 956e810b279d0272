"""What an archive holds: one value per member, and the error of a file that is no archive."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from builder.errors import SourceError
from builder.model.frozen import frozen

Archive = Path | BinaryIO
"""What is read: a file by its path, or one that whoever calls has opened, can be searched in and stays open."""


class MemberKind(StrEnum):
    """The four kinds of member that are let through; everything else is refused."""

    FILE = "file"
    SYMLINK = "symlink"
    DIRECTORY = "directory"
    HARDLINK = "hardlink"


FILE, SYMLINK, DIRECTORY, HARDLINK = MemberKind
"""The same by short names; what is asked of each member again and again is found ten times as fast so (Python 3.11)."""


class Member(NamedTuple):
    """One member as it stands in an archive; a tuple, since of these there are many.

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


Cap = Literal["members", "size", "ratio", "ratio_from", "depth"]
"""What is counted of an archive: a field of `UnpackLimits`, and a key of ``archives`` in `bakehouse.yaml`."""


class MalformedError(Exception):
    """The bytes are no such archive, or are cut off. Stays inside this room."""


class TooMuchError(MalformedError):
    """The archive holds more than ``cap`` allows. Stays inside this room."""

    def __init__(self, message: str, cap: Cap) -> None:
        """Say what it holds more of than is allowed."""
        super().__init__(message)
        self.cap = cap


def raising(cap: Cap) -> str:
    """Return the remedy for a source that is refused for how much it holds."""
    more = f"--archive-limit {cap}=… lets it pass, and so does `archives` in bakehouse.yaml"
    return f"ask its authors for another; if it is right as it is, {more}"


@contextmanager
def reading(archive: Archive) -> Iterator[BinaryIO]:
    """Give an archive's bytes from their beginning."""
    if isinstance(archive, Path):
        with archive.open("rb") as file:
            yield file
    else:
        archive.seek(0)
        yield archive


def place_of(archive: Archive) -> Path:
    """Return where an archive lies, as far as it is known."""
    return archive if isinstance(archive, Path) else Path(str(archive.name))


def size_of(archive: Archive) -> int:
    """Return an archive's size in bytes."""
    return (archive.stat() if isinstance(archive, Path) else os.fstat(archive.fileno())).st_size


@contextmanager
def archive_errors(name: str) -> Iterator[None]:
    """Turn `MalformedError` into a `SourceError` that names the archive."""
    try:
        yield
    except TooMuchError as error:
        raise SourceError(f"{name}: {error}", code="archive.limit", remedy=raising(error.cap)) from error
    except MalformedError as error:
        raise SourceError(
            f"{name}: {error}",
            code="archive.malformed",
            remedy="check that this is the whole file, and not a page about it",
        ) from error
