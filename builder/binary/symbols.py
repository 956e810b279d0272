"""The dynamic symbols of an ELF file: how many there are, what they are called, which of them it exports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from builder.binary.elf import DT_GNU_HASH, DT_HASH, DT_SYMTAB, Elf, MalformedElf

MAX_NAMES = 1 << 26
"""The most bytes of symbol names that are read of one file."""
MAX_SYMBOLS = 1 << 21
"""The most symbols, and hash buckets, that are believed; the largest libraries have some hundred thousand."""
_UNDEFINED = 0
_BINDINGS = frozenset({1, 2, 10})
"""Global, weak and GNU's unique symbols: those that other files can see."""
_VISIBLE = frozenset({0, 3})
"""Default and protected visibility."""


def symbols(elf: Elf) -> Iterator[tuple[int, bool]]:
    """Yield the string offset of every dynamic symbol's name, and whether the file exports it."""
    address = elf.value(DT_SYMTAB)
    count = symbol_count(elf)
    if address is None or not count:
        return
    form, start = elf.layout, elf.offset_of(address)
    size = count * form.symbol.size
    if start + size > len(elf.data) or count > MAX_SYMBOLS:
        raise MalformedElf(f"its {count} dynamic symbols reach beyond the file, or beyond reason")
    name, info, other, section = form.symbol_fields
    for record in form.symbol.iter_unpack(elf.data[start : start + size]):
        exported = record[section] != _UNDEFINED and record[info] >> 4 in _BINDINGS and record[other] & 3 in _VISIBLE
        yield record[name], exported


def exports_digest(elf: Elf) -> str | None:
    """Return a sha256 over the sorted names that the file exports, one on each line; None when it exports nothing."""
    start, size = elf.strings
    table = elf.data[start : start + size]
    names: set[bytes] = set()
    budget = MAX_NAMES
    for index, exported in symbols(elf):
        if not exported:
            continue
        end = table.find(b"\0", index)
        budget -= end - index
        if end < 0 or budget < 0:
            raise MalformedElf(f"a symbol's name at {index} has no end, or all have more than {MAX_NAMES} bytes")
        names.add(table[index:end])
    return hashlib.sha256(b"\n".join(sorted(names))).hexdigest() if names else None


def symbol_count(elf: Elf) -> int | None:
    """Return how many dynamic symbols there are, which only the hash tables tell; None without any."""
    address = elf.value(DT_HASH)
    # s390x and alpha have 64-bit words in this table; the GNU table is the same everywhere.
    if address is not None and elf.machine not in {22, 0x9026}:
        _, chains = (elf.unpack(elf.layout.word, elf.offset_of(address) + at)[0] for at in (0, 4))
        return chains
    address = elf.value(DT_GNU_HASH)
    return None if address is None else _count_of_gnu_hash(elf, elf.offset_of(address))


def _count_of_gnu_hash(elf: Elf, start: int) -> int:
    """The table ends with the chain of the highest bucket, whose last entry has its lowest bit set."""
    word = elf.layout.word
    buckets, first, filters = (elf.unpack(word, start + at)[0] for at in (0, 4, 8))
    table = start + 16 + filters * elf.layout.bloom
    size = buckets * word.size
    if table + size > len(elf.data) or buckets > MAX_SYMBOLS:
        raise MalformedElf("its symbol hash table reaches beyond the file, or beyond reason")
    highest = max((entry for (entry,) in word.iter_unpack(elf.data[table : table + size])), default=0)
    if highest < first:
        return first
    chain = table + size
    while not elf.unpack(word, chain + (highest - first) * word.size)[0] & 1:
        highest += 1
        if highest > MAX_SYMBOLS:
            raise MalformedElf(f"its symbol hash table names more than {MAX_SYMBOLS} symbols")
    return highest + 1
