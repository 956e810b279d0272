"""The record layouts of ELF for both word sizes and both byte orders, as `struct` formats."""

from __future__ import annotations

from struct import Struct
from typing import Literal

from builder.model.frozen import frozen

ByteOrder = Literal["<", ">"]


@frozen
class Layout:
    """How one kind of ELF file stores its records (System V gABI, chapters 4 and 5).

    Field orders differ between the word sizes; ``segment_fields`` and ``symbol_fields`` say at which index of the
    unpacked record a field stands.
    """

    bits: Literal[32, 64]
    order: ByteOrder
    header: Struct
    segment: Struct
    segment_fields: tuple[int, int, int, int]
    """Indices of type, offset, virtual address and size in the file."""
    dynamic: Struct
    symbol: Struct
    symbol_fields: tuple[int, int, int, int]
    """Indices of name, info, other and section."""
    word: Struct
    half: Struct
    bloom: int
    """Bytes of one word of the GNU hash table's filter."""
    need: Struct
    need_entry: Struct
    definition: Struct
    definition_entry: Struct


def layout(bits: Literal[32, 64], order: ByteOrder) -> Layout:
    """Return the layout of ``bits``-bit files in byte ``order``."""
    wide = bits == 64
    return Layout(
        bits=bits,
        order=order,
        header=Struct(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH")),
        segment=Struct(order + ("IIQQQQQQ" if wide else "IIIIIIII")),
        segment_fields=(0, 2, 3, 5) if wide else (0, 1, 2, 4),
        dynamic=Struct(order + ("qQ" if wide else "iI")),
        symbol=Struct(order + ("IBBHQQ" if wide else "IIIBBH")),
        symbol_fields=(0, 1, 2, 3) if wide else (0, 3, 4, 5),
        word=Struct(order + "I"),
        half=Struct(order + "H"),
        bloom=8 if wide else 4,
        need=Struct(order + "HHIII"),
        need_entry=Struct(order + "IHHII"),
        definition=Struct(order + "HHHHIII"),
        definition_entry=Struct(order + "II"),
    )
