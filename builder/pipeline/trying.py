"""The testing phase: the package's own tests, and what becomes of a package that fails them."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from builder.check.clobbering import clashing
from builder.check.undeclared import undeclared_findings
from builder.environment import link
from builder.environment.packages import PackageStore
from builder.environment.wall import in_thread
from builder.errors import PackageTestError, Problem
from builder.model.environment import Clash, LinkedPrefix, LockedPackage
from builder.model.finding import Finding
from builder.model.frozen import frozen
from builder.model.name import stem_of
from builder.model.package import Package, TestResult
from builder.pipeline.work import Work
from builder.report.events import Found
from builder.testing import TestBench, test_package


@frozen
class Tried:
    """How a package's tests went, and the paths that several packages brought into their environments."""

    results: tuple[TestResult, ...]
    clashes: tuple[Clash, ...] = ()


async def tried(
    work: Work, package: Package, epoch: int, *, beside: Sequence[Package] = (), task_id: str | None = None
) -> Tried:
    """Run the package's tests, each in a fresh session, the package offered beside the channels.

    Packages ``beside`` it are offered too: those that need it to run as it needs them. ``task_id`` is the task that
    made the package, if it is another one.
    """
    bench = work.bench
    allowance = bench.allowance(task_id or work.task.id)
    clashes: dict[Clash, None] = {}

    async def link_for(specs: Sequence[str], inside: PurePosixPath) -> LinkedPrefix:
        subdir = work.rendering.platforms.host
        environment = await bench.solver_of(work.rendering).solve(specs, subdir=subdir, loose=[package, *beside])
        linked = await link(environment, inside, bench.store, access=bench.access, report=work.note, scripts_run=True)
        clashes.update(dict.fromkeys(linked.clashes))
        return linked

    async def fetch(wanted: LockedPackage) -> Path:
        return await PackageStore(bench.store, bench.access, work.note).archive(wanted, work.folder("downstream"))

    stem = stem_of(package.file_name)
    logs = bench.logs / stem
    logs.mkdir(parents=True, exist_ok=True)
    scratch = work.folder("tests") / stem
    scratch.mkdir()
    results = await test_package(
        package.path,
        TestBench(
            platform=work.rendering.platforms.host,
            sandbox=bench.sandbox,
            rootfs=bench.root.folder,
            inside=work.inside,
            limits=allowance.limits,
            permissions=allowance.allowed.tests,
            link=link_for,
            fetch=fetch,
            scratch=scratch,
            logs=logs,
            epoch=epoch,
            cores=bench.cores,
            at_once=bench.cores,
            secrets=bench.secrets,
            on_line=work.say,
        ),
    )
    return Tried(results=results, clashes=tuple(clashes))


def found_by(work: Work, tried: Tried) -> tuple[Finding, ...]:
    """Return, and tell, a finding for each clash of packages, and for each program of the machine that tests used."""
    found = (
        *clashing(tried.clashes, "the environment of a test"),
        *(
            finding
            for result in tried.results
            for finding in undeclared_findings(result.undeclared, result.what, "the test's requirements.run")
        ),
    )
    for finding in found:
        work.bench.emit(Found(task_id=work.task.id, finding=finding))
    return found


def package_epoch(package: Package) -> int:
    """Return the package's time, in seconds since 1970."""
    return int(json.loads(package.record).get("timestamp", 0)) // 1000


async def set_aside(work: Work, package: Package, results: Sequence[TestResult]) -> tuple[Problem, ...]:
    """Move a package that failed its tests out of the way and return what is to be said of it."""
    place = work.bench.broken / package.subdir / package.file_name
    await in_thread(_move, package.path, place)
    failed = [result for result in results if not result.passed]
    lines = "".join(f"\n  {one.what}:" + "".join(f"\n  │ {line}" for line in one.tail.splitlines()) for one in failed)
    count = f"{len(failed)} of {len(results)} tests failed" if len(results) > 1 else "its test failed"
    logs = ", ".join(str(one.log) for one in failed if one.log is not None)
    error = PackageTestError(
        f"{package.file_name} stays out of the channel: {count}{lines}",
        remedy=f"`{shlex.join(['bakehouse', 'debug', str(place)])}` enters its test{f'; logs: {logs}' if logs else ''}",
    )
    return error.problems


def _move(package: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(package, place)
