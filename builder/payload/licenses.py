"""Finding the licence texts that a recipe names, in its sources, beside it, and in what the script installed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from builder.model.finding import Finding, Severity
from builder.model.globs import Globs
from builder.model.payload import LicenseFile
from builder.model.recipe import GlobList

_CHECK = "licenses"
_MAGIC = frozenset("*?[{")
_PLACE = re.compile(r"\$\{\{ ([A-Z_]+) \}\}/*")
_NO_PLACES: Mapping[str, Sequence[Path]] = MappingProxyType({})


def find_licenses(
    patterns: Sequence[str], roots: Sequence[Path], places: Mapping[str, Sequence[Path]] = _NO_PLACES
) -> tuple[tuple[LicenseFile, ...], tuple[Finding, ...]]:
    """Return the licence files that ``patterns`` match below ``roots``, sorted by name, and what is wrong.

    Where several roots hold the same name the first wins: give the recipe's folder first, then the work folder. A
    pattern may begin with a place of the build, ``${{ PREFIX }}/share/…``: ``places`` has the folders of each, and the
    text is named from where the pattern's first wildcard stands, or by its own name alone (rattler-build's rule). A
    pattern that matches nothing is an error, for a package without its licence may not be passed on.
    """
    found: dict[str, Path] = {}
    findings: list[Finding] = []
    for pattern in patterns:
        wanted, folders = _in_place(pattern, roots, places)
        if problem := _refused(pattern, wanted):
            findings.append(problem)
            continue
        matches = [(name, root) for root in folders for name in _matches(root, wanted)]
        inside = [(name, root) for name, root in matches if _is_inside(root, name)]
        if not inside:
            findings.append(_missing(pattern, is_there=bool(matches)))
        start = "" if folders is roots else _start(wanted)
        for name, root in inside:
            found.setdefault(name.removeprefix(start), (root / name).resolve())
    return tuple(LicenseFile(name=name, content=found[name]) for name in sorted(found)), tuple(findings)


def _in_place(pattern: str, roots: Sequence[Path], places: Mapping[str, Sequence[Path]]) -> tuple[str, Sequence[Path]]:
    """Return the pattern without the place that it begins with, and the folders to look into."""
    place = _PLACE.match(pattern)
    return (pattern, roots) if place is None else (pattern[place.end() :], places.get(place[1], ()))


def _start(pattern: str) -> str:
    """Return the part of ``pattern`` that is no part of a text's name: the folders before its first wildcard."""
    parts = PurePosixPath(pattern).parts
    fixed = next((number for number, part in enumerate(parts) if _MAGIC.intersection(part)), len(parts) - 1)
    return "".join(f"{part}/" for part in parts[:fixed])


def _refused(pattern: str, wanted: str) -> Finding | None:
    parts = PurePosixPath(wanted).parts
    if not parts or ".." in parts or PurePosixPath(wanted).is_absolute():
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
        remedy="about.license_file names files in the sources (as the script left them), in the recipe's folder, or, "
        "after ${{ PREFIX }}/, what the script installs",
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
