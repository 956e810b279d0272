"""Whether a package holds what its `package_contents` test asks for; needs no environment (rattler-build's rules)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.model.frozen import frozen
from builder.model.globs import Globs
from builder.model.recipe import GlobList, PackageContentsTest
from builder.model.target import Target

_SHOWN = 5
_END = "\0"
"""Stands behind paths and patterns when they are compared: a pattern here does not select what lies below a folder."""

_WINDOWS_PROGRAMS = ("Library/bin/", "Scripts/", "bin/", "Library/mingw-w64/bin/", "Library/usr/bin/", "")


@frozen
class _Wish:
    """One line of a test: some path must match one of ``patterns``."""

    section: str
    wanted: str
    patterns: tuple[str, ...]


def missing_contents(
    test: PackageContentsTest, paths: Iterable[str], on: Target, *, noarch_python: bool = False
) -> tuple[str, ...]:
    """Return what is wrong, one sentence each; nothing when the test passes.

    ``paths`` are those of ``paths.json``, ``on`` is the platform that the package is for. Raises ValueError for a
    pattern that cannot be read.
    """
    there = tuple(paths)
    matched: set[str] = set()
    wrong: list[str] = []
    for wish in _wishes(test, on, noarch_python=noarch_python):
        found = _matching(wish.patterns, there)
        matched.update(found)
        if not found:
            looked = f" (looked for {', '.join(wish.patterns)})" if wish.patterns != (wish.wanted,) else ""
            wrong.append(f"{wish.section}: nothing matches {wish.wanted!r}{looked}")
    for pattern in test.not_files:
        found = _matching((pattern,), there)
        if found:
            wrong.append(f"files: {_some(found)} must not be there ({pattern!r})")
    if test.strict and (rest := sorted(set(there) - matched)):
        wrong.append(f"strict: nothing asks for {_some(rest)}")
    return tuple(wrong)


def _matching(patterns: tuple[str, ...], paths: tuple[str, ...]) -> list[str]:
    globs = Globs(GlobList(include=tuple(pattern + _END for pattern in patterns)))
    return [path for path in paths if globs.matches(path + _END)]


def _some(paths: list[str]) -> str:
    more = len(paths) - _SHOWN
    return ", ".join(sorted(paths)[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _wishes(test: PackageContentsTest, on: Target, *, noarch_python: bool) -> Iterator[_Wish]:
    library = on.family.library_prefix
    for wanted in test.include:
        yield _Wish(section="include", wanted=wanted, patterns=(f"{library}include/{wanted}",))
    for wanted in test.bin:
        yield _Wish(section="bin", wanted=wanted, patterns=_programs(wanted, on))
    for wanted in test.lib:
        for patterns in _libraries(wanted, on):
            yield _Wish(section="lib", wanted=wanted, patterns=patterns)
    for wanted in test.site_packages:
        patterns = _modules(wanted, on, noarch_python=noarch_python)
        yield _Wish(section="site_packages", wanted=wanted, patterns=patterns)
    for wanted in test.files:
        yield _Wish(section="files", wanted=wanted, patterns=(wanted,))


def _programs(name: str, on: Target) -> tuple[str, ...]:
    if on.family.unix:
        return (f"bin/{name}",)
    return tuple(f"{folder}{name}{{,.exe,.bat,.cmd,.com,.ps1}}" for folder in _WINDOWS_PROGRAMS)


def _libraries(name: str, on: Target) -> tuple[tuple[str, ...], ...]:
    """Return what must be there for ``name``: on Windows two files, elsewhere one of several."""
    suffix = on.family.shared_library_suffix
    if not on.family.unix:
        if name.endswith((".dll", ".lib")):
            return ((f"Library/{'bin' if name.endswith('.dll') else 'lib'}/{name}",),)
        return ((f"Library/bin/{name}.dll",), (f"Library/lib/{name}.lib",))
    if name.endswith((suffix, ".a")) or (suffix == ".so" and ".so." in name):
        return ((f"lib/{name}",),)
    versioned = f"lib/{{,lib}}{name}.*.dylib" if suffix == ".dylib" else f"lib/{{,lib}}{name}{suffix}.*"
    return ((f"lib/{{,lib}}{name}{suffix}", versioned),)


def _modules(name: str, on: Target, *, noarch_python: bool) -> tuple[str, ...]:
    folder = on.family.site_packages.format(version="*")
    base = "site-packages" if noarch_python else folder
    if "/" in name:
        return (f"{base}/{name}",)
    path = name.replace(".", "/")
    return (f"{base}/{path}.py", f"{base}/{path}/__init__.py")
