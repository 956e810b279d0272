"""Runs a package's tests one after the other and says how each went."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.archive import OpenPackage, read_package
from builder.errors import BakehouseError
from builder.model.package import TestResult
from builder.model.recipe import DownstreamTest, PackageContentsTest, PythonTest, Script, ScriptTest, Test
from builder.model.target import target
from builder.sandbox import Bind, Mount, Overlay, Tmpfs
from builder.script import ActivatedPrefix, Log, Ran, Run, Stage, run_script, test_variables
from builder.testing.bench import TestBench
from builder.testing.contents import missing_contents
from builder.testing.read import read_tests


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """The package under test; ``number`` is the test's place in its list, from 0."""

    package: OpenPackage
    number: int
    bench: TestBench

    @property
    def exact(self) -> str:
        index = self.package.index()
        return f"{index['name']} =={index['version']} {index['build']}"

    @property
    def variables(self) -> dict[str, str]:
        index = self.package.index()
        return {
            "PKG_BUILDNUM": str(index["build_number"]),
            "PKG_BUILD_STRING": index["build"],
            "PKG_NAME": index["name"],
            "PKG_VERSION": index["version"],
        }


async def test_package(package: Path, bench: TestBench) -> tuple[TestResult, ...]:
    """Run every test that the package file carries, and go on after a failure.

    A test whose environment cannot be had has failed, with the reason as its last lines.
    """
    opened = await asyncio.to_thread(read_package, package)
    results = []
    for number, test in enumerate(read_tests(opened)):
        results.append(await _one(test, _Subject(package=opened, number=number, bench=bench)))
    return tuple(results)


async def _one(test: Test, subject: _Subject) -> TestResult:
    began = time.perf_counter()
    what = f"{_kind(test)} {subject.number}"
    try:
        match test:
            case PackageContentsTest():
                wrong = _contents(test, subject)
                tail, log = "\n".join(wrong), None
                passed = not wrong
            case ScriptTest():
                ran = await _script(test.script, test, subject)
                passed, tail, log = ran.good, "\n".join(ran.tail), ran.log
            case PythonTest():
                ran = await _script(_python_script(test), ScriptTest(script=Script(), run=_python_needs(test)), subject)
                passed, tail, log = ran.good, "\n".join(ran.tail), ran.log
            case DownstreamTest(downstream=name):
                what, passed, tail, log = f"downstream {name} (not run)", True, "", None
    except BakehouseError as error:
        passed, tail, log = False, str(error), None
    return TestResult(what=what, passed=passed, seconds=time.perf_counter() - began, log=log, tail=tail)


def _kind(test: Test) -> str:
    match test:
        case PackageContentsTest():
            return "package_contents"
        case ScriptTest():
            return "script"
        case PythonTest():
            return "python"
        case DownstreamTest():
            return "downstream"


def _contents(test: PackageContentsTest, subject: _Subject) -> tuple[str, ...]:
    index = subject.package.index()
    paths = [str(entry["_path"]) for entry in subject.package.paths()]
    return missing_contents(test, paths, target(subject.bench.platform), noarch_python=index.get("noarch") == "python")


async def _script(script: Script, test: ScriptTest, subject: _Subject) -> Ran:
    """Run one script in an environment that holds the package and what the test asks for besides."""
    bench, inside = subject.bench, subject.bench.inside
    host = await bench.link([subject.exact, *test.run], inside.test_prefix)
    prefixes = [ActivatedPrefix(inside=inside.test_prefix, folder=host.folder)]
    place = bench.scratch / str(subject.number)
    mounts: list[Mount] = [_layer(host.folder, place, "test_env", subject)]
    if test.build:
        tools = await bench.link(test.build, inside.build_prefix)
        prefixes.append(ActivatedPrefix(inside=inside.build_prefix, folder=tools.folder))
        mounts.append(Overlay(lower=(tools.folder,), upper=place / "build_env", inside=inside.build_prefix))
    await asyncio.to_thread(_lay_out, subject, place)
    mounts += [
        Bind(source=place / "work", inside=inside.test_work, writable=True),
        Bind(source=place / "script", inside=inside.script),
        Tmpfs(inside=inside.home),
    ]
    stage = Stage(inside=inside, epoch=bench.epoch, cores=bench.cores)
    index = subject.package.index()
    variables = test_variables(stage, subject.variables, subdir=bench.platform)
    if test.build:
        variables["BUILD_PREFIX"] = str(inside.build_prefix)
        variables["PATH"] = f"{inside.build_prefix}/bin:{variables['PATH']}"
    log = Log(bench.logs / f"test-{subject.number}.log", on_line=bench.on_line)
    run = Run(script=script, folder=place / "script", inside=inside.script, cwd=inside.test_work, prefixes=prefixes)
    async with bench.sandbox.open(bench.rootfs, mounts, bench.limits, variables) as session:
        return await run_script(session, run, log)


def _layer(folder: Path, place: Path, name: str, subject: _Subject) -> Overlay:
    return Overlay(lower=(folder,), upper=place / name, inside=subject.bench.inside.test_prefix)


def _lay_out(subject: _Subject, place: Path) -> None:
    """Write the test's own files, those below ``info/tests/<number>/``, where it starts."""
    for name in ("work", "script"):
        (place / name).mkdir(parents=True, exist_ok=True)
    start = f"tests/{subject.number}/"
    for name in subject.package.info_files():
        if name.startswith(start):
            file = place / "work" / name.removeprefix(start)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(subject.package.read_info(name))
    for name in ("work", "script"):
        (place / name).chmod(0o755)


def _python_needs(test: PythonTest) -> tuple[str, ...]:
    return ("python", *(("pip",) if test.pip_check else ()))


def _python_script(test: PythonTest) -> Script:
    lines: Sequence[str] = [f"python -c 'import {name}'" for name in test.imports]
    return Script(content=(*lines, *(("pip check",) if test.pip_check else ())))
