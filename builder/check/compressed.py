"""Looking into compressed files, within a budget."""

from __future__ import annotations

import bz2
import lzma
import zlib

from builder.binary import Data
from builder.model.frozen import frozen

_LARGEST = 1 << 25
"""As many bytes of a compressed file's content are looked at."""


@frozen
class Unpacked:
    """The first bytes of what a compressed file holds, and the program that makes such files."""

    program: str
    data: bytes


def unpacked(data: Data) -> Unpacked | None:
    """Return what a gzip, bzip2 or xz file holds, at most 32 MiB of it; None of other and of broken files."""
    head = data[:6]
    try:
        if head[:3] == b"\x1f\x8b\x08":
            return Unpacked(program="gzip", data=zlib.decompressobj(wbits=31).decompress(data[:_LARGEST], _LARGEST))
        if head[:3] == b"BZh":
            return Unpacked(program="bzip2", data=bz2.BZ2Decompressor().decompress(data[:_LARGEST], _LARGEST))
        if head == b"\xfd7zXZ\x00":
            reader = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=1 << 28)
            return Unpacked(program="xz", data=reader.decompress(data[:_LARGEST], _LARGEST))
    except (zlib.error, lzma.LZMAError, OSError, EOFError):
        return None
    return None
