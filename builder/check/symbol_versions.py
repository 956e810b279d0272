"""Whether the libraries that a package will meet have the symbol versions that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from builder.binary import order, read_facts
from builder.check.context import CheckContext
from builder.check.links import Link, Source, elf_entries, links
from builder.model.finding import Finding, Severity
from builder.model.links import resolve
from builder.model.payload import Relocated

Provided = dict[str, str]
"""The highest version of each family."""


def check_symbol_versions(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each file that needs a newer version of a library than the package or its environment has.

    It happens when a compiler links against its own newer libstdc++ and the run dependency is an older one. glibc has a
    check of its own, for it is in no package.
    """
    own = {entry.entry.path: dict(entry.binary.provides) for entry in relocated.entries if entry.binary is not None}
    inside = {entry.entry.path: entry.entry.target for entry in relocated.entries if entry.entry.target is not None}
    known: dict[str, Provided] = {}
    offered: dict[str, Provided] = {}
    for link in links(relocated, context):
        if link.place is None or link.source is Source.SIBLING:
            continue
        if link.place not in known:
            end = resolve(link.place, inside) or link.place
            known[link.place] = own.get(end, {}) if link.source is Source.OWN else _of_host(link, context)
        offer = offered.setdefault(link.path, {})
        for family, version in known[link.place].items():
            if order(version) >= order(offer.get(family, "")):
                offer[family] = version
    for entry in elf_entries(relocated, context.target):
        assert entry.binary is not None
        for family, version in entry.binary.versions:
            if family == "GLIBC":
                continue
            there = offered.get(entry.entry.path, {}).get(family)
            if there is not None and order(version) > order(there):
                yield Finding(
                    check="symbol-versions",
                    severity=Severity.ERROR,
                    path=entry.entry.path,
                    message=f"it needs {family}_{version}, and the library that it will find ends at {family}_{there}",
                    remedy="build with a compiler whose runtime libraries are those of the host environment",
                )


def _of_host(link: Link, context: CheckContext) -> Provided:
    if context.host is None or link.place is None:
        return {}
    place = _real(context.host.folder, link.place)
    facts = None if place is None else read_facts(place)
    return {} if facts is None else dict(facts.provides)


def _real(folder: Path, path: str) -> Path | None:
    """Return the regular file that ``path`` leads to inside the environment, None when it leads out of it."""
    place = (folder / path).resolve()
    return place if place.is_relative_to(folder.resolve()) and place.is_file() else None
