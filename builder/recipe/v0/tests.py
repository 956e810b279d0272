"""``test`` of a ``meta.yaml`` and the test files beside it, as the tests that packages carry.

conda-build runs all tests of a package in one environment: the package, its run requirements and ``test/requires``, and
the interpreters that its test files are for. It starts them in a folder with ``test/files`` and ``test/source_files``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from builder.model.frozen import frozen
from builder.model.interpreter import LANGUAGES, Language
from builder.model.recipe import DownstreamTest, GlobList, ImportTest, PythonTest, Script, ScriptTest, Test
from builder.recipe.v0.build import Work
from builder.recipe.v0.functions import with_star
from builder.recipe.v0.keys import Keys
from builder.syntax.legacy.data import Plain

KNOWN = frozenset(("requires", "commands", "files", "imports", "source_files", "downstreams", "script"))

_PYTHON = "python"
_PREFIXES = {"r-": "r", "perl-": "perl", "lua-": "lua"}
"""How names of packages begin whose ``imports`` are of another language than Python."""

_BY_KIND: Mapping[str, Language] = {language.kind: language for language in LANGUAGES}
_IN_BASH = "set -ex"
_FILES = (".py", ".pl", ".lua", ".r")


@frozen
class Imports:
    """What one language must load."""

    language: str
    names: tuple[str, ...]


@frozen
class Bench:
    """What all tests of a package have: further specs of their environment, and files."""

    requires: tuple[str, ...]
    recipe_files: GlobList
    source_files: GlobList

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but the package."""
        return not (self.requires or self.recipe_files or self.source_files)

    def script(self, script: Script, *needs: str, file: str | None = None) -> ScriptTest:
        """Return a test in bash, or of the script's interpreter, with a ``file`` of the recipe beside the others."""
        files = self.recipe_files
        if file is not None:
            files = GlobList(include=(*files.include, file), by_folder=True)
        run = tuple(dict.fromkeys((*self.requires, *needs)))
        return ScriptTest(script=script, run=run, recipe_files=files, source_files=self.source_files)


def tests_of(keys: Keys, work: Work) -> tuple[Test, ...]:
    """Return the tests of an output, in conda-build's order."""
    keys.unknown(KNOWN)
    bench = Bench(
        requires=tuple(map(with_star, keys.texts("requires"))),
        recipe_files=_anywhere(keys.texts("files")),
        source_files=keys.globs("source_files", by_folder=True),
    )
    return (
        *(test for kind in _FILES for test in _of_language(kind, keys, work, bench)),
        *_in_shell(keys, work, bench),
        *(DownstreamTest(downstream=spec) for spec in keys.texts("downstreams")),
    )


def _of_language(suffix: str, keys: Keys, work: Work, bench: Bench) -> Iterator[Test]:
    """Yield the tests of Python, Perl, Lua or R: the file beside the recipe, then what must load."""
    file, names = _test_file(suffix, keys, work), _imported(suffix, keys, work)
    match suffix:
        case ".py":
            if file is not None:
                yield bench.script(Script(file=file, interpreter=_PYTHON, strict=False), _PYTHON)
            if names:
                yield _python(names, work, bench)
        case ".lua":
            lines = tuple(f"lua -e 'require \"{name}\"'" for name in names)
            if file is not None:
                yield bench.script(Script(content=(f"lua {file}",), strict=False), "lua", file=file)
            if lines:
                yield bench.script(Script(content=lines, strict=False), "lua")
        case _:
            language = _BY_KIND[_LANGUAGE_OF[suffix]]
            program, package = language.interpreter.name, language.interpreter.package or ""
            if file is not None:
                yield bench.script(Script(file=file, interpreter=program, strict=False), package)
            if names and bench.is_plain:
                yield ImportTest(language=language, names=names)
            elif names:
                lines = tuple(language.statement.format(name) for name in names)
                yield bench.script(Script(content=lines, interpreter=program, strict=False), package)


_LANGUAGE_OF = {".py": _PYTHON, ".pl": "perl", ".lua": "lua", ".r": "r"}


def _python(names: Sequence[str], work: Work, bench: Bench) -> Test:
    """Return the test that modules load; where the package does not bring Python itself, Python is asked for."""
    brings = any(spec.split()[0] == _PYTHON for spec in work.metadata.requirements("run") if spec.split())
    if bench.is_plain and brings:
        return PythonTest(imports=tuple(names), pip_check=False)
    lines = tuple(f"import {name}" for name in names)
    return bench.script(Script(content=lines, interpreter=_PYTHON, strict=False), _PYTHON)


def _in_shell(keys: Keys, work: Work, bench: Bench) -> Iterator[Test]:
    """Yield the test in the platform's shell: the script beside the recipe and the commands, one after the other."""
    file, commands = _test_file(".bat" if work.is_windows else ".sh", keys, work), keys.texts("commands")
    if file is not None and not commands:
        yield bench.script(Script(file=file, strict=False))
    elif commands:
        before = (work.text.script(file) or "",) if file is not None else ()
        start = () if work.is_windows else (_IN_BASH,)
        yield bench.script(Script(content=(*before, *start, *commands), strict=False))


def _test_file(suffix: str, keys: Keys, work: Work) -> str | None:
    """Return the name of the test file of that kind, if it is there: an output's is the one that it names."""
    name = f"run_test{suffix}"
    if work.parent is not None:
        name = keys.text("script") or ""
        if not name.lower().endswith(suffix):
            return None
    return name if work.text.script(name) is not None else None


def _imported(suffix: str, keys: Keys, work: Work) -> tuple[str, ...]:
    """Return what must load of a language; in a list of names it is the one that the package's name speaks of."""
    if "imports" not in keys:
        return ()
    wanted = _LANGUAGE_OF[suffix]
    found = next((language for start, language in _PREFIXES.items() if work.metadata.name.startswith(start)), _PYTHON)
    named = [one for one in _import_lists(keys, found) if one.language == wanted]
    return tuple(dict.fromkeys(name for one in named for name in one.names))


def _import_lists(keys: Keys, language: str) -> Iterator[Imports]:
    value = keys.data.get("imports")
    many = value if isinstance(value, list) else [value]
    plain: Plain = [one for one in many if not isinstance(one, dict)]
    yield Imports(language=language, names=replace(keys, data={"imports": plain}).texts("imports"))
    for entry in keys.entries("imports"):
        yield Imports(language=(entry.text("lang") or _PYTHON).lower(), names=entry.texts("imports"))


def _anywhere(patterns: Sequence[str]) -> GlobList:
    """Return globs of the recipe's files; they count in every folder."""
    include = tuple(one for pattern in patterns for one in (pattern, f"**/{pattern}"))
    return GlobList(include=include, by_folder=True) if include else GlobList()
