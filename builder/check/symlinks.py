"""Whether a package's symlinks lead to something inside the prefix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.check.context import CheckContext
from builder.model.finding import Finding, Severity
from builder.model.links import resolve
from builder.model.payload import Relocated


def check_symlinks(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield an error for each symlink that is absolute or leads out of the prefix, a warning where it leads nowhere.

    A target may be in this package, in its host environment, or in another output of the recipe.
    """
    links = {entry.entry.path: entry.entry.target for entry in relocated.entries if entry.entry.target is not None}
    known = _with_folders(_known(relocated, context))
    for path, target in links.items():
        end = resolve(path, links)
        if target.startswith("/"):
            yield _finding(path, Severity.ERROR, f"it leads to {target}, outside of the prefix")
        elif end is None:
            yield _finding(path, Severity.ERROR, f"it leads to {target}, out of the prefix or round in circles")
        elif end not in known:
            yield _finding(path, Severity.WARNING, f"it leads to {target}, which neither this package nor its host has")


def _known(relocated: Relocated, context: CheckContext) -> Iterator[str]:
    yield from (entry.entry.path for entry in relocated.entries)
    yield from context.owners
    for sibling in context.siblings:
        yield from sibling.paths


def _with_folders(paths: Iterable[str]) -> set[str]:
    seen: set[str] = {""}
    for path in paths:
        place = path
        while place not in seen:
            seen.add(place)
            place = place.rpartition("/")[0]
    return seen


def _finding(path: str, severity: Severity, message: str) -> Finding:
    return Finding(
        check="symlinks",
        severity=severity,
        path=path,
        message=message,
        remedy="make it a relative symlink to a file of this package or of a dependency",
    )
