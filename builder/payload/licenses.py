"""Finding the licence texts that a recipe names, in its sources and beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from builder.model.finding import Finding, Severity
from builder.model.globs import Globs
from builder.model.payload import LicenseFile
from builder.model.recipe import GlobList

_CHECK = "licenses"
_MAGIC = frozenset("*?[{")


def find_licenses(
    patterns: Sequence[str], roots: Sequence[Path]
) -> tuple[tuple[LicenseFile, ...], tuple[Finding, ...]]:
    """Return the licence files that ``patterns`` match below ``roots``, sorted by name, and what is wrong.

    Where several roots hold the same name the first wins: give the recipe's folder first, then the work folder. A
    pattern that matches nothing is an error, for a package without its licence may not be passed on.
    """
    found: dict[str, Path] = {}
    findings: list[Finding] = []
    for pattern in patterns:
        if problem := _refused(pattern):
            findings.append(problem)
            continue
        matches = [(name, root) for root in roots for name in _matches(root, pattern)]
        inside = [(name, root) for name, root in matches if _is_inside(root, name)]
        if not inside:
            findings.append(_missing(pattern, is_there=bool(matches)))
        for name, root in inside:
            found.setdefault(name, (root / name).resolve())
    return tuple(LicenseFile(name=name, content=found[name]) for name in sorted(found)), tuple(findings)


def _refused(pattern: str) -> Finding | None:
    parts = PurePosixPath(pattern).parts
    if not parts or ".." in parts or PurePosixPath(pattern).is_absolute():
        return Finding(
            check=_CHECK,
            severity=Severity.ERROR,
            message=f"the licence file {pattern!r} is not named by a path inside the sources or the recipe's folder",
            remedy="copy the text into the work folder in the script, or beside the recipe, and name it there",
        )
    return None


def _missing(pattern: str, *, is_there: bool) -> Finding:
    why = "is no regular file inside the folder that it was found in" if is_there else "was not found"
    return Finding(
        check=_CHECK,
        severity=Severity.ERROR,
        message=f"the licence file {pattern!r} {why}",
        remedy="about.license_file names files in the sources (as the script left them) or in the recipe's folder",
    )


def _matches(root: Path, pattern: str) -> Iterator[str]:
    """Yield the names below ``root`` that ``pattern`` matches; a plain path costs one look, not a walk of the tree."""
    if not _MAGIC.intersection(pattern):
        place = root / pattern
        if place.is_dir() and not place.is_symlink():
            yield from (f"{PurePosixPath(pattern)}/{name}" for name in _files_below(place))
        elif place.is_symlink() or place.is_file():
            yield str(PurePosixPath(pattern))
        return
    globs = Globs(GlobList(include=(pattern,)))
    yield from (name for name in _files_below(root) if globs.matches(name))


def _files_below(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            yield os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - 100,000 names


def _is_inside(root: Path, name: str) -> bool:
    """Whether the file is a regular one below ``root``, also when it is reached through symlinks."""
    try:
        real = (root / name).resolve()
        return real.is_relative_to(root.resolve()) and stat.S_ISREG(real.stat().st_mode)
    except (OSError, RuntimeError):  # nothing there, or symlinks that go round in circles
        return False
