"""Debian packages: an ``ar`` archive whose ``data.tar`` member holds the files (deb(5))."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from builder.archive.decompress import compression_of
from builder.archive.member import MalformedError

MAGIC = b"!<arch>\n"
_HEADER = 60
_MOST = 16
"""Parts of a Debian package; it has three, and may have some more for signatures."""


class DataMember:
    """The data member's bytes, compressed as they are (``compression``)."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        """Read ``size`` bytes from where ``file`` stands."""
        start = file.read(min(size, 16))
        file.seek(-len(start), 1)
        self.compression = compression_of(start)
        self._file = file
        self._left = size

    def read(self, count: int) -> bytes:
        """Return at most ``count`` of the bytes that are left."""
        data = self._file.read(min(count, self._left))
        self._left -= len(data)
        return data


def open_data(file: BinaryIO) -> DataMember:
    """Find the data member; ``file`` stands at its beginning.

    Raises:
        MalformedError: no ar archive, one without files, or one in which readers find different ones.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise MalformedError("it is no ar archive")
    members = list(_members(file))
    names = [name for name, _, _ in members]
    data = [(start, size) for name, start, size in members if name.startswith(b"data.tar")]
    if not data:
        raise MalformedError("it has no data.tar member")
    if len(data) > 1 or len(set(names)) < len(names):
        raise MalformedError(f"it has parts twice: {_listed(names)}")
    ((start, size),) = data
    file.seek(start)
    return DataMember(file, size)


def _members(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, place and size of each member from where ``file`` stands."""
    at, end = file.tell(), file.seek(0, 2)
    for _ in range(_MOST):
        file.seek(at)
        header = file.read(_HEADER)
        if not header:
            return
        digits = header[48:58].strip()
        if len(header) < _HEADER or header[58:] != b"`\n" or not digits.isdigit():
            raise MalformedError("an ar header is damaged")
        start, size = at + _HEADER, int(digits)
        if start + size > end:
            raise MalformedError("the ar archive is cut off")
        yield header[:16].rstrip(b" /"), start, size
        at = start + size + size % 2
    raise MalformedError(f"it has more than {_MOST} parts")


def _listed(names: list[bytes]) -> str:
    return ", ".join(name.decode("ascii", "backslashreplace") for name in names[:8])
