"""A bounded reader of ELF files that looks where the dynamic loader looks: program headers, never section headers."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import replace
from struct import Struct

from builder.binary.layout import ByteOrder, Layout, layout
from builder.model.frozen import frozen

Data = bytes | mmap.mmap

MAGIC = b"\x7fELF"
MAX_TEXT = 16_384
"""The longest string that is believed, in bytes; real run paths stay below 4,096."""
MAX_DYNAMIC = 4_096
"""The most entries of a dynamic section; real ones have below 100 besides their NEEDED."""
MAX_STRINGS = 1 << 27
"""The largest string table that is believed, in bytes; that of a web browser has some millions."""

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
ET_REL, ET_EXEC, ET_DYN = 1, 2, 3

DT_NULL, DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ = 0, 1, 4, 5, 6, 10
DT_SONAME, DT_RPATH, DT_RUNPATH = 14, 15, 29
DT_GNU_HASH, DT_FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFFB
DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
DT_CONFIG, DT_DEPAUDIT, DT_AUDIT, DT_AUXILIARY, DT_FILTER = 0x6FFFFEFA, 0x6FFFFEFB, 0x6FFFFEFC, 0x7FFFFFFD, 0x7FFFFFFF
TEXT_TAGS = frozenset(
    {DT_NEEDED, DT_SONAME, DT_RPATH, DT_RUNPATH, DT_CONFIG, DT_DEPAUDIT, DT_AUDIT, DT_AUXILIARY, DT_FILTER}
)
"""The tags whose value is an offset into the string table."""


class MalformedElf(ValueError):  # noqa: N818 - it describes a file, it never leaves the room
    """The file begins like ELF and then contradicts itself."""


@frozen
class Segment:
    """One program header: what of the file lies where in memory; all in bytes."""

    kind: int
    offset: int
    address: int
    size: int


@frozen
class Elf:
    """An ELF file's frame. ``strings`` is the start and size of the dynamic string table, both 0 without one."""

    data: Data
    layout: Layout
    kind: int
    machine: int
    segments: tuple[Segment, ...]
    dynamic: tuple[tuple[int, int], ...]
    strings: tuple[int, int]

    def values(self, tag: int) -> tuple[int, ...]:
        """Return the values of every dynamic entry with ``tag``, in file order."""
        return tuple(value for found, value in self.dynamic if found == tag)

    def value(self, tag: int) -> int | None:
        """Return the value of the last dynamic entry with ``tag``, which is the one the loader takes."""
        found = self.values(tag)
        return found[-1] if found else None

    def unpack(self, record: Struct, offset: int) -> tuple[int, ...]:
        """Return the ``record`` at ``offset`` of the file."""
        if offset < 0 or offset + record.size > len(self.data):
            raise MalformedElf(f"a record at {offset} lies outside of the file")
        return record.unpack_from(self.data, offset)

    def offset_of(self, address: int) -> int:
        """Return where in the file a virtual ``address`` lies."""
        for segment in self.segments:
            if segment.kind == PT_LOAD and segment.address <= address < segment.address + segment.size:
                return segment.offset + address - segment.address
        raise MalformedElf(f"the address {address:#x} is in no loaded segment")

    def raw_text(self, index: int) -> bytes:
        """Return the bytes of the string at ``index`` of the dynamic string table, without its NUL."""
        start, size = self.strings
        if index >= size:
            raise MalformedElf(f"a string begins at {index}, the table has {size} bytes")
        end = self.data.find(b"\0", start + index, min(start + size, start + index + MAX_TEXT))
        if end < 0:
            raise MalformedElf(f"the string at {index} has no end")
        return self.data[start + index : end]

    def text(self, index: int) -> str:
        """Return the string at ``index``, bytes that are no UTF-8 as escapes."""
        return self.raw_text(index).decode("utf-8", "backslashreplace")


def read_elf(data: Data) -> Elf | None:
    """Return the frame of an ELF file; None when it does not begin like one. Raises `MalformedElf`."""
    if data[:4] != MAGIC:
        return None
    identity = data[4:16]
    if len(identity) < 12 or identity[0] not in {1, 2} or identity[1] not in {1, 2}:
        raise MalformedElf("neither its word size nor its byte order is known")
    order: ByteOrder = "<" if identity[1] == 1 else ">"
    form = layout(32 if identity[0] == 1 else 64, order)
    bare = Elf(data=data, layout=form, kind=0, machine=0, segments=(), dynamic=(), strings=(0, 0))
    header = bare.unpack(form.header, 16)
    segments = tuple(_segments(bare, start=header[4], size=header[8], count=header[9]))
    framed = replace(bare, kind=header[0], machine=header[1], segments=segments)
    if framed.kind not in {ET_EXEC, ET_DYN}:
        return framed
    linked = replace(framed, dynamic=tuple(_dynamic(framed)))
    return replace(linked, strings=_strings(linked)) if linked.dynamic else framed


def _segments(elf: Elf, *, start: int, size: int, count: int) -> Iterator[Segment]:
    if count and size != elf.layout.segment.size:
        raise MalformedElf(f"its program headers have {size} bytes each")
    kind, offset, address, length = elf.layout.segment_fields
    for index in range(count):
        record = elf.unpack(elf.layout.segment, start + index * size)
        yield Segment(kind=record[kind], offset=record[offset], address=record[address], size=record[length])


def _dynamic(elf: Elf) -> Iterator[tuple[int, int]]:
    # A file of debug information keeps the program header, but with nothing behind it.
    home = next((segment for segment in elf.segments if segment.kind == PT_DYNAMIC and segment.size), None)
    if home is None:
        return
    record = elf.layout.dynamic
    for index in range(home.size // record.size):
        tag, value = elf.unpack(record, home.offset + index * record.size)
        if tag == DT_NULL:
            return
        if index >= MAX_DYNAMIC:
            raise MalformedElf(f"its dynamic section has more than {MAX_DYNAMIC} entries")
        yield tag, value


def _strings(elf: Elf) -> tuple[int, int]:
    address, size = elf.value(DT_STRTAB), elf.value(DT_STRSZ)
    if address is None or size is None:
        raise MalformedElf("it has a dynamic section without a string table")
    start = elf.offset_of(address)
    if start + size > len(elf.data) or size > MAX_STRINGS:
        raise MalformedElf("its string table reaches beyond the file, or beyond reason")
    return start, size
