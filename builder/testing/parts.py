"""What is run for a test that a package carries: a script in an environment, once or for each version of Python."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from builder.model.frozen import frozen
from builder.model.recipe import DownstreamTest, ImportTest, PackageContentsTest, PythonTest, Script, ScriptTest
from builder.testing.read import CarriedTest, ForeignTest
from builder.testing.session import ScriptRun

_NEEDS_PYTHON = (
    "command -v python >/dev/null || { "
    "echo 'no Python comes with the package: add python to requirements.run, or set python_version'; exit 1; }"
)


@frozen
class Part:
    """A test, or one of its runs: ``what`` names it for people; without ``run`` it needs no session of its own."""

    what: str
    test: CarriedTest
    run: ScriptRun | None = None


def parts_of(test: CarriedTest, number: int, *, versions: bool = True) -> Sequence[Part]:
    """Return the runs of test ``number``, at least one.

    Without ``versions`` a Python test runs once, with the Python that its environment comes with: the versions that a
    package supports by itself say nothing about it beside a given other package (rattler-build's rule).
    """
    match test:
        case ScriptTest():
            run = ScriptRun(name=str(number), number=number, script=test.script, run=test.run, build=test.build)
            return [Part(what=f"script {number}", test=test, run=run)]
        case PythonTest():
            wanted = test.python_version if versions else ()
            return [_python(test, number, version) for version in wanted or (None,)]
        case ImportTest():
            return [_imports(test, number)]
        case PackageContentsTest():
            return [Part(what=f"package_contents {number}", test=test)]
        case DownstreamTest(downstream=name):
            return [Part(what=f"downstream {name}", test=test)]
        case ForeignTest(kind=kind):
            return [Part(what=f"{kind} {number}", test=test)]


def _python(test: PythonTest, number: int, version: str | None) -> Part:
    """Return a run of a Python test; as with rattler-build the package brings its Python itself unless one is named."""
    imports = "\n".join(f"import {name}" for name in test.imports)
    lines = [_NEEDS_PYTHON, f"python -c {shlex.quote(imports)}", *(["python -m pip check"] if test.pip_check else [])]
    needs = [*([f"python={version}"] if version else []), *(["pip"] if test.pip_check else [])]
    name = f"{number}-{version}" if version else str(number)
    run = ScriptRun(name=name, number=number, script=Script(content=tuple(lines)), run=tuple(needs))
    return Part(what=f"python {number}{f' ({version})' if version else ''}", test=test, run=run)


def _imports(test: ImportTest, number: int) -> Part:
    language = test.language
    program = language.interpreter
    script = Script(content=tuple(language.statement.format(name) for name in test.names), interpreter=program.name)
    needs = (program.package,) if program.package else ()
    run = ScriptRun(name=str(number), number=number, script=script, run=needs)
    return Part(what=f"{language.kind} {number}", test=test, run=run)
