"""Whether a package's paths can exist on every machine that it is for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from builder.check.context import CheckContext
from builder.model.finding import Finding, Severity
from builder.model.payload import Relocated

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?", re.IGNORECASE)
_REFUSED_BY_WINDOWS = re.compile(r'[<>:"\\|?*]|[. ]$')


def check_names(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each path with control characters or bytes that are no UTF-8, and for each case collision.

    Paths that differ only in case are an error where file systems do not tell them apart, and a warning elsewhere: one
    for all, since Linux' own headers have a dozen. On Windows, names that it reserves or refuses are errors.
    """
    paths = [entry.entry.path for entry in relocated.entries]
    for path in paths:
        wrong = _wrong(path, windows=context.target.is_win and context.output.build.noarch is None)
        if wrong:
            yield Finding(check="names", severity=Severity.ERROR, path=_shown(path), message=wrong)
    collisions = list(_collisions(paths))
    if collisions:
        first, *others = collisions[0]
        more = f", and so do {len(collisions) - 1} more" if len(collisions) > 1 else ""
        yield Finding(
            check="names",
            severity=Severity.ERROR if context.target.is_win or context.target.is_osx else Severity.WARNING,
            path=first,
            message=f"it differs only in case from {', '.join(others)}{more}; macOS and Windows keep one of each",
        )


def _wrong(path: str, *, windows: bool) -> str | None:
    try:
        path.encode()
    except UnicodeEncodeError:
        return "the name is no UTF-8"
    if _CONTROL.search(path):
        return "the name has control characters"
    if windows and any(_RESERVED.fullmatch(part) or _REFUSED_BY_WINDOWS.search(part) for part in path.split("/")):
        return "Windows cannot have a file of this name"
    return None


def _shown(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode().encode("unicode_escape").decode()


def _collisions(paths: list[str]) -> Iterator[list[str]]:
    """Yield groups of paths, or of their folders, that differ only in case."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for path in paths:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            name = "/".join(parts[:end])
            names[name.casefold()].add(name)
    for spellings in names.values():
        if len(spellings) > 1:
            yield sorted(spellings)
