"""Small Mach-O and PE files written by hand."""

from __future__ import annotations

import struct


def macho(
    *,
    kind: int = 6,
    cpu: int = 0x0100000C,
    name: str | None = "@rpath/libx.1.dylib",
    needed: tuple[str, ...] = ("/usr/lib/libSystem.B.dylib",),
    rpaths: tuple[str, ...] = (),
) -> bytes:
    """Return a 64-bit little-endian Mach-O file with these load commands; kind 6 is a library, 2 a program."""
    commands = []
    if name is not None:
        commands.append(_library(0xD, name))
    commands += [_library(0xC, text) for text in needed]
    commands += [_padded(0x8000001C, struct.pack("<I", 12), text) for text in rpaths]
    body = b"".join(commands)
    return struct.pack("<IiIIIIII", 0xFEEDFACF, cpu, 0, kind, len(commands), len(body), 0x85, 0) + body + b"\0" * 64


def universal(*members: tuple[int, bytes]) -> bytes:
    """Return a universal file of (cpu, Mach-O) members."""
    head = struct.pack(">II", 0xCAFEBABE, len(members))
    offset, body = 4096, b""
    for cpu, member in members:
        head += struct.pack(">iiIII", cpu, 0, offset + len(body), len(member), 12)
        body += member.ljust(-(-len(member) // 4096) * 4096, b"\0")
    return head.ljust(4096, b"\0") + body


def _library(command: int, name: str) -> bytes:
    return _padded(command, struct.pack("<IIII", 24, 2, 0x10000, 0x10000), name)


def _padded(command: int, fields: bytes, text: str) -> bytes:
    body = fields + text.encode() + b"\0"
    body = body.ljust(-(-(len(body) + 8) // 8) * 8 - 8, b"\0")
    return struct.pack("<II", command, len(body) + 8) + body


def pe(*, library: bool = True, machine: int = 0x8664, imports: tuple[str, ...] = ("KERNEL32.dll",)) -> bytes:
    """Return a PE32+ file with one section that holds an import table of one function for each of ``imports``."""
    base = 0x1000
    size = 20 * (len(imports) + 1)
    table, rest = b"", b""
    for name in imports:
        lookup = base + size + len(rest)
        hint = lookup + 32
        label = hint + 16
        rest += struct.pack("<QQQQ", hint, 0, hint, 0) + struct.pack("<H", 0) + b"Function\0".ljust(14, b"\0")
        rest += name.encode().ljust(32, b"\0")
        table += struct.pack("<IIIII", lookup, 0, 0, label, lookup + 16)
    section = (table + b"\0" * 20 + rest).ljust(512, b"\0")
    assert len(section) == 512
    directories = [(0, 0)] * 16
    directories[1] = (base, size)
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20B, 14, 0, 0, 512, 0, 0, base, 0x180000000, 0x1000, 512, 6, 0, 0, 0, 6, 0,
        0, 0x2000, 0x200, 0, 3, 0x160, 1 << 20, 1 << 12, 1 << 20, 1 << 12, 0, 16,
    ) + b"".join(struct.pack("<II", *entry) for entry in directories)  # fmt: skip
    traits = 0x22 | (0x2000 if library else 0)
    header = b"PE\0\0" + struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, len(optional), traits)
    row = b".rdata\0\0" + struct.pack("<IIIIIIHHI", 512, base, 512, 512, 0, 0, 0, 0, 0x40000040)
    start = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    return (start + header + optional + row).ljust(512, b"\0") + section
