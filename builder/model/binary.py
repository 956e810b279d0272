"""What is known of a binary file, whatever its format."""

from __future__ import annotations

from typing import Literal

from builder.model.frozen import frozen

BinaryKind = Literal["executable", "shared", "object", "other"]


@frozen
class BinaryFacts:
    """Facts of one ELF, Mach-O or PE file.

    ``needed`` are the names of shared libraries in file order; ``runpath`` the run path's parts and ``runpath_kind``
    the tag that holds them; ``versions`` the highest required symbol version of each version family
    (``("GLIBC", "2.34")``) and ``provides`` the highest that the file itself defines; ``exports_digest`` a sha256 over
    the sorted exported dynamic symbols (None without any).
    """

    format: Literal["elf", "macho", "pe"]
    machine: str
    kind: BinaryKind
    soname: str | None = None
    needed: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    runpath_kind: Literal["rpath", "runpath"] | None = None
    interpreter: str | None = None
    versions: tuple[tuple[str, str], ...] = ()
    provides: tuple[tuple[str, str], ...] = ()
    exports_digest: str | None = None
