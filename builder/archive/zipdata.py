"""What lies between the directory's words about a zip member and its bytes: a second header, a codec, a checksum.

Tools that read a zip archive by its directory, from its beginning or from its end find other members in one that was
made for that. So both headers must agree, no member may lie in another, contents are as long as they are said to be.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from builder.archive.decompress import Decoder, Inflate
from builder.archive.member import MalformedError

_HEADER = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
_HEADER_MARK, _END_MARK = b"PK\x03\x04", b"PK\x05\x06"
_ENCRYPTED, _MARKED_END, _SIZES_BEHIND, _UTF8 = 0x1, 0x2, 0x8, 0x800
_ELSEWHERE = 0xFFFF_FFFF  # in the zip64 extension
_DESCRIPTORS = (12, 16, 20, 24)
_UNICODE_PATH = 0x7075
_UNIX, _DARWIN = 3, 19
_IN, _OUT = 1 << 18, 1 << 20
_LARGEST_DICTIONARY = 512 << 20
_LZMA_HEADER = struct.Struct("<2xHBL")


def name_of(entry: zipfile.ZipInfo) -> str:
    """Return the member's name; of one from Unix that does not say how it is written, UTF-8, bytes being kept."""
    name = entry.orig_filename
    if not entry.flag_bits & _UTF8 and not name.isascii() and entry.create_system in {_UNIX, _DARWIN}:
        name = _raw(entry).decode("utf-8", "surrogateescape")
    return name


def _raw(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437")


def starts_of(file: BinaryIO, entries: list[zipfile.ZipInfo]) -> dict[int, int]:
    """Return where each content begins, by the place of its header; the headers are compared with the directory.

    Raises:
        MalformedError: two headers that differ, two names for one member, members that share bytes.
    """
    starts: dict[int, int] = {}
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < 0:
            raise MalformedError("the zip's directory is said to begin before the file")
        file.seek(entry.header_offset)
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size or not head.startswith(_HEADER_MARK):
            raise MalformedError(f"member {entry.orig_filename[:200]!r} is not where the zip's directory says")
        if entry.header_offset < end:
            raise MalformedError(f"member {entry.orig_filename[:200]!r} shares bytes with another")
        name, extra = _compared(entry, head, file)
        starts[entry.header_offset] = entry.header_offset + _HEADER.size + name + extra
        end = starts[entry.header_offset] + entry.compress_size
    return starts


def _compared(entry: zipfile.ZipInfo, head: bytes, file: BinaryIO) -> tuple[int, int]:
    """Return the lengths of the header's name and extension, once it is known to say what the directory says."""
    _, _, flags, method, _, _, checksum, packed, size, name, extra = _HEADER.unpack(head)
    said: dict[str, tuple[object, object]]
    said = {"codec": (method, entry.compress_type), "encryption": (flags & _ENCRYPTED, entry.flag_bits & _ENCRYPTED)}
    if not flags & _SIZES_BEHIND or checksum or packed or size:
        said |= {"checksum": (checksum, entry.CRC)}
        said |= {"packed size": (packed, entry.compress_size)} if packed != _ELSEWHERE else {}
        said |= {"size": (size, entry.file_size)} if size != _ELSEWHERE else {}
    own = file.read(name)
    said |= {"name": (own, _raw(entry))}
    if not own.isascii():
        said |= {"alphabet": (flags & _UTF8, entry.flag_bits & _UTF8)}
    for what, (here, there) in said.items():
        if here != there:
            raise MalformedError(f"the zip's directory gives member {entry.orig_filename[:200]!r} another {what}")
    for extension in (entry.extra, file.read(extra)):
        _one_name(own, extension)
    return name, extra


def _one_name(name: bytes, extra: bytes) -> None:
    """Refuse another name for a plain one in Info-ZIP's extension, which some tools prefer."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == _UNICODE_PATH and name.isascii() and extra[at + 9 : at + 4 + length] != name:
            raise MalformedError(f"member {name[:200]!r} has a second name")
        at += 4 + length


def nothing_else(file: BinaryIO, archive: zipfile.ZipFile) -> None:
    """Refuse a zip archive with bytes that belong to no member: before, between or behind them, or a comment.

    Whoever reads from the beginning, without the directory, would find members there.
    """
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    starts = starts_of(file, entries)
    expected = {0}
    for entry in entries:
        if entry.header_offset not in expected:
            raise MalformedError(f"something lies before {entry.filename!r} in the zip archive")
        end = starts[entry.header_offset] + entry.compress_size
        expected = {end, *(end + size for size in _DESCRIPTORS)} if entry.flag_bits & _SIZES_BEHIND else {end}
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size))
    tail = file.read(_END.size)
    if archive.start_dir not in expected or not tail.startswith(_END_MARK):
        raise MalformedError("something lies before or behind the zip's directory")
    *_, here, whole, length, _, comment = _END.unpack(tail)
    if comment or here != whole or whole != len(entries):
        raise MalformedError("the zip's directory does not say how many members there are")
    if length != _ELSEWHERE and archive.start_dir + length != size - _END.size:
        raise MalformedError("something lies behind the zip's directory")


def content_of(file: BinaryIO, entry: zipfile.ZipInfo, start: int) -> Iterator[memoryview]:
    """Yield the content that begins at ``start``; all of it, with the size and the checksum that the headers say.

    Raises:
        MalformedError: it is not so, or packed by a codec that is not read.
    """
    checksum = given = 0
    packed = _packed(file, start, entry.compress_size)
    plain = packed if entry.compress_type == zipfile.ZIP_STORED else _unpacked(packed, entry)
    for piece in plain:
        checksum = zlib.crc32(piece, checksum)
        given += len(piece)
        if given > entry.file_size:
            name = entry.filename[:200]
            raise MalformedError(f"member {name!r} holds more than the {entry.file_size} bytes that it says")
        yield memoryview(piece)
    if given < entry.file_size or checksum != entry.CRC:
        raise MalformedError(f"member {entry.filename[:200]!r} has not the size or the checksum that it says")


def _packed(file: BinaryIO, start: int, count: int) -> Iterator[bytes]:
    at, end = start, start + count
    while at < end:
        file.seek(at)  # somebody may have read elsewhere in between
        piece = file.read(min(_IN, end - at))
        if not piece:
            raise MalformedError("the zip archive is cut off")
        at += len(piece)
        yield piece


def _unpacked(packed: Iterator[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    decoder, data, marked = _decoder(packed, entry)
    given = 0
    while not decoder.eof and (marked or given < entry.file_size):
        if not data and decoder.needs_input and not (data := next(packed, b"")):
            raise MalformedError(f"member {entry.filename[:200]!r} is cut off")
        piece = decoder.decompress(data, _OUT)
        data = b""
        given += len(piece)
        if piece:
            yield piece
        if given > entry.file_size:
            return
    if (decoder.eof and decoder.unused_data) or next(packed, b""):
        raise MalformedError(f"member {entry.filename[:200]!r} is followed by something that is not its content")


def _decoder(packed: Iterator[bytes], entry: zipfile.ZipInfo) -> tuple[Decoder, bytes, bool]:
    """Return what unpacks a member, the first bytes for it, and whether it tells the end of its content."""
    if entry.compress_type == zipfile.ZIP_DEFLATED:
        return Inflate(-15), b"", True
    if entry.compress_type == zipfile.ZIP_BZIP2:
        import bz2

        return bz2.BZ2Decompressor(), b"", True
    if entry.compress_type == zipfile.ZIP_LZMA:
        return _lzma(next(packed, b""), marked=bool(entry.flag_bits & _MARKED_END))
    raise MalformedError(f"member {entry.filename[:200]!r} is packed with a codec that is not read")


def _lzma(data: bytes, *, marked: bool) -> tuple[Decoder, bytes, bool]:
    """Read the properties that LZMA's content begins with (APPNOTE 5.8.8)."""
    import lzma

    if len(data) < _LZMA_HEADER.size:
        raise MalformedError("the header of an LZMA content is cut off")
    length, coded, dictionary = _LZMA_HEADER.unpack_from(data)
    if length != 5 or coded >= 225 or dictionary > _LARGEST_DICTIONARY:
        raise MalformedError("the header of an LZMA content is damaged, or wants too much memory")
    settings = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(dictionary, 4096),
        "lc": coded % 9,
        "lp": coded // 9 % 5,
        "pb": coded // 45,
    }
    made = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=[settings])
    return made, data[_LZMA_HEADER.size :], marked
