"""info/tests: tests.yaml, which rattler-build's test runner reads, and a folder for each test (CEP 14)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from builder.archive import ArchiveMember
from builder.errors import RecipeError
from builder.model.carried import carried, files_of, start_of
from builder.model.interpreter import interpreter, interpreter_of_file
from builder.model.recipe import (
    DownstreamTest,
    GlobList,
    ImportTest,
    PackageContentsTest,
    PythonTest,
    Script,
    ScriptTest,
    Test,
)
from builder.pack.document import Plain, json_text, without_empty, yaml_text
from builder.pack.recipe import script_names
from builder.pack.request import PackRequest

_LENIENT = "set +uo pipefail"
"""The first line of what was written for conda-build's bash, whoever runs it."""


def test_members(request: PackRequest) -> Iterator[ArchiveMember]:
    """Yield all of ``info/tests/``; nothing for a recipe without tests. Tests are numbered from 0 in their order."""
    tests = request.rendering.output.tests
    if not tests:
        return
    recipe_folder = request.rendering.recipe.folder
    described: list[Plain] = []
    for number, test in enumerate(carried(tests)):
        folder = files_of(number)
        files = [file for file in request.test_files if file.test == number]
        for file in files:
            yield ArchiveMember(path=f"{folder}/{file.path}", content=file.content, executable=file.executable)
        form = _form(test, start_of(number) if files else None, recipe_folder)
        described.append(_short(form))
        taken = {file.path for file in files}
        for name, content in _files(test, form):
            if name not in taken:
                yield ArchiveMember(path=f"{folder}/{name}", content=content)
    yield ArchiveMember(path="info/tests/tests.yaml", content=yaml_text(described))


def _form(test: Test, start: str | None, recipe_folder: Path) -> dict[str, Plain]:
    """Return a test in the form of tests.yaml; ``start`` is where it starts if it has files of its own."""
    match test:
        case ScriptTest():
            return without_empty({
                "script": _script(test.script, start, recipe_folder),
                "requirements": without_empty({"build": test.build, "run": test.run}),
                "files": without_empty({"source": _globs(test.source_files), "recipe": _globs(test.recipe_files)}),
            })  # fmt: skip
        case PythonTest():
            named = without_empty({"imports": test.imports, "python_version": test.python_version})
            return {"python": named | ({} if test.pip_check else {"pip_check": False})}
        case ImportTest(language=language):
            return {language.kind: {language.listed: test.names}}
        case PackageContentsTest():
            return {"package_contents": _contents(test)}
        case DownstreamTest():
            return {"downstream": test.downstream}


def _short(form: dict[str, Plain]) -> dict[str, Plain]:
    """Return a test whose script is nothing but its lines with these alone, as rattler-build writes it."""
    match form:
        case {"script": {"content": tuple() as lines, **others}} if not others:
            return {**form, "script": lines}
        case _:
            return form


def _script(script: Script, start: str | None, recipe_folder: Path) -> dict[str, Plain]:
    content: Plain = script.content
    known = interpreter(script.interpreter) if script.interpreter is not None else None
    if script.file is not None:
        file = _script_file(script, recipe_folder)
        content = file.read_text(encoding="utf-8")
        known = known or (interpreter_of_file(file.name) if script.interpreter is None else None)
    if not script.strict and (known is None or known.in_wrapper):
        content = f"{_LENIENT}\n{content}" if isinstance(content, str) else (_LENIENT, *(script.content or ()))
    return {"content": content or []} | without_empty({
        "interpreter": known.name if known else script.interpreter,
        "env": dict(script.env),
        "secrets": script.secrets,
        "cwd": start or script.cwd,
    })  # fmt: skip


def _script_file(script: Script, recipe_folder: Path) -> Path:
    for name in script_names(script):
        if (recipe_folder / name).is_file():
            return recipe_folder / name
    raise RecipeError(
        f"the test script {script.file} is not in the recipe's folder",
        code="pack.test-script",
        remedy="put the file beside the recipe, or write its commands into the recipe",
    )


def _contents(test: PackageContentsTest) -> dict[str, Plain]:
    return without_empty({
        "files": _existing(test.files, test.not_files),
        "site_packages": _existing(test.site_packages, test.not_site_packages),
        "bin": _existing(test.bin, test.not_bin),
        "lib": _existing(test.lib, test.not_lib),
        "include": _existing(test.include, test.not_include),
        "strict": test.strict or None,
    })  # fmt: skip


def _existing(wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> Plain:
    return without_empty({"exists": wanted, "not_exists": unwanted}) if unwanted else wanted


def _globs(globs: GlobList) -> Plain:
    return {"include": globs.include, "exclude": globs.exclude} if globs.exclude else globs.include


def _files(test: Test, form: dict[str, Plain]) -> Iterator[tuple[str, bytes]]:
    """Yield the files that CEP 14 describes for one test."""
    match test:
        case ScriptTest():
            yield "script.json", json_text(form["script"])
            yield "test_time_dependencies.json", json_text({"build": test.build, "run": test.run})
        case PythonTest():
            yield "test_import.py", "".join(f"import {name}\n" for name in test.imports).encode()
        case DownstreamTest():
            yield "test_downstream.json", json_text({"downstream": test.downstream})
        case ImportTest() | PackageContentsTest():
            return
