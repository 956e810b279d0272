"""Zip archives of an attacker: headers and directory that disagree, with right checksums."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from random import Random

from tests.fuzz import vocabulary
from tests.fuzz.damage import NUMBERS

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
FIELDS = {
    LOCAL: ((4, 2), (6, 2), (8, 2), (10, 4), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    CENTRAL: (
        (4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (34, 2), (36, 2),
        (38, 4), (42, 4),
    ),
    END: ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
}  # fmt: skip
"""Offset and width of every number in the three kinds of header (APPNOTE 4.3)."""


def seeds() -> list[bytes]:
    """Return archives as the standard library writes them."""
    found = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            archive.writestr("demo/", b"")
            archive.writestr("demo/a", b"hello\n")
            archive.writestr("demo/b", b"x" * 700)
            link = zipfile.ZipInfo("demo/link")
            link.external_attr = 0o120777 << 16
            archive.writestr(link, b"a")
            with archive.open("demo/large", "w", force_zip64=True) as file:
                file.write(b"zip64")
        found.append(out.getvalue())
    return found


def altered(data: bytes, dice: Random, canary: Path) -> bytes:
    """Return an archive with one number of one header changed, or a name in one or both of its places."""
    places = [(at, mark) for mark in FIELDS for at in _places(data, mark)]
    if not places:
        return data + generated(dice, canary)
    if dice.random() < 0.25:
        return _renamed(data, dice, canary)
    at, mark = dice.choice(places)
    offset, width = dice.choice(FIELDS[mark])
    old = int.from_bytes(data[at + offset : at + offset + width], "little")
    near = (old + 1, max(0, old - 1), old ^ 1 << dice.randrange(8 * width), old * 2)
    number = dice.choice((*near, dice.choice(NUMBERS))) & (1 << 8 * width) - 1
    return data[: at + offset] + number.to_bytes(width, "little") + data[at + offset + width :]


def generated(dice: Random, canary: Path) -> bytes:
    """Return an archive of a few entries of any kind; local headers and directory mostly agree."""
    body, directory, count = b"", b"", dice.randrange(1, 6)
    for _ in range(count):
        name = vocabulary.path(dice, canary)
        form = dice.choice((0o100644, 0o100644, 0o120777, 0o040755, 0o010644, 0o020644, 0o104755, 0))
        content = vocabulary.target(dice, canary) if form == 0o120777 else dice.randbytes(dice.choice((0, 5, 300)))
        method = dice.choice((0, 0, 8, 8, dice.choice((1, 6, 9, 12, 14, 93, 95, 99))))
        packed = zlib.compress(content)[2:-4] if method == 8 else content
        sizes = (zlib.crc32(content), len(packed), len(content))
        extra = dice.choice((b"", b"", _unicode_path(dice, canary, name), _zip64(dice), dice.randbytes(6)))
        flags = dice.choice((0, 0, 0x800, 0x800, 1, 8, 0x2000))
        other = name if dice.random() < 0.9 else vocabulary.path(dice, canary)
        directory += CENTRAL + struct.pack(
            "<6H3I5H2I", 0x031E, 20, flags, method, 0, 0x5421, *sizes, len(name), len(extra), 0, 0, 0, form << 16, len(body),
        ) + name + extra  # fmt: skip
        body += (
            LOCAL + struct.pack("<5H3I2H", 20, flags, method, 0, 0x5421, *sizes, len(other), len(extra)) + other + extra
        )
        body += packed
    end = END + struct.pack("<4H2IH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end


def _renamed(data: bytes, dice: Random, canary: Path) -> bytes:
    names = [name for name in (b"demo/a", b"demo/b", b"demo/link", b"demo/large") if name in data]
    if not names:
        return data
    old = dice.choice(names)
    new = vocabulary.path(dice, canary)[: len(old)].ljust(len(old), dice.choice((b"x", b"/", b".")))
    return data.replace(old, new, dice.choice((-1, 1)))


def _places(data: bytes, mark: bytes) -> list[int]:
    found, at = [], data.find(mark)
    while at >= 0:
        found.append(at)
        at = data.find(mark, at + 1)
    return found


def _unicode_path(dice: Random, canary: Path, name: bytes) -> bytes:
    """The extra field that gives another name (0x7075), with the checksum of this one."""
    other = vocabulary.path(dice, canary)
    return struct.pack("<2HBI", 0x7075, 5 + len(other), 1, zlib.crc32(name)) + other


def _zip64(dice: Random) -> bytes:
    numbers = [dice.choice(NUMBERS) for _ in range(dice.randrange(1, 4))]
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)
