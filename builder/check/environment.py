"""Whether the script left the environment's own files alone, and the package takes nobody else's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from builder.check.context import CheckContext
from builder.model.finding import Finding, Severity
from builder.model.payload import EntryKind, Relocated


def check_environment(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a warning for each file of the environment that the script changed or deleted, and that the package shares.

    None of it reaches the package or other builds, since prefixes are copy-on-write; users will miss what it was for.
    """
    packed = {one.entry.path: one for one in relocated.entries if one.entry.kind is not EntryKind.DIRECTORY}
    installed, owners = context.installed, context.owners
    if installed is not None:
        for path in installed.changed:
            if path not in packed and not path.endswith(".pyc"):  # which a Python renews that takes it for stale
                yield _finding(path, f"the script changed this file{_owner(path, owners)}; the change is left out")
        for path in installed.deleted:
            yield _finding(path, f"the script deleted this file{_owner(path, owners)}; users will have it")
    for path in sorted(packed):
        if path in owners and owners[path] != context.output.name:
            yield _finding(path, f"the package {owners[path]} has a file at this place too")
        for sibling in context.siblings:
            if path in sibling.paths:
                same = sibling.digests.get(path) == packed[path].sha256
                bytes_too = ", with the same bytes" if same else ""
                found = _finding(path, f"the output {sibling.name} has a file at this place too{bytes_too}")
                yield replace(found, severity=Severity.NOTE) if same else found


def _owner(path: str, owners: Mapping[str, str]) -> str:
    owner = owners.get(path)
    return f" of the package {owner}" if owner is not None else ""


def _finding(path: str, message: str) -> Finding:
    return Finding(check="environment", severity=Severity.WARNING, path=path, message=message)
