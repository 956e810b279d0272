"""Compressed bytes in, plain pieces out, at most one megabyte at a time however well they were compressed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Protocol

from builder.archive.member import MalformedError, TooMuchError
from builder.archive.policy import UnpackLimits

if TYPE_CHECKING:
    import lzma

Read = Callable[[int], bytes]

_IN = 1 << 18
_OUT = 1 << 20
_XZ_MEMORY = 512 << 20
_LZIP_HEADER, _LZIP_TRAILER = 6, 20

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x5d\x00\x00", "lzma"),
    (b"LZIP\x01", "lzip"),
)
_LONGEST_MAGIC = 6


class Decoder(Protocol):
    """What the standard library's decompressors have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of the compressed data was seen."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more data."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What followed the end."""
        ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return what ``data`` and what was given before hold, ``max_length`` bytes at most."""
        ...


class Inflate:
    """zlib's decompressor in the others' shape; ``bits`` are zlib's, 31 for gzip, -15 for what has no header."""

    def __init__(self, bits: int = 31) -> None:
        self._zlib = zlib.decompressobj(bits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        """Whether the end was seen."""
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end."""
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return at most ``max_length`` bytes more."""
        piece = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = not self._zlib.unconsumed_tail and len(piece) < max_length
        return piece


class _Lzip:
    """A member of a lzip file: LZMA with an end mark between a short header and a trailer with checksum and sizes."""

    def __init__(self) -> None:
        self._lzma: lzma.LZMADecompressor | None = None
        self._held = b""
        self._checksum = self._given = 0
        self.eof = False
        self.unused_data = b""

    @property
    def needs_input(self) -> bool:
        return self._lzma is None or self._lzma.eof or self._lzma.needs_input

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if self._lzma is None:
            self._held += data
            if len(self._held) < _LZIP_HEADER:
                return b""
            self._lzma = _lzip_decoder(self._held[_LZIP_HEADER - 1])
            data, self._held = self._held[_LZIP_HEADER:], b""
        if self._lzma.eof:
            self._finish(data)
            return b""
        decoder = self._lzma
        piece = decoder.decompress(data, max_length)
        self._checksum = zlib.crc32(piece, self._checksum)
        self._given += len(piece)
        if decoder.eof:
            self._finish(decoder.unused_data)
        return piece

    def _finish(self, data: bytes) -> None:
        self._held += data
        if len(self._held) >= _LZIP_TRAILER:
            trailer, self.unused_data = self._held[:_LZIP_TRAILER], self._held[_LZIP_TRAILER:]
            self.eof = True
            if trailer[:12] != self._checksum.to_bytes(4, "little") + self._given.to_bytes(8, "little"):
                raise EOFError("checksum or size is wrong")


def _lzip_decoder(coded: int) -> lzma.LZMADecompressor:
    """Return the decoder for a member whose header has that byte for the size of its dictionary."""
    import lzma

    whole = 1 << (coded & 0x1F)
    size = whole - whole // 16 * (coded >> 5)
    if not 1 << 12 <= size <= _XZ_MEMORY:
        raise MalformedError(f"a dictionary of {size} bytes")
    settings = {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": 3, "lp": 0, "pb": 2}
    return lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=[settings])


def compression_of(start: bytes) -> str | None:
    """Return the name of the compression whose magic number ``start`` begins with, None for plain bytes."""
    return next((name for magic, name in _MAGIC if start.startswith(magic)), None)


def decompressed(read: Read, compression: str | None, limits: UnpackLimits, *, single: bool = False) -> Iterator[bytes]:
    """Yield the plain bytes of what ``read(count)`` gives; it starts at the magic number.

    Several streams in a row are one, as for gzip; what follows the last one is ignored. With ``single`` there must be
    one stream and nothing else: some readers take the first of two, some both.

    Raises:
        MalformedError: damaged or cut off, or expanding beyond ``limits``.
    """
    if compression is None:
        while piece := read(_OUT):
            yield piece
        return
    make, errors = _decoder(compression)
    meter = _Meter(read, limits)
    data = meter.read()
    if compression_of(data) != compression:
        raise MalformedError(f"it is no {compression} data")
    while compression_of(data) == compression:
        try:
            rest = yield from _stream(make(), data, meter)
        except errors as error:
            raise MalformedError(f"the {compression} data is damaged: {error}") from error
        if single and (rest or meter.read()):
            raise MalformedError(f"something follows the {compression} stream")
        data = rest.lstrip(b"\0") or meter.read().lstrip(b"\0")
        if len(data) < _LONGEST_MAGIC:
            data += meter.read()


class _Meter:
    """Counts bytes in and out, and stops what expands too much."""

    def __init__(self, read: Read, limits: UnpackLimits) -> None:
        self._read = read
        self._limits = limits
        self._taken = self._given = 0

    def read(self) -> bytes:
        data = self._read(_IN)
        self._taken += len(data)
        return data

    def give(self, piece: bytes) -> bytes:
        self._given += len(piece)
        if self._given > self._limits.ratio_from and self._given > self._limits.ratio * self._taken:
            raise TooMuchError(f"it expands more than {self._limits.ratio} times", "ratio")
        if self._given > 2 * self._limits.size + _OUT:  # headers, and what lies behind the end, count too
            raise TooMuchError(f"it expands to more than the {self._limits.size} bytes that are allowed", "size")
        return piece


def _stream(decoder: Decoder, data: bytes, meter: _Meter) -> Generator[bytes, None, bytes]:
    """Yield the plain bytes of one compressed stream that begins with ``data``; return what was read beyond its end."""
    while not decoder.eof:
        if not data and decoder.needs_input and not (data := meter.read()):
            raise MalformedError("the compressed data is cut off")
        if piece := meter.give(decoder.decompress(data, _OUT)):
            yield piece
        data = b""
    return decoder.unused_data


def _decoder(compression: str) -> tuple[Callable[[], Decoder], tuple[type[Exception], ...]]:
    """Return how to make a decoder, and what it raises; each library is imported by who needs it."""
    if compression == "gzip":
        return Inflate, (zlib.error,)
    if compression == "bzip2":
        import bz2

        return bz2.BZ2Decompressor, (OSError, EOFError)
    if compression == "zstd":
        from backports import zstd

        return zstd.ZstdDecompressor, (zstd.ZstdError, EOFError)
    import lzma

    if compression == "lzip":
        return _Lzip, (lzma.LZMAError, EOFError)
    form = lzma.FORMAT_ALONE if compression == "lzma" else lzma.FORMAT_XZ
    return lambda: lzma.LZMADecompressor(format=form, memlimit=_XZ_MEMORY), (lzma.LZMAError, EOFError)
