"""Tar archives of an attacker: written field by field, and altered field by field with right checksums."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from random import Random

from tests.fuzz import vocabulary
from tests.fuzz.damage import NUMBERS

BLOCK = 512
FIELDS = {
    "name": (0, 100), "mode": (100, 8), "uid": (108, 8), "gid": (116, 8), "size": (124, 12), "mtime": (136, 12),
    "kind": (156, 1), "link": (157, 100), "magic": (257, 8), "owner": (265, 32), "device": (329, 16), "prefix": (345, 155),
}  # fmt: skip
KINDS = b"0\x001234567LKxXgSVMD"
PAX_KEYS = (
    "path",
    "linkpath",
    "size",
    "mtime",
    "uid",
    "GNU.sparse.major",
    "GNU.sparse.name",
    "hdrcharset",
    "comment",
    "",
)


def seeds() -> list[bytes]:
    """Return archives as tar programs write them, in each format, with each kind of member."""
    found = []
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as archive:
            for name, kind, link, data in _MEMBERS:
                info = tarfile.TarInfo(name)
                info.type, info.linkname, info.size, info.mtime, info.mode = kind, link, len(data), 1_600_000_000, 0o755
                archive.addfile(info, io.BytesIO(data))
        found.append(out.getvalue())
    return found


_LONG = "demo/" + "/".join(["a-long-folder"] * 9)  # 130 characters, for which each format has a way of its own
_MEMBERS = (
    ("demo", tarfile.DIRTYPE, "", b""),
    ("demo/a", tarfile.REGTYPE, "", b"hello\n"),
    ("demo/b", tarfile.REGTYPE, "", b"x" * 700),
    ("demo/empty", tarfile.REGTYPE, "", b""),
    ("demo/link", tarfile.SYMTYPE, "a", b""),
    ("demo/hard", tarfile.LNKTYPE, "demo/b", b""),
    (f"{_LONG}/file", tarfile.REGTYPE, "", b"deep"),
)


def altered(data: bytes, dice: Random, canary: Path) -> bytes:
    """Return an archive with one header changed, taken out, repeated or put in; its checksum is right."""
    blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
    headers = [number for number, block in enumerate(blocks) if block[257:262] == b"ustar" and len(block) == BLOCK]
    if not headers:
        return data + generated(dice, canary)
    at = dice.choice(headers)
    match dice.randrange(7):
        case 0:
            blocks[at:at] = [member(dice, canary)]
        case 1:
            blocks.append(member(dice, canary))
        case 2:
            del blocks[at]
        case 3:
            blocks.insert(at, blocks[dice.choice(headers)])
        case _:
            blocks[at] = with_field(blocks[at], dice, canary)
    return b"".join(blocks)


def generated(dice: Random, canary: Path) -> bytes:
    """Return an archive of a few members of any kind."""
    members = b"".join(member(dice, canary) for _ in range(dice.randrange(1, 7)))
    return members + bytes(BLOCK * dice.choice((0, 1, 2, 2)))


def member(dice: Random, canary: Path) -> bytes:
    """Return one member, its extension headers before it."""
    content = dice.randbytes(dice.choice((0, 3, 512, 600)))
    kind = dice.choice((b"0", b"0", b"5", b"2", b"1", bytes([dice.choice(KINDS)])))
    name, link = vocabulary.path(dice, canary), vocabulary.target(dice, canary)
    size = len(content) if kind in b"0\x007" else dice.choice((0, 0, len(content)))
    head = header(name=name[:100], kind=kind, size=size, link=link[:100] if kind in b"12" else b"")
    if dice.random() < 0.1:
        head = with_field(head, dice, canary)
    body = padded(content[:size])
    if dice.random() < 0.35:
        head = _extension(dice, canary) + head
    return head + body


def header(*, name: bytes, kind: bytes, size: int, link: bytes = b"") -> bytes:
    """Return a plain header."""
    fields = {
        "name": name, "mode": b"0000755", "uid": b"0001750", "gid": b"0001750", "size": b"%011o" % size,
        "mtime": b"13727410000", "kind": kind, "link": link, "magic": b"ustar\x0000",
    }  # fmt: skip
    block = bytearray(BLOCK)
    for field, value in fields.items():
        _put(block, field, value)
    return checked(bytes(block))


def checked(block: bytes) -> bytes:
    """Return a header with a right checksum."""
    plain = block[:148] + b" " * 8 + block[156:]
    return plain[:148] + b"%06o\0 " % sum(plain) + plain[156:]


def with_field(block: bytes, dice: Random, canary: Path) -> bytes:
    """Return a header with another value in one field; one in twenty has a wrong checksum."""
    found = bytearray(block)
    field = dice.choice(list(FIELDS))
    width = FIELDS[field][1]
    number = dice.choice(NUMBERS)
    match field:
        case "name" | "prefix":
            value = vocabulary.path(dice, canary)
        case "link":
            value = vocabulary.target(dice, canary)
        case "kind":
            value = bytes([dice.choice(KINDS)])
        case "magic":
            value = dice.choice((b"ustar\x0000", b"ustar  \0", b"\0" * 8, b"ustar\x0099"))
        case _:
            raw = dice.choice((number, -number)).to_bytes(16, "big", signed=True)[-width:]
            octal = b"%o" % number
            value = dice.choice(
                (octal.rjust(width - 1, b"0")[-width:], octal[:width], raw, b"\x80" + raw[1:], b" -1", b"8", b"0x1")
            )
    _put(found, field, value)
    return checked(bytes(found)) if dice.random() < 0.95 else bytes(found)


def padded(content: bytes) -> bytes:
    """Return a content up to the end of its last block."""
    return content + bytes(-len(content) % BLOCK)


def record(key: str, value: bytes) -> bytes:
    """Return a pax record with its own length in front."""
    rest = b" " + key.encode() + b"=" + value + b"\n"
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def _extension(dice: Random, canary: Path) -> bytes:
    kind = bytes([dice.choice(b"LKxxxgX")])
    if kind in b"LK":
        value = dice.choice((vocabulary.path, vocabulary.target))(dice, canary)
        data = value * dice.choice((1, 1, 40)) + dice.choice((b"\0", b""))
    else:
        data = b"".join(_record(dice, canary) for _ in range(dice.randrange(1, 4)))
    size = len(data) if dice.random() < 0.95 else dice.choice(NUMBERS) & 0o77777777777
    return header(name=b"././@LongLink", kind=kind, size=size) + padded(data)


def _record(dice: Random, canary: Path) -> bytes:
    key = dice.choice(PAX_KEYS)
    number = b"%d" % dice.choice((*NUMBERS, -1))
    values = {
        "path": vocabulary.path(dice, canary),
        "linkpath": vocabulary.target(dice, canary),
        "GNU.sparse.name": b"../x",
    }
    made = record(key, values.get(key, dice.choice((number, number + b".5", b"x", b""))))
    return made if dice.random() < 0.95 else dice.choice(NUMBERS).__str__().encode() + made


def _put(block: bytearray, field: str, value: bytes) -> None:
    at, width = FIELDS[field]
    block[at : at + width] = value[:width].ljust(width, b"\0")
