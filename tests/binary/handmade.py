"""Small ELF files written by hand, in both word sizes and byte orders, with exactly what a test wants in them.

Each file is one loaded segment at address 0, so that addresses are offsets; it has no section headers, as a stripped
file may have none.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Pack = Callable[..., bytes]
Place = Callable[[bytes], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    name: str
    binding: int = 1
    visibility: int = 0
    defined: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the file shall have. ``needs`` are (library, versions), ``defines`` version names besides the file's own."""

    bits: Literal[32, 64] = 64
    order: Literal["<", ">"] = "<"
    kind: int = 3
    machine: int = 62
    needed: tuple[str, ...] = ()
    soname: str | None = None
    rpath: str | None = None
    runpath: str | None = None
    interpreter: str | None = None
    symbols: tuple[Symbol, ...] = ()
    hash_table: Literal["sysv", "gnu"] | None = "sysv"
    needs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    defines: tuple[str, ...] = ()
    extra: tuple[tuple[int, int], ...] = ()
    merge: bool = False
    """Whether a string that ends another shares its bytes, as linkers do."""


@dataclass(slots=True)
class Strings:
    merge: bool
    data: bytearray = field(default_factory=lambda: bytearray(b"\0"))
    known: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> int:
        if text not in self.known:
            self.known[text] = self._place(text)
        return self.known[text]

    def _place(self, text: str) -> int:
        wanted = text.encode() + b"\0"
        at = self.data.find(wanted)
        if at >= 0 and (self.merge or self.data[at - 1] == 0):
            return at
        at = len(self.data)
        self.data += wanted
        return at


def make_elf(wish: Wish) -> bytes:
    """Return the bytes of the file."""
    wide = wish.bits == 64
    strings = Strings(wish.merge)

    def pack(form: str, *values: int) -> bytes:
        return struct.pack(wish.order + form, *values)

    header_size, segment_size = (64, 56) if wide else (52, 32)
    body = bytearray()
    base = header_size + 3 * segment_size

    def place(data: bytes) -> int:
        body.extend(b"\0" * (-(base + len(body)) % 8))
        at = base + len(body)
        body.extend(data)
        return at

    dynamic: list[tuple[int, int]] = []
    # The run path comes first, so that other strings may end like it.
    for tag, text in ((15, wish.rpath), (29, wish.runpath), (14, wish.soname)):
        if text is not None:
            dynamic.append((tag, strings.add(text)))
    dynamic += [(1, strings.add(name)) for name in wish.needed]
    dynamic += _versions(wish, strings, place, pack)
    dynamic += _symbols(wish, strings, place, pack)
    table = place(bytes(strings.data))
    dynamic += [(5, table), (10, len(strings.data)), *wish.extra, (0, 0)]
    dynamic_at = place(b"".join(pack("qQ" if wide else "iI", *entry) for entry in dynamic))
    dynamic_size = base + len(body) - dynamic_at
    interpreter = (wish.interpreter or "").encode() + b"\0"
    interpreter_at = place(interpreter)
    total = base + len(body)
    segments = [(1, 0, total), (2, dynamic_at, dynamic_size)]
    segments.append((3, interpreter_at, len(interpreter)) if wish.interpreter is not None else (0, 0, 0))
    identity = b"\x7fELF" + bytes([2 if wide else 1, 1 if wish.order == "<" else 2, 1]) + b"\0" * 9
    head = identity + pack(
        "HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH",
        wish.kind, wish.machine, 1, 0, header_size, 0, 0, header_size, segment_size, len(segments), 0, 0, 0,
    )  # fmt: skip
    for kind, offset, size in segments:
        if wide:
            head += pack("IIQQQQQQ", kind, 4, offset, offset, offset, size, size, 8)
        else:
            head += pack("IIIIIIII", kind, offset, offset, offset, size, size, 4, 8)
    return head + bytes(body)


def _versions(wish: Wish, strings: Strings, place: Place, pack: Pack) -> list[tuple[int, int]]:
    entries: list[tuple[int, int]] = []
    if wish.needs:
        data = b""
        for number, (library, versions) in enumerate(wish.needs):
            following = 16 + 16 * len(versions) if number + 1 < len(wish.needs) else 0
            data += pack("HHIII", 1, len(versions), strings.add(library), 16, following)
            for index, version in enumerate(versions):
                step = 16 if index + 1 < len(versions) else 0
                data += pack("IHHII", 0, 0, (2 + index) & 0x7FFF, strings.add(version), step)
        entries += [(0x6FFFFFFE, place(data)), (0x6FFFFFFF, len(wish.needs))]
    if wish.defines:
        names = [wish.soname or "self", *wish.defines]
        data = b""
        for number, name in enumerate(names):
            following = 28 if number + 1 < len(names) else 0
            data += pack("HHHHIII", 1, 0 if number else 1, number + 1, 1, 0, 20, following)
            data += pack("II", strings.add(name), 0)
        entries += [(0x6FFFFFFC, place(data)), (0x6FFFFFFD, len(names))]
    return entries


def _symbols(wish: Wish, strings: Strings, place: Place, pack: Pack) -> list[tuple[int, int]]:
    # The table begins with an empty symbol; the GNU table wants the undefined ones before the others.
    ordered = [
        *(symbol for symbol in wish.symbols if not symbol.defined),
        *(symbol for symbol in wish.symbols if symbol.defined),
    ]
    rows = [(0, 0, 0, 0), *((strings.add(s.name), s.binding << 4 | 1, s.visibility, int(s.defined)) for s in ordered)]
    if wish.bits == 64:
        data = b"".join(pack("IBBHQQ", name, info, other, section, 0, 0) for name, info, other, section in rows)
    else:
        data = b"".join(pack("IIIBBH", name, 0, 0, info, other, section) for name, info, other, section in rows)
    entries = [(6, place(data))]
    count = len(rows)
    if wish.hash_table == "sysv":
        entries.append((4, place(pack("II", 1, count) + pack("I", 0) + pack("I", 0) * count)))
    elif wish.hash_table == "gnu":
        first = 1 + sum(not symbol.defined for symbol in wish.symbols)
        chains = b"".join(pack("I", 1 if index + 1 == count else 2) for index in range(first, count))
        bucket = pack("I", first if first < count else 0)
        filters = b"\0" * (wish.bits // 8)
        entries.append((0x6FFFFEF5, place(pack("IIII", 1, first, 1, 0) + filters + bucket + chains)))
    return entries
