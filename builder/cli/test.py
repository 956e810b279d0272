"""``bakehouse test``: run a finished package's own tests in a fresh environment."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import click

from builder.archive import read_package
from builder.cli.app import Context
from builder.cli.baking import LIMITS, sandbox_root, solver_for
from builder.cli.collection import find_collection
from builder.cli.options import Places, Telling, places, telling
from builder.cli.site import Site, site
from builder.cli.waiting import wait_for
from builder.environment import link
from builder.errors import UsageError
from builder.model.environment import LinkedPrefix
from builder.model.inside import SEALED
from builder.model.package import TestResult
from builder.pack import read_back
from builder.report import Reporter, make_reporter, write_document, write_text
from builder.report.events import LogLine, Noted
from builder.report.package import test_document
from builder.report.text import duration
from builder.sandbox import find_sandbox
from builder.testing import TestBench, test_package


@click.command("test")
@click.argument("packages", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PKG...")
@places
@telling
@click.pass_obj
def command(context: Context, packages: tuple[Path, ...], places: Places, telling: Telling) -> int:
    """Run the tests that packages carry, each in a fresh environment and sandbox.

    \b
    Examples:
      bakehouse test channel/linux-64/libzlib-1.3.1-h40f3c7b_0.conda -c channel
    """  # noqa: D301 - \b keeps click from wrapping the example
    place = site(places, find_collection(Path()))
    reporter = make_reporter(telling.kind, sys.stderr, verbose=telling.verbose)
    try:
        results = wait_for(_test_all(packages, place, reporter), abandon=context.abandon, tidy=reporter.close)
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
    packages: Sequence[Path], place: Site, reporter: Reporter
) -> list[tuple[Path, tuple[TestResult, ...]]]:
    results = []
    for path in packages:
        if not path.is_file():
            raise UsageError(f"there is no package {path}", code="cli.no-package")
        results.append((path, await _test(path, place, reporter)))
    return results


async def _test(path: Path, place: Site, reporter: Reporter) -> tuple[TestResult, ...]:
    package = await asyncio.to_thread(read_back, path)
    root = await sandbox_root(place, reporter.emit)
    platform = "linux-64" if package.subdir == "noarch" else package.subdir
    solver = solver_for(place, {platform}, root.glibc)
    sandbox = await asyncio.to_thread(find_sandbox, None, place.store.root / "probe")

    async def link_for(specs: Sequence[str], inside: PurePosixPath) -> LinkedPrefix:
        environment = await solver.solve(specs, subdir=platform, loose=[package])
        return await link(environment, inside, place.store, offline=place.offline, report=_noting(reporter))

    async with place.store.scratch_async(f"test {package.file_name}", keep=True) as scratch:
        logs = place.store.root / "logs" / path.name.removesuffix(".conda")
        logs.mkdir(parents=True, exist_ok=True)
        bench = TestBench(
            platform=platform,
            sandbox=sandbox,
            rootfs=root.folder,
            inside=SEALED,
            limits=LIMITS,
            link=link_for,
            scratch=scratch,
            logs=logs,
            epoch=_epoch(path),
            cores=len(os.sched_getaffinity(0)),
            on_line=lambda line: reporter.emit(LogLine(task_id=package.file_name, line=line)),
        )
        return await test_package(path, bench)


def _noting(reporter: Reporter) -> Callable[[str], None]:
    return lambda text: reporter.emit(Noted(text=text))


def _epoch(path: Path) -> int:
    timestamp = read_package(path).index().get("timestamp", 0)
    return int(timestamp) // 1000


def _lines(package: Path, results: Sequence[TestResult]) -> list[str]:
    lines = [f"{package.name}: {'no tests' if not results else ''}".rstrip(": ")]
    for one in results:
        lines.append(f"  {'passed' if one.passed else 'FAILED'}  {one.what}  ({duration(one.seconds)})")
        if not one.passed:
            lines += [f"    │ {line}" for line in one.tail.splitlines()]
    return lines
