"""``bakehouse test``: run a finished package's own tests in a fresh environment."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import click

from builder.archive import read_package
from builder.cli.app import Context
from builder.cli.baking import LIMITS, sandbox_root, solver_for
from builder.cli.collection import find_collection
from builder.cli.options import Places, Telling, places, telling
from builder.cli.site import Site, secrets, site
from builder.cli.waiting import wait_for
from builder.environment import Solving, link
from builder.environment.packages import PackageStore
from builder.errors import UsageError
from builder.model.environment import LinkedPrefix, LockedPackage
from builder.model.frozen import frozen
from builder.model.inside import SEALED
from builder.model.name import stem_of
from builder.model.package import Package, TestResult
from builder.model.target import NOARCH
from builder.pack import read_back
from builder.pipeline import Root
from builder.report import Reporter, make_reporter, write_document, write_text
from builder.report.events import LogLine, Noted
from builder.report.package import test_document
from builder.report.text import duration
from builder.sandbox import Sandbox, find_sandbox
from builder.testing import TestBench, secret_names, test_package, together


@frozen
class TestChoice:
    """Which tests to run, ``jobs`` of them at once; ``cores`` is how many this machine has."""

    __test__ = False

    only: tuple[int, ...]
    jobs: int
    cores: int


@click.command("test")
@click.argument("packages", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PKG...")
@click.option(
    "only", "--test", "--test-index", multiple=True, type=click.IntRange(0, 9999), metavar="N",
    help="Only test number N, from 0; more than one may be given.",
)  # fmt: skip
@click.option("jobs", "-j", "--jobs", type=click.IntRange(1, 256), help="Tests at once  [default: one for each core].")
@places
@telling
@click.pass_obj
def command(
    context: Context,
    packages: tuple[Path, ...],
    only: tuple[int, ...],
    jobs: int | None,
    places: Places,
    telling: Telling,
) -> int:
    """Run the tests that packages carry, each in a fresh environment and sandbox.

    \b
    Examples:
      bakehouse test channel/linux-64/libzlib-1.3.1-h40f3c7b_0.conda -c channel
      bakehouse test channel/linux-64/*.conda -c channel -j 4
    """  # noqa: D301 - \b keeps click from wrapping the example
    place = site(places, find_collection(Path()))
    reporter = make_reporter(telling.kind, sys.stderr, verbose=telling.verbose)
    cores = len(os.sched_getaffinity(0))
    choice = TestChoice(only=only, jobs=jobs or cores, cores=cores)
    try:
        results = wait_for(_test_all(packages, choice, place, reporter), abandon=context.abandon, tidy=reporter.close)
    finally:
        reporter.close()
    if telling.json:
        document = [
            {"package": str(package), "tests": [test_document(one) for one in found]} for package, found in results
        ]
        write_document(document, sys.stdout)
    else:
        write_text("\n".join(line for package, found in results for line in _lines(package, found)), sys.stderr)
    return 0 if all(one.passed for _, found in results for one in found) else 1


async def _test_all(
    packages: Sequence[Path], choice: TestChoice, place: Site, reporter: Reporter
) -> list[tuple[Path, tuple[TestResult, ...]]]:
    """Return the results of all packages in their order; what is no package is refused before anything runs."""
    for path in packages:
        if not path.is_file():
            raise UsageError(
                f"there is no package {path}", code="cli.no-package", remedy="name a package file of a channel"
            )
    opened = [await asyncio.to_thread(read_back, path) for path in packages]
    root = await sandbox_root(place, reporter.emit)
    platforms = {_platform(package) for package in opened}
    kitchen = _Kitchen(
        place=place,
        root=root,
        sandbox=await asyncio.to_thread(find_sandbox, None, place.store.root / "probe"),
        solver=solver_for(place, platforms, root.glibc),
        reporter=reporter,
    )
    together_now = min(choice.jobs, len(packages))
    share = replace(choice, jobs=max(1, choice.jobs // together_now), cores=max(1, choice.cores // together_now))
    works = [partial(_test, path, package, share, kitchen) for path, package in zip(packages, opened, strict=True)]
    return list(zip(packages, await together(works, together_now), strict=True))


@frozen
class _Kitchen:
    """What the tests of all packages share."""

    place: Site
    root: Root
    sandbox: Sandbox
    solver: Solving
    reporter: Reporter


async def _test(path: Path, package: Package, choice: TestChoice, kitchen: _Kitchen) -> tuple[TestResult, ...]:
    place, reporter, platform = kitchen.place, kitchen.reporter, _platform(package)
    noting = _noting(reporter)

    async def link_for(specs: Sequence[str], inside: PurePosixPath) -> LinkedPrefix:
        environment = await kitchen.solver.solve(specs, subdir=platform, loose=[package])
        return await link(environment, inside, place.store, offline=place.offline, report=noting, scripts_run=True)

    async with place.store.scratch_async(f"test {package.file_name}", keep=True) as scratch:
        (scratch / "downstream").mkdir()

        async def fetch(wanted: LockedPackage) -> Path:
            packages = PackageStore(place.store, offline=place.offline, report=noting)
            return await packages.archive(wanted, scratch / "downstream")

        logs = place.store.root / "logs" / stem_of(path.name)
        logs.mkdir(parents=True, exist_ok=True)
        bench = TestBench(
            platform=platform,
            sandbox=kitchen.sandbox,
            rootfs=kitchen.root.folder,
            inside=SEALED,
            limits=LIMITS,
            link=link_for,
            fetch=fetch,
            scratch=scratch,
            logs=logs,
            epoch=_epoch(path),
            cores=choice.cores,
            at_once=choice.jobs,
            secrets=secrets(secret_names(path)),
            on_line=lambda line: reporter.emit(LogLine(task_id=package.file_name, line=line)),
        )
        return await test_package(path, bench, only=choice.only)


def _platform(package: Package) -> str:
    """Return where the package's tests run."""
    return "linux-64" if package.subdir == NOARCH else package.subdir


def _noting(reporter: Reporter) -> Callable[[str], None]:
    return lambda text: reporter.emit(Noted(text=text))


def _epoch(path: Path) -> int:
    timestamp = read_package(path).index().get("timestamp", 0)
    return int(timestamp) // 1000


def _lines(package: Path, results: Sequence[TestResult]) -> list[str]:
    lines = [f"{package.name}: {'no tests' if not results else ''}".rstrip(": ")]
    for one in results:
        verdict = "skipped" if one.skipped else "passed" if one.passed else "FAILED"
        lines.append(f"  {verdict}  {one.what}  ({duration(one.seconds)})")
        if one.skipped or not one.passed:
            lines += [f"    │ {line}" for line in one.tail.splitlines()]
    return lines
