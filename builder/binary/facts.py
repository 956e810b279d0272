"""The facts of a binary file, read by the reader that its first bytes choose."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.binary.elf import (
    DT_FLAGS_1,
    DT_NEEDED,
    DT_RPATH,
    DT_RUNPATH,
    DT_SONAME,
    ET_DYN,
    ET_EXEC,
    ET_REL,
    MAGIC,
    PT_INTERP,
    Data,
    Elf,
    MalformedElf,
    read_elf,
)
from builder.binary.symbols import exports_digest
from builder.binary.versions import defined_versions, needed_versions
from builder.model.binary import BinaryFacts, BinaryKind

MACHINES = {
    2: "sparc", 3: "x86", 8: "mips", 20: "ppc", 21: "ppc64", 22: "s390x", 40: "arm", 43: "sparc64", 50: "ia64",
    62: "x86_64", 183: "aarch64", 190: "cuda", 224: "amdgpu", 243: "riscv", 247: "bpf", 258: "loongarch",
}  # fmt: skip
"""The ``e_machine`` numbers that occur, by the name that this project uses."""
_DF_1_PIE = 0x08000000
_UNIVERSAL = b"\xca\xfe\xba\xbe"
_FOREIGN = (
    b"\xfe\xed\xfa\xce", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xcf\xfa\xed\xfe", _UNIVERSAL, b"MZ",
)  # fmt: skip
_FIRST_JAVA = 45
"""Java classes have the magic of universal Mach-O files, and their version, at least this, where those have a count."""
_LARGEST_FOREIGN = 1 << 30


_SMALL = 1 << 20
"""Files of so many bytes are read, for that costs less than to map them."""


@contextmanager
def mapped(path: Path) -> Iterator[Data]:
    """Give the bytes of a regular file, a large one mapped; no symlink is followed and nothing else is waited for.

    Raises OSError when ``path`` is not a regular file.
    """
    # A FIFO would block and a symlink could lead out of the prefix: a script may have left either under any name.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is not a regular file")
        if status.st_size <= _SMALL:
            yield os.read(descriptor, _SMALL)
            return
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
            yield data
    finally:
        os.close(descriptor)


def is_binary(head: bytes) -> bool:
    """Whether a file that begins with ``head`` (four bytes suffice) may have facts."""
    return head.startswith((MAGIC, *_FOREIGN))


def read_facts(path: Path) -> BinaryFacts | None:
    """Return the facts of an ELF, Mach-O or PE file; None of any other file, and of one that is malformed.

    The first bytes decide, never the name. An ELF file that the dynamic loader could load is never malformed here, for
    both read the same records. Raises OSError when ``path`` is not a readable regular file.
    """
    with mapped(path) as data:
        if data[:4] == MAGIC:
            return elf_facts(data)
        if not _is_foreign(data) or len(data) > _LARGEST_FOREIGN:
            return None
        # LIEF takes most of a second to import: only files of other systems need it.
        from builder.binary.foreign import foreign_facts

        return foreign_facts(bytes(data))


def _is_foreign(data: Data) -> bool:
    """Whether the file is Mach-O or PE by more than its magic, which Java classes and plain text can have too."""
    head = data[:64]
    if head[:2] == b"MZ":
        start = int.from_bytes(head[60:64], "little")
        return len(head) == 64 and data[start : start + 4] == b"PE\0\0"
    if head[:4] == _UNIVERSAL:
        return 0 < int.from_bytes(head[4:8], "big") < _FIRST_JAVA
    return is_binary(head)


def elf_facts(data: Data) -> BinaryFacts | None:
    """Return the facts of the ELF file whose bytes are ``data``; None when they are no ELF file or a malformed one."""
    try:
        elf = read_elf(data)
        return None if elf is None else _facts(elf)
    except MalformedElf:
        return None


def _facts(elf: Elf) -> BinaryFacts:
    soname = elf.value(DT_SONAME)
    interpreter = _interpreter(elf)
    tag = DT_RUNPATH if elf.value(DT_RUNPATH) is not None else DT_RPATH
    run_path = elf.value(tag)
    return BinaryFacts(
        format="elf",
        machine=MACHINES.get(elf.machine, f"machine-{elf.machine}"),
        kind=_kind(elf, has_interpreter=interpreter is not None),
        soname=None if soname is None else elf.text(soname),
        needed=tuple(elf.text(index) for index in elf.values(DT_NEEDED)),
        runpath=() if run_path is None else tuple(part for part in elf.text(run_path).split(":") if part),
        runpath_kind=None if run_path is None else "runpath" if tag == DT_RUNPATH else "rpath",
        interpreter=interpreter,
        versions=needed_versions(elf),
        provides=defined_versions(elf),
        exports_digest=exports_digest(elf),
    )


def _kind(elf: Elf, *, has_interpreter: bool) -> BinaryKind:
    if elf.kind == ET_REL:
        return "object"
    if elf.kind == ET_EXEC:
        return "executable"
    if elf.kind != ET_DYN:
        return "other"
    # libc.so.6 has an interpreter and is a library all the same: its SONAME says so.
    position_independent = bool((elf.value(DT_FLAGS_1) or 0) & _DF_1_PIE)
    if position_independent or (has_interpreter and elf.value(DT_SONAME) is None):
        return "executable"
    return "shared"


def _interpreter(elf: Elf) -> str | None:
    for segment in elf.segments:
        if segment.kind == PT_INTERP and 0 < segment.size <= 4096:
            raw = elf.data[segment.offset : segment.offset + segment.size]
            return raw.split(b"\0")[0].decode("utf-8", "backslashreplace")
    return None
