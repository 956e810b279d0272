"""Whether a package holds what its `package_contents` test asks for; needs no environment (rattler-build's rules)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from builder.model.frozen import frozen
from builder.model.globs import Globs
from builder.model.recipe import GlobList, PackageContentsTest
from builder.model.target import Target

_SHOWN = 20
_END = "\0"
"""Stands behind paths and patterns when they are compared: a pattern here does not select what lies below a folder."""

_WINDOWS_PROGRAMS = ("Library/bin/", "Scripts/", "bin/", "Library/mingw-w64/bin/", "Library/usr/bin/", "")


@frozen
class _Wish:
    """One line of a test: some path must match one of ``patterns``, or none may."""

    section: str
    wanted: str
    patterns: tuple[str, ...]
    exists: bool = True


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
        if wish.exists:
            matched.update(found)
        if wish.exists and not found:
            looked = f" (looked for {', '.join(wish.patterns)})" if wish.patterns != (wish.wanted,) else ""
            wrong.append(f"{wish.section}: nothing matches {wish.wanted!r}{looked}")
        elif found and not wish.exists:
            wrong.append(f"{wish.section}: {_some(found)} must not be there ({wish.wanted!r})")
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
    places: tuple[tuple[str, tuple[str, ...], tuple[str, ...], _Place], ...] = (
        ("include", test.include, test.not_include, _headers),
        ("bin", test.bin, test.not_bin, _programs),
        ("lib", test.lib, test.not_lib, _libraries),
        ("site_packages", test.site_packages, test.not_site_packages, partial(_modules, noarch_python=noarch_python)),
        ("files", test.files, test.not_files, _itself),
    )
    for section, wanted, unwanted, place in places:
        for exists, names in ((True, wanted), (False, unwanted)):
            for name in names:
                for patterns in place(name, on):
                    yield _Wish(section=section, wanted=name, patterns=patterns, exists=exists)


_Place = Callable[[str, Target], Sequence[tuple[str, ...]]]
"""Says for a name and a platform what must be there: something for each of the groups of patterns."""


def _itself(name: str, _: Target) -> tuple[tuple[str, ...], ...]:
    return ((name,),)


def _headers(name: str, on: Target) -> tuple[tuple[str, ...], ...]:
    return ((f"{on.family.library_prefix}include/{name}",),)


def _programs(name: str, on: Target) -> tuple[tuple[str, ...], ...]:
    if on.family.name == "emscripten":
        return ((f"bin/{name}.js", f"bin/{name}.wasm"),)
    if on.family.unix:
        return ((f"bin/{name}",),)
    return (tuple(f"{folder}{name}{{,.exe,.bat,.cmd,.com,.ps1}}" for folder in _WINDOWS_PROGRAMS),)


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


def _modules(name: str, on: Target, *, noarch_python: bool) -> tuple[tuple[str, ...], ...]:
    folder = on.family.site_packages.format(version="*")
    base = "site-packages" if noarch_python else folder
    if "/" in name:
        return ((f"{base}/{name}",),)
    path = name.replace(".", "/")
    return ((f"{base}/{path}.py", f"{base}/{path}/__init__.py"),)
