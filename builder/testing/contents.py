"""Whether a package holds what its `package_contents` test asks for; needs no environment (rattler-build's rules)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.model.globs import Globs
from builder.model.recipe import GlobList, PackageContentsTest
from builder.model.target import Target


def missing_contents(
    test: PackageContentsTest, paths: Iterable[str], on: Target, *, noarch_python: bool = False
) -> tuple[str, ...]:
    """Return what is wrong, one sentence each; nothing when the test passes."""
    there = tuple(paths)
    matched: set[str] = set()
    wrong: list[str] = []
    for section, wanted, patterns in _patterns(test, on, noarch_python=noarch_python):
        globs = Globs(GlobList(include=patterns))
        found = {path for path in there if globs.matches(path)}
        matched |= found
        if not found:
            wrong.append(f"{section}: nothing matches {wanted!r} (looked for {', '.join(patterns)})")
    for pattern in test.not_files:
        found = {path for path in there if Globs(GlobList(include=(pattern,))).matches(path)}
        if found:
            wrong.append(f"files: {min(found)} is there although {pattern!r} must not be")
    if test.strict and (rest := sorted(set(there) - matched)):
        wrong.append(f"strict: no pattern matches {', '.join(rest[:5])}{' …' if len(rest) > 5 else ''}")
    return tuple(wrong)


def _patterns(
    test: PackageContentsTest, on: Target, *, noarch_python: bool
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for wanted in test.files:
        yield "files", wanted, (wanted,)
    for wanted in test.bin:
        yield "bin", wanted, _bin(wanted, on)
    for wanted in test.lib:
        yield "lib", wanted, _lib(wanted, on)
    for wanted in test.include:
        yield "include", wanted, (f"{_library(on)}include/{wanted}",)
    for wanted in test.site_packages:
        yield "site_packages", wanted, _site_packages(wanted, on, noarch_python=noarch_python)


def _library(on: Target) -> str:
    return "" if on.family.unix else "Library/"


def _bin(name: str, on: Target) -> tuple[str, ...]:
    if on.family.unix:
        return (f"bin/{name}",)
    suffixes = "{,.exe,.bat,.cmd,.com,.ps1}"
    folders = ("Library/bin/", "Scripts/", "bin/", "Library/mingw-w64/bin/", "Library/usr/bin/", "")
    return tuple(f"{folder}{name}{suffixes}" for folder in folders)


def _lib(name: str, on: Target) -> tuple[str, ...]:
    suffix = on.family.shared_library_suffix
    if not on.family.unix:
        if name.endswith((".dll", ".lib")):
            return (f"Library/{'bin' if name.endswith('.dll') else 'lib'}/{name}",)
        return (f"Library/bin/{name}.dll", f"Library/lib/{name}.lib")
    if name.endswith((suffix, ".a")) or f"{suffix}." in name:
        return (f"lib/{name}",)
    versioned = f"lib/{{,lib}}{name}.*{suffix}" if suffix == ".dylib" else f"lib/{{,lib}}{name}{suffix}.*"
    return (f"lib/{{,lib}}{name}{suffix}", versioned)


def _site_packages(name: str, on: Target, *, noarch_python: bool) -> tuple[str, ...]:
    base = (
        "site-packages" if noarch_python else ("lib/python*/site-packages" if on.family.unix else "Lib/site-packages")
    )
    if "/" in name:
        return (f"{base}/{name}",)
    path = name.replace(".", "/")
    return (f"{base}/{path}.py", f"{base}/{path}/__init__.py")
