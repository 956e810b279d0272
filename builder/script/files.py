"""Which file of a recipe's folder a script is, decided once before anything runs (CEP 14, rattler-build's rules)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.model.interpreter import interpreter
from builder.model.recipe import Script, ScriptTest, Test
from builder.model.rendering import Rendering
from builder.model.target import target

_SHELL_SUFFIXES = {"bash": (".sh",), "cmd": (".bat", ".ps1")}


def with_files(rendering: Rendering) -> Rendering:
    """Return ``rendering`` with the scripts of its build and tests as files where they are some.

    A script of one line and nothing else is a file if the recipe's folder has one of that name, a name without a suffix
    may lack it, and an output without a script that takes no files from another one has ``build.sh`` (on Windows
    ``build.bat``) if that is there.
    """
    output, folder = rendering.output, rendering.recipe.folder
    shell = shell_of(rendering)
    script = _with_file(output.build.script, folder, shell)
    if script.content is None and script.file is None and output.inherit is None:
        script = replace(script, file=_found(_completed("build", _SHELL_SUFFIXES[shell]), folder))
    tests = tuple(_test(test, folder, shell) for test in output.tests)
    return replace(rendering, output=replace(output, build=replace(output.build, script=script), tests=tests))


def shell_of(rendering: Rendering) -> str:
    """Return the shell of the platform that ``rendering`` is for."""
    return target(rendering.platforms.target).family.script_shell


def _test(test: Test, folder: Path, shell: str) -> Test:
    return replace(test, script=_with_file(test.script, folder, shell)) if isinstance(test, ScriptTest) else test


def _with_file(script: Script, folder: Path, shell: str) -> Script:
    if script.file is not None:
        tried = _completed(script.file, tuple(_suffixes(script, shell)), bare=True)
        return replace(script, file=_found(tried, folder) or script.file)
    if script.content is not None and script == Script(content=script.content) and len(script.content) == 1:
        name = script.content[0].strip()
        file = _found(_completed(name, _SHELL_SUFFIXES[shell]), folder) if _may_be_file(name) else None
        if file is not None:
            return replace(script, content=None, file=file)
    return script


def _suffixes(script: Script, shell: str) -> Iterator[str]:
    """Yield what a file's name may lack; an interpreter's own suffix comes first."""
    named = interpreter(script.interpreter) if script.interpreter is not None else None
    if named is not None:
        yield from (*named.suffixes, *(suffix.upper() for suffix in named.suffixes))
    yield from _SHELL_SUFFIXES[shell]


def _may_be_file(text: str) -> bool:
    path = PurePosixPath(text)
    return len(text.split()) == 1 and not path.is_absolute() and ".." not in path.parts


def _completed(name: str, suffixes: tuple[str, ...], *, bare: bool = False) -> tuple[str, ...]:
    """Return the names that ``name`` may stand for: itself if it has a suffix, or is allowed to be ``bare``."""
    if PurePosixPath(name).suffix:
        return (name,)
    return (*(name + suffix for suffix in suffixes), *((name,) if bare else ()))


def _found(names: tuple[str, ...], folder: Path) -> str | None:
    return next((name for name in names if (folder / name).is_file()), None)
