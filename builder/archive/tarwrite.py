"""Writing tar headers: GNU format, root-owned, one time for all, so that the same members give the same bytes."""

from __future__ import annotations

from enum import Enum

from builder.archive.tar import BLOCK
from builder.model.frozen import frozen

END = bytes(2 * BLOCK)
_NAME = 100
_LARGEST_OCTAL = 8**11
_LONG_LINK = b"././@LongLink"


class Flag(Enum):
    """The type flags that we write."""

    FILE = b"0"
    SYMLINK = b"2"
    DIRECTORY = b"5"
    LONG_TARGET = b"K"
    LONG_NAME = b"L"


@frozen
class Entry:
    """What one tar header says; ``name`` and ``target`` are UTF-8 bytes, ``size`` in bytes."""

    name: bytes
    flag: Flag
    mode: int
    size: int = 0
    target: bytes = b""


def header(entry: Entry, epoch: int) -> bytes:
    """Return the header blocks of ``entry``, its time being ``epoch`` (seconds since 1970)."""
    parts = []
    for text, flag in ((entry.target, Flag.LONG_TARGET), (entry.name, Flag.LONG_NAME)):
        if len(text) > _NAME:
            data = text + b"\0"
            parts.append(_block(Entry(name=_LONG_LINK, flag=flag, mode=0o644, size=len(data)), 0))
            parts.append(data + bytes(padding(len(data))))
    return b"".join((*parts, _block(entry, epoch)))


def padding(size: int) -> int:
    """Return how many bytes fill the last block of a content of ``size`` bytes."""
    return -size % BLOCK


def _block(entry: Entry, time: int) -> bytes:
    block = b"".join((
        entry.name[:_NAME].ljust(_NAME, b"\0"),
        b"%07o\0" % entry.mode,
        b"0000000\0000000000\0",  # owner and group: root
        b"%011o\0" % entry.size if entry.size < _LARGEST_OCTAL else b"\x80" + entry.size.to_bytes(11, "big"),
        b"%011o\0" % time,
        b"        ",  # the checksum is taken over blanks
        entry.flag.value,
        entry.target[:_NAME].ljust(_NAME, b"\0"),
        b"ustar  \0",
    )).ljust(BLOCK, b"\0")  # fmt: skip
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
