"""What lies packed in a file, for those who search it: leniently read, within a budget, nothing written anywhere.

Whoever unpacks needs to know that an archive is sound. Whoever only looks for something wants to see as much as there
is, of damaged ones and of programs that carry an archive too: so zip members are found by their own headers.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterable, Iterator

from builder.archive import deb
from builder.archive.decompress import Inflate, Read, compression_of, decompressed
from builder.archive.member import MalformedError
from builder.archive.policy import UnpackLimits
from builder.archive.tar import BLOCK, looks_like_tar
from builder.model.frozen import frozen

Data = bytes | mmap.mmap

_LEAST, _TIMES = 1 << 25, 16
"""So many bytes are read and given for one file, and so many times its own."""

_LIMITS = UnpackLimits()
_IN, _OUT = 1 << 14, 1 << 20
_MAGIC = 8
_ZIP = struct.Struct("<6x2H8xL4x2H")
_ZIP_MARK, _ZIP_END, _ZIP_TAIL = b"PK\x03\x04", b"PK\x05\x06", 22
_UNKNOWN = frozenset({0, 0xFFFF_FFFF})  # it stands behind the content, or in the zip64 extension
_STORED, _DEFLATED, _LZMA = 0, 8, 14
_NAMED = frozenset({12, 93, 95})
"""Codecs of zip whose data says itself what it is: bzip2, zstd, xz (APPNOTE 4.4.5)."""
_PACKED = _NAMED | {_DEFLATED, _LZMA}
_LZMA_HEAD, _UNKNOWN_SIZE = slice(4, 9), b"\xff" * 8
_UNREAD = {9: "Deflate64", 98: "PPMd"}
_ENCRYPTED = 1
_CLOSED = (
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x1f\x9d", "compress"),
    (b"\x04\x22M\x18", "LZ4"),
)
"""What packs as well, and is not read: how it begins, and what people call it."""
_AR_HEADER = 60


@frozen
class Inside:
    """One content that cannot be read as it lies: ``where`` says in words where it is, ``pieces`` are its bytes.

    The pieces end early where the budget does, or where the content is damaged. ``unseen`` says why there is more than
    they show.
    """

    where: str
    pieces: Iterator[bytes]
    unseen: str | None = None


def insides(data: Data) -> Iterator[Inside]:
    """Yield what is packed in ``data``: the content of a compressed file, the members of a zip, ar or tar archive.

    A member that is compressed itself (a ``.conda`` package's, a Debian package's, a ``.gz`` in a wheel) is given as it
    is when unpacked; a tar is one content with all its members. What stands in the file as it is, a member that is
    stored for example, is not given again. All together are as many bytes as the budget allows; what is there that
    nobody can look into, or lies behind the budget's end, is said.
    """
    budget = _Budget(_LEAST + _TIMES * len(data))
    yield from _packed(data, budget)
    if budget.left <= 0:
        yield _unseen("in it", f"it unpacks to more than the {budget.whole >> 20} MiB that are looked at")


def _packed(data: Data, budget: _Budget) -> Iterator[Inside]:
    compression = compression_of(data[:_MAGIC])
    if compression is not None:
        yield Inside(
            where=f"in it, compressed by {compression}",
            pieces=budget.of(_plain(budget.reader(data, 0, len(data)), compression)),
        )
    elif data[: len(_ZIP_MARK)] == _ZIP_MARK or data[-_ZIP_TAIL:][: len(_ZIP_END)] == _ZIP_END:
        yield from _of_zip(data, budget)
    elif data[: len(deb.MAGIC)] == deb.MAGIC:
        yield from _of_ar(data, budget)
    elif looks_like_tar(data[:BLOCK]):
        yield from _of_tar(data, budget)
    else:
        yield from _closed(data, 0, "in it")


def windows(pieces: Iterable[bytes], size: int, overlap: int) -> Iterator[tuple[int, bytes]]:
    """Yield parts of what ``pieces`` are together, each with its place and the last bytes of the one before it.

    They have ``size`` bytes or more. Whatever has ``overlap`` bytes at most stands whole in one of them.
    """
    start, parts, held = 0, list[bytes](), 0
    for piece in pieces:
        parts.append(piece)
        held += len(piece)
        if held >= size + overlap:
            window = b"".join(parts)
            yield start, window
            start += held - overlap
            parts, held = [window[-overlap:]], overlap
    yield start, b"".join(parts)


class _Budget:
    """How many bytes may still be read and given, whatever a hostile file makes of its own."""

    def __init__(self, whole: int) -> None:
        self.whole = self.left = whole

    def reader(self, data: Data, start: int, end: int) -> Read:
        """Return what reads ``data`` from ``start`` to ``end``, piece by piece."""
        at = start

        def read(count: int) -> bytes:
            nonlocal at
            piece = data[at : min(at + count, at + max(self.left, 0), end)]
            at += len(piece)
            self.left -= len(piece)
            return piece

        return read

    def of(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield ``pieces`` as far as the budget goes, and as they can be read."""
        try:
            while self.left > 0 and (piece := next(pieces, None)) is not None:
                yield piece[: self.left]
                self.left -= len(piece)
        except (MalformedError, zlib.error):
            return


def _of_zip(data: Data, budget: _Budget) -> Iterator[Inside]:
    """Yield the members by their own headers; of stored ones what is compressed in itself, the rest lies open."""
    at = data.find(_ZIP_MARK)
    while at >= 0 and budget.left > 0:
        header = data[at : at + _ZIP.size]
        if len(header) < _ZIP.size:
            return
        flags, method, packed, name, extra = _ZIP.unpack(header)
        start = at + _ZIP.size + name + extra
        end = len(data) if packed in _UNKNOWN else start + packed
        where = _where(data[at + _ZIP.size : at + _ZIP.size + name])
        if method in _UNREAD or (flags & _ENCRYPTED and method in {_STORED, *_PACKED}):
            yield _unseen(where, "it is encrypted" if flags & _ENCRYPTED else f"it is packed by {_UNREAD[method]}")
        elif method == _DEFLATED:
            yield Inside(where=where, pieces=budget.of(_inflated(data, start, end, budget)))
        elif method == _LZMA:
            yield Inside(where=where, pieces=budget.of(_plain(_alone(budget.reader(data, start, end)), "lzma")))
        elif method == _STORED or method in _NAMED:
            yield from _compressed(data, start, end, where, budget)
        at = data.find(_ZIP_MARK, end if method in _PACKED and packed not in _UNKNOWN else start)


def _of_ar(data: Data, budget: _Budget) -> Iterator[Inside]:
    """Yield those members of an ar archive that are compressed."""
    at = len(deb.MAGIC)
    while budget.left > 0 and len(header := data[at : at + _AR_HEADER]) == _AR_HEADER:
        length = header[48:58].strip()
        if not length.isdigit():
            return
        start = at + _AR_HEADER
        yield from _compressed(data, start, start + int(length), _where(header[:16].rstrip(b" /")), budget)
        at = start + int(length) + int(length) % 2


def _of_tar(data: Data, budget: _Budget) -> Iterator[Inside]:
    """Yield those members of a tar that are compressed; the others lie open."""
    at = 0
    while budget.left > 0 and looks_like_tar(header := data[at : at + BLOCK]):
        digits = header[124:136].strip(b" \0")
        if not digits.isdigit():  # the end, or a member that is too large to be compressed text
            return
        size = int(digits, 8)
        start = at + BLOCK
        yield from _compressed(data, start, start + size, _where(header[:100].rstrip(b"\0")), budget)
        at = start + size + -size % BLOCK


def _alone(read: Read) -> Read:
    """Return what reads LZMA as zip has it, behind its version and the size of its settings, as a ``.lzma`` file."""
    held = read(_LZMA_HEAD.stop)[_LZMA_HEAD] + _UNKNOWN_SIZE

    def alone(count: int) -> bytes:
        nonlocal held
        taken, held = held[:count], held[count:]
        return taken or read(count)

    return alone


def _compressed(data: Data, start: int, end: int, where: str, budget: _Budget) -> Iterator[Inside]:
    compression = compression_of(data[start : start + _MAGIC])
    if compression is not None:
        pieces = budget.of(_plain(budget.reader(data, start, end), compression))
        yield Inside(where=f"{where}, compressed by {compression}", pieces=pieces)
    else:
        yield from _closed(data, start, where)


def _closed(data: Data, start: int, where: str) -> Iterator[Inside]:
    head = data[start : start + _MAGIC]
    for magic, name in _CLOSED:
        if head.startswith(magic):
            yield _unseen(where, f"it is packed by {name}")


def _unseen(where: str, why: str) -> Inside:
    return Inside(where=where, pieces=iter(()), unseen=why)


def _where(name: bytes) -> str:
    return f"in its member {name[:200].decode('utf-8', 'replace')!r}"


def _plain(read: Read, compression: str) -> Iterator[bytes]:
    return decompressed(read, compression, _LIMITS)


def _inflated(data: Data, start: int, end: int, budget: _Budget) -> Iterator[bytes]:
    """Yield a deflated content; where that is compressed in itself, what it holds."""
    pieces = _inflating(budget.reader(data, start, end), budget)
    first = next(pieces, b"")
    compression = compression_of(first[:_MAGIC])
    if compression is None:
        yield first
        yield from pieces
        return
    held = bytearray(first)

    def read(count: int) -> bytes:
        if not held:
            held.extend(next(pieces, b""))
        taken = bytes(held[:count])
        del held[:count]
        return taken

    yield from _plain(read, compression)


def _inflating(read: Read, budget: _Budget) -> Iterator[bytes]:
    decoder = Inflate(-15)
    while not decoder.eof:
        data = read(_IN) if decoder.needs_input else b""
        if not data and decoder.needs_input:
            return
        if piece := decoder.decompress(data, _OUT):
            yield piece
    budget.left += len(decoder.unused_data)
