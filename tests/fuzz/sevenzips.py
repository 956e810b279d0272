"""7z archives of an attacker: headers changed byte by byte, with right checksums."""

from __future__ import annotations

import io
import zlib
from random import Random

from tests.fuzz.damage import damaged

START = 32
"""Bytes of the start header, which says where the other one lies (7zFormat.txt)."""


def seeds() -> list[bytes]:
    """Return archives as py7zr writes them, their headers plain and packed."""
    import py7zr

    found = []
    for packed in (False, True):
        out = io.BytesIO()
        with py7zr.SevenZipFile(out, "w") as archive:
            archive.set_encoded_header_mode(packed)
            archive.writestr(b"hello\n", "demo/a")
            archive.writestr(b"x" * 700, "demo/b")
        found.append(out.getvalue())
    return found


def altered(data: bytes, other: bytes, dice: Random) -> bytes:
    """Return an archive whose header was damaged and then given its checksums again."""
    if len(data) < START:
        return damaged(data, other, dice)
    offset, size = (int.from_bytes(data[at : at + 8], "little") for at in (12, 20))
    body, head = data[START : START + offset], data[START + offset : START + offset + size]
    if dice.random() < 0.8:
        head = damaged(head, other[START:], dice)
    else:
        body = damaged(body, other[START:], dice)
    return whole(body, head, data[6:8])


def whole(body: bytes, head: bytes, version: bytes = b"\x00\x04") -> bytes:
    """Return an archive of packed streams and a header."""
    numbers = len(body).to_bytes(8, "little") + len(head).to_bytes(8, "little") + _checksum(head)
    return b"7z\xbc\xaf\x27\x1c" + version + _checksum(numbers) + numbers + body + head


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")
