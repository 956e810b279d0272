"""Whether a package needs no newer glibc than it declares."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from builder.binary import order
from builder.check.context import CheckContext, package_name
from builder.check.links import elf_entries
from builder.model.finding import Finding, Severity
from builder.model.match_spec import MatchSpec
from builder.model.payload import Relocated
from builder.model.version import Version
from builder.model.version_spec import VersionSpec

_ABI_MARKERS = {"GLIBC_ABI_DT_RELR": "2.36"}
"""Versions that are no symbols': what a loader must understand, by the first glibc that does."""
_NEWEST = 200
"""No glibc 2.x is looked for beyond this minor version."""


def check_glibc(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each file that needs a newer glibc than the oldest that the package lets itself be put on.

    The floor is what this package and those that it depends on ask of ``__glibc``. Without any, the target's own glibc
    is the floor, and the missing declaration a warning. The package that is glibc itself is not asked.
    """
    if any(posixpath.basename(entry.entry.path) == "libc.so.6" for entry in relocated.entries):
        return
    floor = _floor(_constraints(context))
    declared = floor is not None
    allowed = floor or context.glibc
    highest: tuple[str, str] | None = None
    for entry in elf_entries(relocated, context.target):
        assert entry.binary is not None
        needed = _needed(entry.binary.versions)
        if any(family == "GLIBC_PRIVATE" for family, _ in entry.binary.versions):
            yield _private(entry.entry.path)
        if not needed:
            continue
        highest = max(
            highest or (needed, entry.entry.path), (needed, entry.entry.path), key=lambda pair: order(pair[0])
        )
        if allowed is not None and order(needed) > order(allowed):
            yield _too_new(entry.entry.path, needed, allowed, declared=declared)
    if highest is not None and not declared:
        yield _undeclared(*highest)


def _needed(versions: Iterable[tuple[str, str]]) -> str:
    found = [_ABI_MARKERS.get(family, version if family == "GLIBC" else "") for family, version in versions]
    return max(found, key=order, default="")


def _constraints(context: CheckContext) -> list[VersionSpec]:
    """Every constraint on ``__glibc``: the package's own and those of the packages that come along with it."""
    environments = context.environments
    along = context.run_closure
    specs = [dependency.spec for dependency in (*environments.depends, *environments.constrains)]
    for package in environments.host.packages:
        if package.name in along:
            specs += [*package.depends, *package.constrains]
    found = [MatchSpec.parse(spec) for spec in specs if package_name(spec) == "__glibc"]
    return [spec.version for spec in found if spec.version is not None]


def _floor(constraints: list[VersionSpec]) -> str | None:
    """Return the oldest glibc that satisfies all ``constraints``, None without any."""
    if not constraints:
        return None
    for minor in range(_NEWEST):
        version = Version.parse(f"2.{minor}")
        if all(constraint.matches(version) for constraint in constraints):
            return f"2.{minor}"
    return None


def _too_new(path: str, needed: str, allowed: str, *, declared: bool) -> Finding:
    who = "the package may be installed on" if declared else "the target has"
    return Finding(
        check="glibc",
        severity=Severity.ERROR,
        path=path,
        message=f"it needs glibc {needed}, and {who} glibc {allowed}",
        remedy="build against an older sysroot (c_stdlib_version), or raise the constraint on __glibc",
    )


def _undeclared(needed: str, path: str) -> Finding:
    return Finding(
        check="glibc",
        severity=Severity.WARNING,
        path=path,
        message=f"the package needs glibc {needed} and declares no constraint on __glibc",
        remedy="add ${{ stdlib('c') }} to requirements.build, whose run export declares it",
    )


def _private(path: str) -> Finding:
    return Finding(
        check="glibc",
        severity=Severity.WARNING,
        path=path,
        message="it uses glibc's private symbols and will work with exactly one version of it",
    )
