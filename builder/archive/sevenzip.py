"""Reading 7z archives: py7zr understands the format and its codecs; sizes, order and members are judged here."""

from __future__ import annotations

import lzma
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from builder.archive.member import Archive, MalformedError, Member, MemberKind, TooMuchError, reading, size_of
from builder.archive.policy import UnpackLimits
from builder.archive.tar import Pieces

if TYPE_CHECKING:  # with its codecs it costs more than all that a small build imports
    from py7zr import SevenZipFile
    from py7zr.archiveinfo import Folder
    from py7zr.py7zr import ArchiveFile

MAGIC = b"7z\xbc\xaf\x27\x1c"

_PIECE = 1 << 20
_LONGEST_LINK = 4096
_MOST_MEMORY = 512 << 20
_LZMA, _LZMA2, _AES = b"\x03\x01\x01", b"\x21", b"\x06\xf1\x07\x01"
_CODECS = {
    b"\x00": "copy",
    b"\x03": "delta",
    b"\x04": "BCJ",
    b"\x03\x03\x01\x03": "BCJ",
    b"\x04\x01\x08": "deflate",
    b"\x04\x02\x02": "bzip2",
    b"\x04\xf7\x11\x01": "zstd",
    _LZMA: "LZMA",
    _LZMA2: "LZMA2",
}
"""What 7-Zip packs with by itself. The library knows more, from small decoders in C that few have looked at."""
_DAMAGE = (
    EOFError, IndexError, KeyError, MemoryError, OverflowError, RuntimeError, TypeError, ValueError, AttributeError,
    AssertionError, SystemError, lzma.LZMAError, struct.error, zlib.error,
)  # fmt: skip
"""What the library and its codecs raise, beside its own errors, when they meet bytes that mean nothing."""


def read_7z(source: Archive, limits: UnpackLimits) -> Iterator[tuple[Member, Pieces]]:
    """Yield each member of the 7z archive with its content: what has none first, then stream by stream.

    A content that the caller leaves is skipped.

    Raises:
        MalformedError: damaged, encrypted, a codec that is not known or wants too much memory, an archive or a member
            that expands beyond ``limits``.
    """
    import py7zr

    with reading(source) as file, _errors(), py7zr.SevenZipFile(file) as archive:
        _judge(archive, size_of(source), limits)
        yield from ((_member(entry, None), iter(())) for entry in archive.files if entry.emptystream)
        for folder, start in _folders(archive):
            yield from _stream(file, folder, start)


@contextmanager
def _errors() -> Iterator[None]:
    from backports.zstd import ZstdError
    from py7zr.exceptions import AbsolutePathError, ArchiveError, PasswordRequired

    try:
        yield
    except PasswordRequired as error:
        raise MalformedError("the 7z archive is encrypted") from error
    except (ArchiveError, AbsolutePathError, ZstdError, *_DAMAGE) as error:
        raise MalformedError(f"the 7z archive is damaged: {str(error) or type(error).__name__}") from error
    except OSError as error:
        if error.errno is not None:  # the disk's
            raise
        raise MalformedError(f"the 7z archive is damaged: {error}") from error  # bzip2's


def _judge(archive: SevenZipFile, size: int, limits: UnpackLimits) -> None:
    """Refuse what the archive says of itself: its members' sizes are all known before the first is unpacked."""
    whole = sum(entry.uncompressed for entry in archive.files if not entry.emptystream)
    if whole > limits.ratio_from and whole > limits.ratio * size:
        raise TooMuchError(f"it expands more than {limits.ratio} times", "ratio")
    if len(archive.files) > limits.members:
        raise TooMuchError(f"it has {len(archive.files)} members, {limits.members} are allowed", "members")
    for folder, _ in _folders(archive):
        for coder in folder.coders:
            if coder["method"] == _AES:
                raise MalformedError("the 7z archive is encrypted")
            if coder["method"] not in _CODECS:
                raise MalformedError(f"it is packed with a codec that is not read ({coder['method'].hex()})")
            if (memory := _memory(coder["method"], coder.get("properties") or b"")) > _MOST_MEMORY:
                raise MalformedError(
                    f"unpacking it takes {memory >> 20} MiB of memory, {_MOST_MEMORY >> 20} are allowed"
                )


def _memory(method: bytes, properties: bytes) -> int:
    """Return the bytes that a codec keeps beside its output, 0 for those that need little."""
    if method == _LZMA2 and properties:
        exponent = properties[0]
        return (2 | exponent & 1) << (exponent // 2 + 11)
    if method == _LZMA and len(properties) >= 5:
        return int.from_bytes(properties[1:5], "little")
    return 0


def _folders(archive: SevenZipFile) -> Iterator[tuple[Folder, int]]:
    """Yield the streams of the archive (7z calls them folders), each with where its packed bytes begin."""
    streams = getattr(archive.header, "main_streams", None)
    if streams is None:
        return
    at = 0
    for folder in streams.unpackinfo.folders:
        yield folder, archive.afterheader + streams.packinfo.packpositions[at]
        at += len(folder.packed_indices) or 1


def _stream(file: BinaryIO, folder: Folder, start: int) -> Iterator[tuple[Member, Pieces]]:
    file.seek(start)
    entries = cast("list[ArchiveFile] | None", folder.files)
    for entry in entries or ():
        content = _content(file, folder, entry)
        if stat.S_ISLNK(entry.st_fmt or 0):
            if entry.uncompressed > _LONGEST_LINK:
                raise MalformedError(f"member {entry.filename[:200]!r} is a symlink of {entry.uncompressed} bytes")
            target = b"".join(content).decode("utf-8", "surrogateescape")
            yield _member(entry, target), iter(())
        else:
            yield _member(entry, None), content
            for _ in content:
                pass


def _content(file: BinaryIO, folder: Folder, entry: ArchiveFile) -> Pieces:
    with _errors():
        decompressor = folder.get_decompressor(entry.compressed or 0)
    left, checksum = entry.uncompressed, 0
    while left > 0:
        before = file.tell()
        with _errors():
            piece = decompressor.decompress(file, min(left, _PIECE))
        if not piece and file.tell() == before:
            raise MalformedError("the 7z archive is cut off")
        checksum = zlib.crc32(piece, checksum)
        left -= len(piece)
        if left < 0 or (left == 0 and entry.crc32 not in {None, checksum}):
            raise MalformedError(f"member {entry.filename[:200]!r} has the wrong checksum")
        yield memoryview(piece)


def _member(entry: ArchiveFile, target: str | None) -> Member:
    return Member(
        path=entry.filename,
        kind=_kind(entry),
        mode=entry.posix_mode if entry.posix_mode is not None else 0o644,
        size=0 if entry.emptystream or target is not None else entry.uncompressed,
        mtime=max(0, int(entry.lastwritetime.totimestamp())) if entry.lastwritetime else 0,
        target=target,
    )


def _kind(entry: ArchiveFile) -> MemberKind:
    form = entry.st_fmt or 0
    if entry.is_directory and not entry.emptystream:
        raise MalformedError(f"member {entry.filename[:200]!r} is a folder with a content")
    if entry.is_directory or form == stat.S_IFDIR:
        return MemberKind.DIRECTORY
    if form == stat.S_IFLNK:
        return MemberKind.SYMLINK
    if form in {0, stat.S_IFREG} and not entry.is_junction:
        return MemberKind.FILE
    raise MalformedError(f"member {entry.filename[:200]!r} is no file, folder or symlink")
