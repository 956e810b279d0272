"""Writing packages so that the same members give the same bytes: ``.conda`` (CEP 35), ``.tar.bz2``; and plain zstd."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from builder.archive.conda import METADATA
from builder.archive.member import ArchiveMember, Member, MemberKind
from builder.archive.policy import PACKAGES, Gate, UnpackLimits
from builder.archive.tarwrite import END, Entry, Flag, header, padding
from builder.errors import WorkError
from builder.model.frozen import frozen
from builder.store import Digest, digest_file, fresh_file

_PIECE = 1 << 20
_ZIP64_FROM = 2 << 30
_NO_LIMITS = UnpackLimits(members=1 << 40, size=1 << 60)
_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)


@frozen
class Compression:
    """How packages are compressed: ``level`` of zstd or bzip2, and zstd's matches over at most 2^``window`` bytes.

    ``workers`` never changes the bytes, as long as it is at least one.
    """

    level: int = 10
    window: int = 27
    workers: int = 2


DEFAULT_COMPRESSION = Compression()


@frozen
class Written:
    """A written package: digests in lower-case hexadecimal, size, and ``(path, sha256, size)`` of each file in it."""

    sha256: str
    md5: str
    size: int
    members: tuple[tuple[str, str, int], ...]


@frozen
class _Planned:
    """A member with its tidy path, its header and the size that its content will have."""

    path: str
    member: ArchiveMember
    header: bytes
    size: int


def write_conda(
    out: Path,
    *,
    stem: str,
    payload: Iterable[ArchiveMember],
    info: Iterable[ArchiveMember],
    epoch: int,
    compression: Compression = DEFAULT_COMPRESSION,
) -> Written:
    """Write the package ``out`` (named ``<stem>.conda``) of ``payload`` and ``info``, both sorted by path.

    Every content is read once and streamed; nothing uncompressed touches the disk. All times are ``epoch`` (seconds).

    Raises:
        WorkError: a member that the policy refuses, or a content that changed while it was read; nothing is left.
        MachineError: the disk is full or may not be written.
    """
    if out.name != f"{stem}.conda":
        raise ValueError(f"{out.name} is not {stem}.conda")
    gate = Gate(out.name, PACKAGES, _NO_LIMITS, WorkError)
    parts = {
        f"pkg-{stem}.tar.zst": _planned(payload, gate, epoch, info=False),
        f"info-{stem}.tar.zst": _planned(info, gate, epoch, info=True),
    }
    gate.finish()
    digests: list[tuple[str, str, int]] = []
    with fresh_file(out) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_zip_entry("metadata.json"), METADATA)
        for name, members in parts.items():
            size = _tar_size(members)
            with archive.open(_zip_entry(name), "w", force_zip64=size > _ZIP64_FROM) as part:
                digests += _write_tar(part.write, members, _zstd(compression, size))
    return _written(out, digests)


def write_tar_bz2(
    out: Path,
    *,
    stem: str,
    payload: Iterable[ArchiveMember],
    info: Iterable[ArchiveMember],
    epoch: int,
    compression: Compression = DEFAULT_COMPRESSION,
) -> Written:
    """Write the package ``out`` in the old format, info first; see `write_conda`."""
    import bz2

    if out.name != f"{stem}.tar.bz2":
        raise ValueError(f"{out.name} is not {stem}.tar.bz2")
    gate = Gate(out.name, PACKAGES, _NO_LIMITS, WorkError)
    members = [*_planned(info, gate, epoch, info=True), *_planned(payload, gate, epoch, info=False)]
    gate.finish()
    with fresh_file(out) as file:
        digests = _write_tar(file.write, members, bz2.BZ2Compressor(min(9, max(1, compression.level))))
    return _written(out, digests)


def write_zstd(out: Path, pieces: Iterable[bytes], size: int, compression: Compression = DEFAULT_COMPRESSION) -> Digest:
    """Write ``pieces``, of ``size`` bytes together, to ``out`` as one frame of zstd; return what the file is.

    Raises:
        WorkError: they are of another size; nothing is left.
        MachineError: the disk is full or may not be written.
    """
    from backports import zstd

    encoder = _zstd(compression, size)
    try:
        with fresh_file(out) as file:
            file.writelines(map(encoder.compress, pieces))
            file.write(encoder.flush())
    except zstd.ZstdError as error:
        raise WorkError(f"what goes into {out.name} changed while it was packed", code="archive.changed") from error
    return digest_file(out)


class _Encoder(Protocol):
    """What the compressors have in common."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def _zstd(compression: Compression, size: int) -> _Encoder:
    """Return an encoder for exactly ``size`` bytes; its window, which costs memory, is no larger than that."""
    from backports import zstd

    window = min(compression.window, max(10, (size - 1).bit_length()))
    option = zstd.CompressionParameter
    encoder = zstd.ZstdCompressor(
        options={
            option.compression_level: compression.level,
            option.window_log: window,
            option.enable_long_distance_matching: 1,
            option.nb_workers: max(1, compression.workers),
        }
    )
    encoder.set_pledged_input_size(size)
    return encoder


def _planned(members: Iterable[ArchiveMember], gate: Gate, epoch: int, *, info: bool) -> list[_Planned]:
    planned = []
    for member in sorted(members, key=lambda member: os.fsencode(member.path)):
        size = _size(member)
        path = gate.admit(Member(path=member.path, kind=member.kind, size=size, target=member.target))
        if path is None:  # the package's own root
            continue
        if path == "info" or path.startswith("info/") is not info:
            raise WorkError(f"{gate.archive}: {path!r} belongs to the other half", code="archive.member")
        entry = _entry(path.encode(), member, size)
        planned.append(_Planned(path=path, member=member, header=header(entry, epoch), size=size))
    return planned


def _size(member: ArchiveMember) -> int:
    if member.kind is not MemberKind.FILE:
        return 0
    if isinstance(member.content, bytes):
        return len(member.content)
    if member.content is None:
        raise ValueError(f"{member.path} has no content")
    found = member.content.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise WorkError(f"{member.content} is no regular file", code="archive.content")
    return found.st_size


def _entry(name: bytes, member: ArchiveMember, size: int) -> Entry:
    match member.kind:
        case MemberKind.FILE:
            return Entry(name=name, flag=Flag.FILE, mode=0o755 if member.executable else 0o644, size=size)
        case MemberKind.SYMLINK:
            return Entry(name=name, flag=Flag.SYMLINK, mode=0o777, target=(member.target or "").encode())
        case MemberKind.DIRECTORY:
            return Entry(name=name + b"/", flag=Flag.DIRECTORY, mode=0o755)
        case MemberKind.HARDLINK:
            raise ValueError("packages are written without hard links")


def _tar_size(members: list[_Planned]) -> int:
    return sum(len(m.header) + m.size + padding(m.size) for m in members) + len(END)


def _write_tar(
    write: Callable[[bytes], object], members: list[_Planned], encoder: _Encoder
) -> list[tuple[str, str, int]]:
    """Stream all members through ``encoder``; return the digest of each file."""
    digests: list[tuple[str, str, int]] = []
    waiting: list[bytes] = []
    length = 0
    for planned in members:
        digest = hashlib.sha256()
        for piece in _pieces(planned, digest.update):
            waiting.append(piece)
            length += len(piece)
            if length >= _PIECE:
                write(encoder.compress(b"".join(waiting)))
                waiting, length = [], 0
        if planned.member.kind is MemberKind.FILE:
            found = digest.hexdigest()
            if planned.member.sha256 not in {None, found}:
                raise _changed(planned.member)
            digests.append((planned.path, found, planned.size))
    write(encoder.compress(b"".join((*waiting, END))))
    write(encoder.flush())
    return digests


def _pieces(planned: _Planned, update: Callable[[bytes], None]) -> Iterator[bytes]:
    """Yield header, content and padding; the content must have the planned size."""
    yield planned.header
    content = planned.member.content
    if planned.member.kind is not MemberKind.FILE:
        return
    if isinstance(content, bytes):
        update(content)
        yield content
    elif content is not None:
        left = planned.size
        descriptor = os.open(content, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            # One byte more than is left would show that the file has grown.
            while piece := os.read(descriptor, min(_PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    break
                update(piece)
                yield piece
        finally:
            os.close(descriptor)
        if left:
            raise _changed(planned.member)
    yield bytes(padding(planned.size))


def _changed(member: ArchiveMember) -> WorkError:
    return WorkError(
        f"{member.path} changed while it was packed",
        code="archive.changed",
        remedy="something that the build started still writes to it; wait for it in the script",
    )


def _zip_entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH_OF_ZIP)
    entry.create_system = 3  # Unix, whatever we run on
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    return entry


def _written(out: Path, digests: list[tuple[str, str, int]]) -> Written:
    # The zip's headers are filled in last, so that the whole can only be read again; it is still in memory.
    found = digest_file(out)
    return Written(sha256=found.sha256, md5=found.md5, size=found.size, members=tuple(digests))
