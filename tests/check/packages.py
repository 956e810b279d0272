"""Relocated packages and what is around them, for the tests of the checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from builder.check import CheckContext
from builder.model.binary import BinaryFacts
from builder.model.environment import (
    DependencyOrigin,
    Environment,
    Environments,
    LinkedPrefix,
    LockedPackage,
    RunDependency,
)
from builder.model.finding import Finding, Severity
from builder.model.payload import Entry, EntryKind, Relocated, RelocatedEntry
from builder.model.recipe import Build, DynamicLinking, Output
from builder.model.target import target
from tests.payload.prefix import linked, package


def elf(
    path: str,
    *needed: str,
    runpath: tuple[str, ...] = ("$ORIGIN",),
    versions: Mapping[str, str] | None = None,
    provides: Mapping[str, str] | None = None,
    machine: str = "x86_64",
) -> RelocatedEntry:
    """Return an ELF file with these facts and without content."""
    facts = BinaryFacts(
        format="elf",
        machine=machine,
        kind="shared" if ".so" in path else "executable",
        needed=needed,
        runpath=runpath,
        runpath_kind="rpath" if runpath else None,
        versions=tuple(sorted((versions or {}).items())),
        provides=tuple(sorted((provides or {}).items())),
    )
    return RelocatedEntry(entry=Entry(path=path, kind=EntryKind.FILE), sha256="0" * 64, binary=facts)


def plain(path: str, content: Path | None = None, **fields: object) -> RelocatedEntry:
    """Return an ordinary file."""
    return RelocatedEntry(
        entry=Entry(path=path, kind=EntryKind.FILE, content=content), sha256="0" * 64, **fields  # type: ignore[arg-type]
    )  # fmt: skip


def link(path: str, to: str) -> RelocatedEntry:
    """Return a symlink."""
    return RelocatedEntry(entry=Entry(path=path, kind=EntryKind.SYMLINK, target=to), sha256="0" * 64)


def relocated(*entries: RelocatedEntry, **fields: object) -> Relocated:
    """Return a relocated package of these entries."""
    return Relocated(entries=entries, **fields)  # type: ignore[arg-type]


def environments(
    *run: str,
    host: Iterable[LockedPackage] = (),
    exported: Mapping[str, str] | None = None,
    constrains: tuple[str, ...] = (),
) -> Environments:
    """Return solved environments: ``run`` specs of the recipe, ``exported`` specs by the host package that exports them."""
    depends = [RunDependency(spec=spec, origin=DependencyOrigin.RECIPE) for spec in run]
    depends += [
        RunDependency(spec=spec, origin=DependencyOrigin.HOST_RUN_EXPORT, source=source)
        for spec, source in (exported or {}).items()
    ]
    return Environments(
        build=Environment(),
        host=Environment(packages=tuple(host)),
        depends=tuple(depends),
        constrains=tuple(RunDependency(spec=spec, origin=DependencyOrigin.RECIPE) for spec in constrains),
    )


def host(*paths: tuple[str, str], folder: Path = Path("/nowhere")) -> LinkedPrefix:
    """Return a host environment of (path, package's name)."""
    return linked(folder, dict(paths))


def linking(**fields: object) -> Output:
    """Return an output with this ``dynamic_linking``."""
    return package(build=Build(dynamic_linking=DynamicLinking(**fields)))  # type: ignore[arg-type]


def around(**fields: object) -> CheckContext:
    """Return a context with these fields; the rest is an empty world on linux-64."""
    usual: dict[str, object] = {"output": package(), "target": target("linux-64"), "environments": environments()}
    return CheckContext(**{**usual, **fields})  # type: ignore[arg-type]


def brief(findings: Iterable[Finding]) -> list[tuple[str, Severity, str | None]]:
    """Return what findings are and where, without their words."""
    return [(finding.check, finding.severity, finding.path) for finding in findings]
