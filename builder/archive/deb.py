"""Debian packages: an ``ar`` archive whose ``data.tar`` member holds the files (deb(5))."""

from __future__ import annotations

from typing import BinaryIO

from builder.archive.decompress import compression_of
from builder.archive.member import MalformedError

MAGIC = b"!<arch>\n"
_HEADER = 60


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
        MalformedError: no ar archive, or one without files.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise MalformedError("it is no ar archive")
    while header := file.read(_HEADER):
        name = header[:16].rstrip(b" /")
        digits = header[48:58].strip()
        if len(header) < _HEADER or header[58:] != b"`\n" or not digits.isdigit():
            raise MalformedError("an ar header is damaged")
        size = int(digits)
        if name.startswith(b"data.tar"):
            return DataMember(file, size)
        file.seek(size + size % 2, 1)
    raise MalformedError("it has no data.tar member")
