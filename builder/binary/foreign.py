"""Facts of Mach-O and PE files, through LIEF."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import lief

from builder.model.binary import BinaryFacts, BinaryKind

_MACHO_MACHINES = {"X86": "x86", "X86_64": "x86_64", "ARM": "arm", "ARM64": "aarch64", "POWERPC": "ppc"}
_PE_MACHINES = {"I386": "x86", "AMD64": "x86_64", "ARM64": "aarch64", "ARMNT": "arm"}

_SURPRISES = (SystemError, RuntimeError, TypeError, ValueError, AttributeError)
"""What LIEF's bindings raise for values that their enumerations lack, and for names that are no UTF-8."""


def foreign_facts(data: bytes) -> BinaryFacts | None:
    """Return the facts of a Mach-O or PE file; None of anything else, and of what LIEF cannot read.

    Of a universal Mach-O file the first architecture is read: the others are built from the same sources.
    """
    lief.logging.disable()
    try:
        if data[:2] == b"MZ":
            image = lief.PE.parse(data)
            return _pe(image) if isinstance(image, lief.PE.Binary) else None
        universal = lief.MachO.parse(data)
        first = universal.at(0) if universal is not None and universal.size else None
        return None if first is None else _macho(first)
    except _SURPRISES:
        return None


def _macho(image: lief.MachO.Binary) -> BinaryFacts:
    kinds: dict[str, BinaryKind] = {"EXECUTE": "executable", "DYLIB": "shared", "BUNDLE": "shared", "OBJECT": "object"}
    own = [library.name for library in image.libraries if library.command == lief.MachO.LoadCommand.TYPE.ID_DYLIB]
    return BinaryFacts(
        format="macho",
        machine=_MACHO_MACHINES.get(image.header.cpu_type.name, image.header.cpu_type.name.lower()),
        kind=kinds.get(image.header.file_type.name, "other"),
        soname=str(own[0]) if own else None,
        needed=tuple(str(library.name) for library in image.libraries if library.name not in own),
        runpath=tuple(str(command.path) for command in image.rpaths),
        runpath_kind="rpath" if image.has_rpath else None,
        exports_digest=_digest(str(symbol.name) for symbol in image.exported_symbols),
    )


def _pe(image: lief.PE.Binary) -> BinaryFacts:
    library = lief.PE.Header.CHARACTERISTICS.DLL in image.header.characteristics_list
    imports = [*image.imports, *image.delay_imports]
    export = image.get_export()
    exported = [] if export is None else [str(entry.name) for entry in export.entries]
    return BinaryFacts(
        format="pe",
        machine=_PE_MACHINES.get(image.header.machine.name, image.header.machine.name.lower()),
        kind="shared" if library else "executable",
        needed=tuple(dict.fromkeys(str(entry.name) for entry in imports)),
        exports_digest=_digest(exported),
    )


def _digest(names: Iterable[str]) -> str | None:
    ordered = sorted(set(names))
    return hashlib.sha256("\n".join(ordered).encode()).hexdigest() if ordered else None
