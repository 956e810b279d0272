"""Where every needed library of a package comes from: the common ground of the checks about linking."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from builder.binary import GLIBC_LIBRARIES
from builder.check.context import CheckContext
from builder.model.globs import Globs
from builder.model.links import joined
from builder.model.payload import Relocated, RelocatedEntry
from builder.model.target import Target


class Source(StrEnum):
    """Who has a needed library."""

    OWN = "this package"
    HOST = "the host environment"
    SIBLING = "another output"
    SYSTEM = "the system"
    ALLOWED = "missing_dso_allowlist"
    MISSING = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One needed library of one file: ``package`` and ``place`` say whose it is and where in the prefix, if known."""

    path: str
    needed: str
    source: Source
    package: str | None = None
    place: str | None = None


_MACHINES = {"ppc64le": "ppc64", "riscv64": "riscv", "armv6l": "arm", "armv7l": "arm", "loongarch64": "loongarch"}


def elf_entries(relocated: Relocated, target: Target) -> Iterator[RelocatedEntry]:
    """Yield the ELF files that the target can load; a cross compiler's libraries for other machines are data."""
    machine = _MACHINES.get(target.arch, target.arch)
    for entry in relocated.entries:
        if entry.binary is not None and entry.binary.format == "elf" and entry.binary.machine == machine:
            yield entry


def links(relocated: Relocated, context: CheckContext) -> Iterator[Link]:
    """Yield every needed library of every loadable file, with who has it.

    The loader's order is kept: the folders of the file's run path first. After them any folder of the package itself
    (a library may already be loaded by who needs it) and ``lib/`` of the environment and of sibling outputs.
    """
    places = _places(relocated, context)
    own: dict[str, str] = {}
    for entry in relocated.entries:
        own.setdefault(posixpath.basename(entry.entry.path), entry.entry.path)
    allowlist = context.output.build.dynamic_linking.missing_dso_allowlist
    allowed = Globs(allowlist) if allowlist else None
    for entry in elf_entries(relocated, context.target):
        assert entry.binary is not None
        for needed in entry.binary.needed:
            found = _find(entry, needed, places, own)
            if found is not None:
                yield found
            elif needed in GLIBC_LIBRARIES or needed in context.system_libraries:
                yield Link(path=entry.entry.path, needed=needed, source=Source.SYSTEM)
            else:
                spellings = (needed, f"$RPATH/{needed}")
                known = allowed is not None and any(allowed.matches(spelling) for spelling in spellings)
                source = Source.ALLOWED if known else Source.MISSING
                yield Link(path=entry.entry.path, needed=needed, source=source)


def _places(relocated: Relocated, context: CheckContext) -> dict[str, tuple[Source, str]]:
    places = {path: (Source.SIBLING, sibling.name) for sibling in context.siblings for path in sibling.paths}
    places.update((path, (Source.HOST, name)) for path, name in context.owners.items())
    places.update((entry.entry.path, (Source.OWN, context.output.name)) for entry in relocated.entries)
    return places


def _find(
    entry: RelocatedEntry, needed: str, places: dict[str, tuple[Source, str]], own: dict[str, str]
) -> Link | None:
    for place in _candidates(entry, needed, own):
        if place in places:
            source, package = places[place]
            return Link(path=entry.entry.path, needed=needed, source=source, package=package, place=place)
    return None


def _candidates(entry: RelocatedEntry, needed: str, own: dict[str, str]) -> Iterator[str]:
    assert entry.binary is not None
    folder = posixpath.dirname(entry.entry.path)
    for part in entry.binary.runpath:
        if part.startswith(("$ORIGIN", "${ORIGIN}")):
            inside = joined(folder, part.replace("${ORIGIN}", "$ORIGIN").removeprefix("$ORIGIN"))
            if inside is not None:
                yield posixpath.join(inside, needed)
    if needed in own:
        yield own[needed]
    yield f"lib/{needed}"
