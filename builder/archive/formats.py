"""Telling what kind of archive a file is, and giving its members."""

from __future__ import annotations

from collections.abc import Iterator

from builder.archive import deb, sevenzip
from builder.archive.conda import CondaFile
from builder.archive.decompress import compression_of, decompressed
from builder.archive.member import Archive, MalformedError, Member, reading
from builder.archive.policy import DEBIAN, PACKAGES, SOURCES, Rules, UnpackLimits
from builder.archive.tar import BLOCK, Pieces, Stream, looks_like_tar, read_tar
from builder.archive.zips import read_zip
from builder.model.frozen import frozen

_TAR = (
    ".tar", ".tar.gz", ".tgz", ".taz", ".tar.bz2", ".tbz", ".tbz2", ".tz2", ".tar.xz", ".txz",
    ".tar.zst", ".tzst", ".tar.lzma", ".tlz", ".tar.lz",
)  # fmt: skip
# Known as archives, so that nobody takes them for plain files, but not read.
_UNREAD = (".rar", ".tar.z", ".tar.lzo")
_ARCHIVES = (*_TAR, ".zip", ".7z", ".whl", ".deb", ".conda", *_UNREAD)

Members = Iterator[tuple[Member, Pieces]]


@frozen
class Opened:
    """An archive's members, the rules that hold for it, and whether a single top folder means nothing in it."""

    members: Members
    rules: Rules
    may_strip: bool


def is_archive(name: str) -> bool:
    """Whether a file of that name is unpacked rather than copied."""
    return name.lower().endswith(_ARCHIVES)


def open_archive(archive: Archive, name: str, limits: UnpackLimits, *, package: bool = False) -> Opened:
    """Open an archive by its first bytes; ``name`` tells wheels and conda packages from other zip archives.

    A ``package`` must be what its name says, and hold nothing that some readers see and others do not: a second
    stream, something behind the end.

    Raises:
        MalformedError: no archive that is read here.
    """
    with reading(archive) as file:
        start = file.read(BLOCK)
    lower = name.lower()
    if package and compression_of(start) != "bzip2" and not lower.endswith(".conda"):
        raise MalformedError("it is no .tar.bz2")
    if start.startswith(b"PK"):
        if lower.endswith(".conda"):
            return Opened(members=CondaFile(archive, limits).members(), rules=PACKAGES, may_strip=False)
        return Opened(members=read_zip(archive, limits), rules=SOURCES, may_strip=not lower.endswith(".whl"))
    if start.startswith(deb.MAGIC):
        return Opened(members=_deb(archive, limits), rules=DEBIAN, may_strip=False)
    if start.startswith(sevenzip.MAGIC):
        return Opened(members=sevenzip.read_7z(archive, limits), rules=SOURCES, may_strip=True)
    if compression_of(start) or looks_like_tar(start):
        return Opened(members=_tar(archive, limits, package=package), rules=SOURCES, may_strip=True)
    if lower.endswith(_UNREAD):
        raise MalformedError("archives of this kind are not read; take one of .tar.gz, .tar.xz, .zip")
    raise MalformedError("it is no archive" if start else "it is empty")


def _tar(archive: Archive, limits: UnpackLimits, *, package: bool) -> Members:
    with reading(archive) as file:
        compression = compression_of(file.read(16))
        file.seek(0)
        yield from read_tar(Stream(decompressed(file.read, compression, limits, single=package)), whole=package)


def _deb(archive: Archive, limits: UnpackLimits) -> Members:
    with reading(archive) as file:
        data = deb.open_data(file)
        yield from read_tar(Stream(decompressed(data.read, data.compression, limits)))
