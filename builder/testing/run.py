"""Runs a package's tests, several at once, and says how each went."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from builder.archive import read_package
from builder.errors import BakehouseError, Interrupted, MachineError, UsageError
from builder.model.package import TestResult
from builder.model.recipe import DownstreamTest, PackageContentsTest
from builder.model.target import target
from builder.script import Ran, runnable
from builder.script.advice import Lent, advice
from builder.testing.bench import TestBench
from builder.testing.contents import missing_contents
from builder.testing.downstream import Downstream, find_downstream
from builder.testing.parts import Part, parts_of
from builder.testing.read import read_tests
from builder.testing.session import ScriptRun, Subject, run_in_session, starts_among_files
from builder.testing.together import together


async def test_package(
    package: Path,
    bench: TestBench,
    *,
    only: Collection[int] = (),  # noqa: PT028 - no test itself
) -> tuple[TestResult, ...]:
    """Run the tests that the package file carries, or ``only`` those of these numbers, and go on after a failure.

    Results are in the tests' order. A test whose environment cannot be had has failed, with the reason as its last
    lines. Tests of packages that depend on this one run when its own have passed. Raises `MachineError` when the
    machine cannot run tests, `SourceError` when the package or its list of tests cannot be read, `UsageError` for a
    number that no test has.
    """
    opened = await asyncio.to_thread(read_package, package)
    subject = Subject(package=opened, bench=bench)
    tests = read_tests(opened)
    if beyond := sorted(set(only) - set(range(len(tests)))):
        there = f"they are numbered from 0 to {len(tests) - 1}" if tests else "it has none"
        raise UsageError(f"{package.name} has no test {beyond[0]}", code="testing.number", remedy=there)
    chosen = [(number, test) for number, test in enumerate(tests) if not only or number in only]
    parts = [part for number, test in chosen for part in parts_of(test, number)]
    own = await _all([part for part in parts if not isinstance(part.test, DownstreamTest)], subject)
    passed, left = all(result.passed for result in own), iter(own)
    results: list[TestResult] = []
    for part in parts:
        if isinstance(part.test, DownstreamTest):
            results += await _downstream(part, part.test, subject) if passed else [_held_back(part)]
        else:
            results.append(next(left))
    return tuple(results)


async def _all(parts: Sequence[Part], subject: Subject) -> list[TestResult]:
    """Return the results of ``parts``, in their order; as many run at once as the bench allows."""
    bench = subject.bench
    sessions = sum(part.run is not None for part in parts)
    at_once = max(1, min(bench.at_once, sessions)) if bench.sandbox.sealed else 1
    own = replace(bench, cores=max(1, bench.cores // at_once))

    async def one(part: Part) -> TestResult:
        telling = own if at_once == 1 else replace(own, on_line=lambda line: own.on_line(f"{part.what}: {line}"))
        return await _one(part, replace(subject, bench=telling))

    return await together([partial(one, part) for part in parts], at_once)


async def _one(part: Part, subject: Subject) -> TestResult:
    began = time.perf_counter()
    try:
        result = await _result(part, subject)
    except (MachineError, Interrupted):
        raise
    except (BakehouseError, ValueError) as error:
        result = TestResult(what=part.what, passed=False, seconds=0, tail=str(error))
    return replace(result, seconds=time.perf_counter() - began)


async def _result(part: Part, subject: Subject) -> TestResult:
    if part.run is not None:
        return await _script(part.what, part.run, subject)
    match part.test:
        case PackageContentsTest() as test:
            wrong = await asyncio.to_thread(_contents, test, subject)
            return TestResult(what=part.what, passed=not wrong, seconds=0, tail="\n".join(wrong))
        case _:
            tail = "this version cannot run tests of this kind"
            return TestResult(what=part.what, passed=False, seconds=0, tail=tail)


async def _script(what: str, run: ScriptRun, subject: Subject) -> TestResult:
    cwd = PurePosixPath(run.script.cwd or "")
    if not starts_among_files(run) and (cwd.is_absolute() or ".." in cwd.parts):
        return TestResult(what=what, passed=False, seconds=0, tail=f"it wants to start in {cwd}, outside the package")
    try:
        runnable(run.script)
    except MachineError as error:  # not this machine is lacking: no machine of this platform runs it
        return TestResult(what=what, passed=False, seconds=0, tail=str(error))
    ran = await run_in_session(run, subject)
    tail = ran.tail if ran.good else (*ran.tail, f"({what} {ran.ending}{_advised(ran, subject)})")
    undeclared = ran.exit.undeclared
    return TestResult(what=what, passed=ran.good, seconds=0, log=ran.log, tail="\n".join(tail), undeclared=undeclared)


def _advised(ran: Ran, subject: Subject) -> str:
    bench = subject.bench
    network = bench.permissions.network or not bench.sandbox.sealed
    name = str(subject.package.index()["name"])
    lent = Lent(name=name, limits=bench.limits, network=network, permit="--allow-test-network")
    advised = advice(ran.exit, ran.tail, lent)
    return f"; {advised}" if advised is not None else ""


def _contents(test: PackageContentsTest, subject: Subject) -> tuple[str, ...]:
    index = subject.package.index()
    paths = [str(entry["_path"]) for entry in subject.package.paths()]
    return missing_contents(test, paths, target(subject.bench.platform), noarch_python=index.get("noarch") == "python")


def _held_back(part: Part) -> TestResult:
    tail = "not run, for the package's own tests failed"
    return TestResult(what=part.what, passed=True, seconds=0, tail=tail, skipped=True)


async def _downstream(part: Part, test: DownstreamTest, subject: Subject) -> list[TestResult]:
    """Run the scripts that the dependent package carries, in environments with the tested package in it."""
    began = time.perf_counter()
    try:
        found = await find_downstream(test.downstream, subject)
    except (MachineError, Interrupted):
        raise
    except BakehouseError as error:
        return [TestResult(what=part.what, passed=False, seconds=time.perf_counter() - began, tail=str(error))]
    if not isinstance(found, Downstream):
        return [TestResult(what=part.what, passed=True, seconds=time.perf_counter() - began, tail=found, skipped=True)]
    results = await _all(found.parts, found.subject)
    return [replace(result, what=f"downstream {found.stem}: {result.what}") for result in results]
