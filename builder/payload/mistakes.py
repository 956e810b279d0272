"""Common mistakes of Python packages, told before users meet them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from builder.model.finding import Finding, Severity
from builder.model.payload import Entry
from builder.model.recipe import Output
from builder.model.version import Version

_LIBRARY = re.compile(r"\.(so|dylib)(\.[0-9.]+)?$|\.pyd$")
_MAGIC = (b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"MZ")
_EDITABLE = re.compile(r"(__editable__.+|_editable_impl_.+|.+\.egg-link|easy-install\.pth)$")
_FOLDER = "site-packages/"
_CROWDED = frozenset({"build", "docs", "doc", "examples", "scripts", "src", "test", "tests"})
_VERSIONED = re.compile(rb"#!.*/python[0-9]*\.[0-9]+|.*\n'''exec' .*/python[0-9]*\.[0-9]+")
_HEAD = 1024


def python_mistakes(entries: Sequence[Entry], output: Output) -> Iterator[Finding]:
    """Yield what is wrong with the Python side of ``entries``, whose paths are those in the package."""
    if output.build.noarch == "python":
        yield from _compiled(entries)
    if output.build.for_every_python:
        yield from _scripts(entries)
    packages = [entry for entry in entries if _FOLDER in entry.path]
    yield from _editable(packages)
    yield from _crowded(packages)
    yield from _versions(packages, output)


def _compiled(entries: Sequence[Entry]) -> Iterator[Finding]:
    for entry in entries:
        if entry.content is None:
            continue
        if (_LIBRARY.search(entry.path) or entry.executable) and _head(entry).startswith(_MAGIC):
            yield Finding(
                check="noarch",
                severity=Severity.ERROR,
                path=entry.path,
                message="a noarch package cannot hold compiled files: they run on one platform only",
                remedy="drop build.noarch; for an extension that works with every Python (abi3) set "
                "build.python.version_independent",
            )


def _scripts(entries: Sequence[Entry]) -> Iterator[Finding]:
    commands = _console_scripts(entries)
    for entry in entries:
        place = PurePosixPath(entry.path)
        if place.parts[0] != "python-scripts" or entry.content is None:
            continue
        if (call := commands.get(place.name)) is not None:
            yield Finding(
                check="entry-points",
                severity=Severity.NOTE,
                path=entry.path,
                message=f"the command {place.name} is packed as a script, which Windows cannot start",
                remedy=f"add '{place.name} = {call}' to build.python.entry_points",
            )
        elif _VERSIONED.match(_head(entry)):
            yield Finding(
                check="entry-points",
                severity=Severity.WARNING,
                path=entry.path,
                message="the script asks for one version of Python, and the package is for all of them",
                remedy="install it with $PYTHON -m pip",
            )


def _console_scripts(entries: Sequence[Entry]) -> Mapping[str, str]:
    """Return the commands that distributions declare, each with what it calls."""
    found: dict[str, str] = {}
    for entry in entries:
        if entry.content is None or not entry.path.endswith(".dist-info/entry_points.txt"):
            continue
        import configparser  # which few packages have a use for

        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
        try:
            parser.read_string(entry.content.read_text(encoding="utf-8"))
        except (configparser.Error, UnicodeDecodeError):
            continue
        if parser.has_section("console_scripts"):
            found.update(parser.items("console_scripts"))
    return found


def _editable(entries: Sequence[Entry]) -> Iterator[Finding]:
    for entry in entries:
        place = PurePosixPath(entry.path)
        if place.parent.name == "site-packages" and _EDITABLE.fullmatch(place.name):
            yield Finding(
                check="editable",
                severity=Severity.ERROR,
                path=entry.path,
                message="this is an editable installation: it leads to the sources, which users do not have",
                remedy="install with $PYTHON -m pip install . --no-deps --no-build-isolation, without -e",
            )


def _crowded(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Yield a note for each module whose name many projects install by mistake: only one of them can have it."""
    told: set[str] = set()
    for entry in entries:
        parts = PurePosixPath(entry.path).parts
        at = parts.index("site-packages") + 1 if "site-packages" in parts else len(parts)
        name = parts[at] if at < len(parts) - 1 else ""
        if name in _CROWDED and name not in told:
            told.add(name)
            yield Finding(
                check="top-level",
                severity=Severity.NOTE,
                path="/".join(parts[: at + 1]),
                message=f"a top-level {name} is what other packages bring too, and only one can be installed",
                remedy="exclude it in the project's build settings, or remove it at the end of the script",
            )


def _versions(entries: Sequence[Entry], output: Output) -> Iterator[Finding]:
    """Yield a warning when the distribution that the package is named after has another version than the package."""
    for entry in entries:
        folder = PurePosixPath(entry.path).parent
        if not entry.path.endswith(".dist-info/METADATA"):
            continue
        name, _, version = folder.name.removesuffix(".dist-info").partition("-")
        if _normal(name) == _normal(output.name) and not _same(version, output.version):
            yield Finding(
                check="dist-info",
                severity=Severity.WARNING,
                path=str(folder),
                message=f"the package is version {output.version}, the Python project in it says {version}",
                remedy="if the project asks its version control system, tell it: "
                "SETUPTOOLS_SCM_PRETEND_VERSION=$PKG_VERSION for setuptools-scm and hatch-vcs",
            )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _same(one: str, other: str) -> bool:
    try:
        return Version.parse(one) == Version.parse(other)
    except ValueError:
        return one == other


def _head(entry: Entry) -> bytes:
    assert entry.content is not None
    with entry.content.open("rb") as file:
        return file.read(_HEAD)
