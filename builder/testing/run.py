"""Runs a package's tests one after the other and says how each went."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.archive import read_package
from builder.errors import BakehouseError, Interrupted, MachineError
from builder.model.frozen import frozen
from builder.model.package import TestResult
from builder.model.recipe import DownstreamTest, PackageContentsTest, PythonTest, Script, ScriptTest
from builder.model.target import target
from builder.testing.bench import TestBench
from builder.testing.contents import missing_contents
from builder.testing.read import CarriedTest, ForeignTest, read_tests
from builder.testing.session import ScriptRun, Subject, run_in_session


async def test_package(package: Path, bench: TestBench) -> tuple[TestResult, ...]:
    """Run every test that the package file carries, and go on after a failure.

    A test whose environment cannot be had has failed, with the reason as its last lines. Raises `MachineError` when
    the machine cannot run tests, `SourceError` when the package or its list of tests cannot be read.
    """
    opened = await asyncio.to_thread(read_package, package)
    subject = Subject(package=opened, bench=bench)
    results: list[TestResult] = []
    for number, test in enumerate(read_tests(opened)):
        results += [await _one(part, subject) for part in _parts(test, number)]
    return tuple(results)


@frozen
class _Part:
    """A test, or one of its runs: ``what`` names it for people."""

    what: str
    test: CarriedTest
    run: ScriptRun | None = None


def _parts(test: CarriedTest, number: int) -> Sequence[_Part]:
    match test:
        case ScriptTest():
            run = ScriptRun(name=str(number), number=number, script=test.script, run=test.run, build=test.build)
            return [_Part(what=f"script {number}", test=test, run=run)]
        case PythonTest():
            return [_python(test, number, version) for version in test.python_version or (None,)]
        case PackageContentsTest():
            return [_Part(what=f"package_contents {number}", test=test)]
        case DownstreamTest(downstream=name):
            return [_Part(what=f"downstream {name}", test=test)]
        case ForeignTest(kind=kind):
            return [_Part(what=f"{kind} {number}", test=test)]


def _python(test: PythonTest, number: int, version: str | None) -> _Part:
    """Return a run of a Python test; as with rattler-build the package brings its Python itself unless one is named."""
    imports = "\n".join(f"import {name}" for name in test.imports)
    lines = [f"python -c {shlex.quote(imports)}", *(["python -m pip check"] if test.pip_check else [])]
    needs = [*([f"python={version}"] if version else []), *(["pip"] if test.pip_check else [])]
    name = f"{number}-{version}" if version else str(number)
    run = ScriptRun(name=name, number=number, script=Script(content=tuple(lines)), run=tuple(needs))
    return _Part(what=f"python {number}{f' ({version})' if version else ''}", test=test, run=run)


async def _one(part: _Part, subject: Subject) -> TestResult:
    began = time.perf_counter()
    try:
        result = await _result(part, subject)
    except (MachineError, Interrupted):
        raise
    except (BakehouseError, ValueError) as error:
        result = TestResult(what=part.what, passed=False, seconds=0, tail=str(error))
    return replace(result, seconds=time.perf_counter() - began)


async def _result(part: _Part, subject: Subject) -> TestResult:
    if part.run is not None:
        return await _script(part.what, part.run, subject)
    match part.test:
        case PackageContentsTest() as test:
            wrong = await asyncio.to_thread(_contents, test, subject)
            return TestResult(what=part.what, passed=not wrong, seconds=0, tail="\n".join(wrong))
        case DownstreamTest():
            tail = "not run: tests of dependent packages come with a later version"
            return TestResult(what=f"{part.what} (not run)", passed=True, seconds=0, tail=tail)
        case _:
            tail = "this version cannot run tests of this kind"
            return TestResult(what=part.what, passed=False, seconds=0, tail=tail)


async def _script(what: str, run: ScriptRun, subject: Subject) -> TestResult:
    cwd = run.script.cwd
    if cwd is not None and (PurePosixPath(cwd).is_absolute() or ".." in PurePosixPath(cwd).parts):
        return TestResult(what=what, passed=False, seconds=0, tail=f"it wants to start in {cwd}, outside the package")
    ran = await run_in_session(run, subject)
    tail = ran.tail if ran.good else (*ran.tail, f"({what} {ran.ending})")
    return TestResult(what=what, passed=ran.good, seconds=0, log=ran.log, tail="\n".join(tail))


def _contents(test: PackageContentsTest, subject: Subject) -> tuple[str, ...]:
    index = subject.package.index()
    paths = [str(entry["_path"]) for entry in subject.package.paths()]
    return missing_contents(test, paths, target(subject.bench.platform), noarch_python=index.get("noarch") == "python")
