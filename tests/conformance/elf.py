"""Takes out of an ELF file what a linker derives from the place that it links at; read by LIEF, a judge of its own."""

from __future__ import annotations

import re

import lief

_NOTE_HEADER = 16
"""Bytes of a GNU note before its content: two sizes, a type, the name "GNU"."""


def without_build_id(content: bytes) -> bytes:
    """Return the file with zeros for its build ID, a digest of all that the linker wrote, the placeholder included."""
    binary = _parsed(content)
    section = binary.get_section(".note.gnu.build-id") if binary else None
    if section is None:
        return content
    start, end = section.offset + _NOTE_HEADER, section.offset + section.size
    return content[:start] + bytes(end - start) + content[end:]


def without_last_slash(content: bytes) -> bytes:
    """Return the file with a NUL for the slash at the end of its run path, if there is one."""
    binary = _parsed(content)
    for entry in binary.dynamic_entries if binary else ():
        if not isinstance(entry, (lief.ELF.DynamicEntryRpath, lief.ELF.DynamicEntryRunPath)):
            continue
        path = entry.rpath if isinstance(entry, lief.ELF.DynamicEntryRpath) else entry.runpath
        text = path.encode() if isinstance(path, str) else path
        if text.endswith(b"/") and content.count(b"\0" + text + b"\0") == 1:
            return content.replace(b"\0" + text + b"\0", b"\0" + text[:-1] + b"\0\0")
    return content


def without_room(content: bytes) -> bytes:
    """Return the sections of the file, one after the other, as far as they do not depend on how long its strings were.

    CMake links with a run path into the build folder and overwrites it with a shorter one when it installs. How much
    room that left moves the sections between the strings and the code, and the addresses in the dynamic section.
    """
    binary = _parsed(content)
    if binary is None:
        return content
    parts = []
    for section in binary.sections:
        data = bytes(section.content)
        if section.name == ".dynstr":
            data = re.sub(rb"\0+", b"\0", data)
        elif section.name == ".dynamic":
            data = b" ".join(str(entry.tag).encode() for entry in binary.dynamic_entries)
        parts.append(str(section.name).encode() + b"\0" + data)
    return b"\0".join(parts)


def _parsed(content: bytes) -> lief.ELF.Binary | None:
    if not content.startswith(b"\x7fELF"):
        return None
    found = lief.ELF.parse(list(content))
    assert found is not None
    return found
