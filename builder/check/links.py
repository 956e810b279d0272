"""Where every needed library of a package comes from: the common ground of the checks about linking."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from enum import StrEnum

from builder.binary import GLIBC_LIBRARIES
from builder.check.context import CheckContext
from builder.model.frozen import frozen
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


@frozen
class Link:
    """One needed library of one file: ``package`` and ``place`` say whose it is and where in the prefix, if known.

    ``reached`` is whether the file's own run path leads there.
    """

    path: str
    needed: str
    source: Source
    package: str | None = None
    place: str | None = None
    reached: bool = True


@frozen
class _Surroundings:
    """Whose each path of the prefix is, and the package's own paths by their names."""

    places: dict[str, tuple[Source, str]]
    own: dict[str, str]
    prefix: str


_MACHINES = {"ppc64le": "ppc64", "riscv64": "riscv", "armv6l": "arm", "armv7l": "arm", "loongarch64": "loongarch"}


def elf_entries(relocated: Relocated, target: Target) -> Iterator[RelocatedEntry]:
    """Yield the ELF files that the target can load; a cross compiler's libraries for other machines are data."""
    machine = _MACHINES.get(target.arch, target.arch)
    for entry in relocated.entries:
        if entry.binary is not None and entry.binary.format == "elf" and entry.binary.machine == machine:
            yield entry


def links(relocated: Relocated, context: CheckContext) -> Iterator[Link]:
    """Yield every needed library of every loadable file, with who has it.

    The loader's order is kept: the folders of the file's run path, then the system. After them, not reached by the file
    itself, any folder of the package (a library may already be loaded by who needs it) and ``lib/`` of the environment
    and of sibling outputs.
    """
    surroundings = _surroundings(relocated, context)
    system = GLIBC_LIBRARIES | context.system_libraries
    allowlist = context.output.build.dynamic_linking.missing_dso_allowlist
    allowed = Globs(allowlist) if allowlist else None
    for entry in elf_entries(relocated, context.target):
        assert entry.binary is not None
        for needed in entry.binary.needed:
            found = _find(entry, needed, surroundings)
            if found is not None and (found.reached or needed not in system):
                yield found
            elif needed in system:
                yield Link(path=entry.entry.path, needed=needed, source=Source.SYSTEM)
            else:
                spellings = (needed, f"$RPATH/{needed}")
                known = allowed is not None and any(allowed.matches(spelling) for spelling in spellings)
                source = Source.ALLOWED if known else Source.MISSING
                yield Link(path=entry.entry.path, needed=needed, source=source)


def _surroundings(relocated: Relocated, context: CheckContext) -> _Surroundings:
    places = {path: (Source.SIBLING, sibling.name) for sibling in context.siblings for path in sibling.paths}
    places.update((path, (Source.HOST, name)) for path, name in context.owners.items())
    places.update((entry.entry.path, (Source.OWN, context.output.name)) for entry in relocated.entries)
    own: dict[str, str] = {}
    for entry in relocated.entries:
        own.setdefault(posixpath.basename(entry.entry.path), entry.entry.path)
    return _Surroundings(places=places, own=own, prefix=relocated.placeholder)


def _find(entry: RelocatedEntry, needed: str, surroundings: _Surroundings) -> Link | None:
    for place, reached in _candidates(entry, needed, surroundings):
        if place in surroundings.places:
            source, package = surroundings.places[place]
            path = entry.entry.path
            return Link(path=path, needed=needed, source=source, package=package, place=place, reached=reached)
    return None


def _candidates(entry: RelocatedEntry, needed: str, surroundings: _Surroundings) -> Iterator[tuple[str, bool]]:
    """Yield (place in the prefix, whether the file's own run path or the name itself leads there)."""
    assert entry.binary is not None
    if "/" in needed:
        # A library without SONAME is needed by its path; an installer replaces the placeholder in it.
        if surroundings.prefix and needed.startswith(f"{surroundings.prefix}/"):
            yield needed.removeprefix(f"{surroundings.prefix}/"), True
        return
    folder = posixpath.dirname(entry.entry.path)
    for part in entry.binary.runpath:
        if part.startswith(("$ORIGIN", "${ORIGIN}")):
            inside = joined(folder, part.replace("${ORIGIN}", "$ORIGIN").removeprefix("$ORIGIN"))
            if inside is not None:
                yield posixpath.join(inside, needed), True
    if needed in surroundings.own:
        yield surroundings.own[needed], False
    yield f"lib/{needed}", False
