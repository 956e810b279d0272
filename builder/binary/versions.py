"""Symbol versions of an ELF file: which it needs of its libraries, and which it defines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from builder.binary.elf import DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM, Elf, MalformedElf

MAX_RECORDS = 65_536
_FAMILY = re.compile(r"(?P<family>.+)_(?P<version>[0-9]+(?:\.[0-9]+)*)")
_VER_FLG_BASE = 1


def needed_names(elf: Elf) -> Iterator[int]:
    """Yield the string offsets of everything that the version requirements name: files and versions."""
    for is_file, index in _needs(elf):
        del is_file
        yield index


def needed_versions(elf: Elf) -> tuple[tuple[str, str], ...]:
    """Return the highest version that the file needs of each family: ``(("GLIBC", "2.34"),)``, sorted."""
    return highest(elf.text(index) for is_file, index in _needs(elf) if not is_file)


def defined_names(elf: Elf) -> Iterator[int]:
    """Yield the string offsets of everything that the version definitions name."""
    for _, index in _definitions(elf):
        yield index


def defined_versions(elf: Elf) -> tuple[tuple[str, str], ...]:
    """Return the highest version that the file defines of each family, sorted; its own name is none."""
    return highest(elf.text(index) for flags, index in _definitions(elf) if not flags & _VER_FLG_BASE)


def highest(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the highest version of each family among version names, sorted by family.

    ``GLIBC_2.34`` is version 2.34 of the family GLIBC; a name without a number at its end (``GLIBC_PRIVATE``) is a
    family of its own, of version "".
    """
    found: dict[str, str] = {}
    for name in names:
        match = _FAMILY.fullmatch(name)
        family, version = (match["family"], match["version"]) if match else (name, "")
        if family not in found or order(version) > order(found[family]):
            found[family] = version
    return tuple(sorted(found.items()))


def order(version: str) -> tuple[int, ...]:
    """Return what a symbol version sorts by: ``"2.34"`` → ``(2, 34)``, "" before everything."""
    return tuple(int(part) for part in version.split(".")) if version else ()


def _needs(elf: Elf) -> Iterator[tuple[bool, int]]:
    """Yield (is it a file's name, string offset)."""
    address, count = elf.value(DT_VERNEED), elf.value(DT_VERNEEDNUM)
    if address is None or count is None:
        return
    form, offset, budget = elf.layout, elf.offset_of(address), MAX_RECORDS
    for _ in range(min(count, MAX_RECORDS)):
        _, entries, file, first, following = elf.unpack(form.need, offset)
        yield True, file
        at = offset + first
        for _ in range(entries):
            budget = _spend(budget)
            _, _, _, name, step = elf.unpack(form.need_entry, at)
            yield False, name
            if not step:
                break
            at += step
        if not following:
            return
        offset += following


def _definitions(elf: Elf) -> Iterator[tuple[int, int]]:
    """Yield (flags, string offset); the first name of a record is the version, the others are its parents."""
    address, count = elf.value(DT_VERDEF), elf.value(DT_VERDEFNUM)
    if address is None or count is None:
        return
    form, offset, budget = elf.layout, elf.offset_of(address), MAX_RECORDS
    for _ in range(min(count, MAX_RECORDS)):
        _, flags, _, entries, _, first, following = elf.unpack(form.definition, offset)
        at = offset + first
        for _ in range(entries):
            budget = _spend(budget)
            name, step = elf.unpack(form.definition_entry, at)
            yield flags, name
            if not step:
                break
            at += step
        if not following:
            return
        offset += following


def _spend(budget: int) -> int:
    if not budget:
        raise MalformedElf(f"it has more than {MAX_RECORDS} version records")
    return budget - 1
