"""Solved environments: which packages, exactly, and where each came from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path, PurePosixPath

from builder.model.frozen import frozen


class ClashKind(StrEnum):
    """How packages come to bring one path: the ``same`` bytes, ``other`` bytes, or paths that differ in ``case``."""

    SAME = "same"
    OTHER = "other"
    CASE = "case"


@frozen
class Clash:
    """A path that several packages of one environment bring: that of ``winner`` is there, those of ``losers`` are not.

    Of paths that are one where case does not count, ``other`` is the losers' spelling.
    """

    path: str
    winner: str
    losers: tuple[str, ...]
    kind: ClashKind = ClashKind.OTHER
    other: str = ""


@frozen
class LockedPackage:
    """One package of a solved environment, as its channel's index describes it.

    ``url`` may be ``file://``; ``sha256`` is always known and is checked against the bytes before linking.
    ``record`` is the index record as canonical JSON text (the shape of CEP 36).
    """

    name: str
    version: str
    build: str
    build_number: int
    subdir: str
    file_name: str
    url: str
    channel: str
    sha256: str
    size: int
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    noarch: str | None = None
    record: str = "{}"

    @property
    def spec(self) -> str:
        """``name version build``, the exact spec."""
        return f"{self.name} {self.version} {self.build}"


@frozen
class Environment:
    """A solved environment: the specs it was solved for and its packages in an order that links dependencies first."""

    specs: tuple[str, ...] = ()
    packages: tuple[LockedPackage, ...] = ()


class DependencyOrigin(StrEnum):
    """Where a run dependency came from; the summary shows it."""

    RECIPE = "recipe"
    BUILD_RUN_EXPORT = "run export of build"
    HOST_RUN_EXPORT = "run export of host"
    STAGING = "run export of staging"
    PIN = "pin"
    PIN_RUN_AS_BUILD = "pin_run_as_build"


@frozen
class RunDependency:
    """A finished run dependency or constraint, and who asked for it (``source`` is a package's name or empty)."""

    spec: str
    origin: DependencyOrigin
    source: str = ""


@frozen
class ResolvedRunExports:
    """A package's own run exports with every pin resolved, under the names that ``run_exports.json`` uses (CEP 12)."""

    weak: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    weak_constrains: tuple[str, ...] = ()
    strong_constrains: tuple[str, ...] = ()
    noarch: tuple[str, ...] = ()


@frozen
class Environments:
    """Everything that the solves of one task decided; ``extras`` are groups of optional dependencies (CEP 44)."""

    build: Environment
    host: Environment
    depends: tuple[RunDependency, ...] = ()
    constrains: tuple[RunDependency, ...] = ()
    run_exports: ResolvedRunExports = ResolvedRunExports()
    extras: tuple[tuple[str, tuple[RunDependency, ...]], ...] = ()


@frozen
class LinkedPrefix:
    """A linked environment in the store: shared, read-only, its files written for the path ``inside``.

    ``folder`` is the prefix as it lies on this machine. ``owners`` maps a path in the prefix to its package's name.
    ``clashes`` are the paths that several packages bring. ``unpublishable`` are the files of packages that say of
    themselves that they are never to be published.
    """

    environment: Environment
    folder: Path
    inside: PurePosixPath
    owners: tuple[tuple[str, str], ...] = ()
    clashes: tuple[Clash, ...] = ()
    unpublishable: tuple[str, ...] = ()
