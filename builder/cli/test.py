"""``bakehouse test``: run a finished package's own tests in a fresh environment."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import click

from builder.archive import read_package
from builder.cli.app import Context
from builder.cli.baking import solver_for
from builder.cli.collection import find_collection
from builder.cli.confinement import Confinement, confined, refuse_unknown
from builder.cli.foreign import foreign_to_tests
from builder.cli.grouping import PATH, grouped
from builder.cli.options import Places, Telling, places, telling
from builder.cli.roots import sandbox_and_root
from builder.cli.sandbox_options import SandboxChoice, test_sandbox_choice
from builder.cli.site import Site, secrets, site
from builder.cli.unpacked import is_unpacked, packed
from builder.cli.waiting import wait_for
from builder.environment import Solving, link
from builder.environment.packages import PackageStore
from builder.errors import BakehouseError, SourceError, UsageError, joined
from builder.model.environment import LinkedPrefix, LockedPackage
from builder.model.frozen import frozen
from builder.model.inside import SEALED, inside_paths
from builder.model.name import stem_of
from builder.model.package import Package, TestResult
from builder.model.target import NOARCH
from builder.pack import read_back
from builder.pipeline import Root
from builder.report import Reporter, write_document, write_text
from builder.report.events import LogLine, Noted
from builder.report.package import test_document
from builder.report.text import duration, finding_line
from builder.sandbox import Sandbox
from builder.sandbox.allowance import Allowance
from builder.testing import TestBench, secret_names, test_package, together


@frozen
class TestChoice:
    """Which packages, given by place or by option, which of their tests, and how."""

    __test__ = False

    packages: tuple[Path, ...]
    files: tuple[Path, ...]
    only: tuple[int, ...]
    jobs: int | None
    sandbox: SandboxChoice = SandboxChoice()

    @property
    def wanted(self) -> tuple[Path, ...]:
        """The packages to test."""
        return (*self.packages, *self.files)


@frozen
class _Share:
    """What one of several packages may use: tests at once, and processes."""

    jobs: int
    cores: int


_chosen = grouped(
    "choice",
    TestChoice,
    click.argument("packages", nargs=-1, type=PATH, metavar="[PKG]..."),
    click.option("files", "-p", "--package-file", multiple=True, type=PATH, metavar="PKG", help="The same as PKG."),
    click.option(
        "only", "--test", "--test-index", multiple=True, type=click.IntRange(0, 9999), metavar="N",
        help="Only test number N, from 0; more than one may be given.",
    ),
    click.option(
        "jobs", "-j", "--jobs", type=click.IntRange(1, 256), help="Tests at once  [default: one for each core]."
    ),
    test_sandbox_choice,
)  # fmt: skip


@click.command("test")
@_chosen
@places
@telling
@foreign_to_tests
@click.pass_obj
def command(context: Context, choice: TestChoice, places: Places, telling: Telling) -> int:
    """Run the tests that packages carry, each in a fresh environment and sandbox.

    A package may also be a folder that it was unpacked into.

    \b
    Examples:
      bakehouse test channel/linux-64/libzlib-1.3.1-h40f3c7b_0.conda -c channel
      bakehouse test channel/linux-64/*.conda -c channel -j 4
    """  # noqa: D301 - \b keeps click from wrapping the example
    if not choice.wanted:
        raise click.UsageError("there is no package to test", click.get_current_context())
    place = site(places, find_collection(Path()))
    reporter = telling.reporter(sys.stderr)
    try:
        results = wait_for(_test_all(choice, place, reporter), abandon=context.abandon, tidy=reporter.close)
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


async def _test_all(choice: TestChoice, place: Site, reporter: Reporter) -> list[tuple[Path, tuple[TestResult, ...]]]:
    """Return the results of all packages in their order; what is no package is refused before anything runs."""
    for path in choice.wanted:
        if not path.is_file() and not is_unpacked(path):
            raise UsageError(
                f"there is no package {path}", code="cli.no-package", remedy="name a package file of a channel"
            )
    async with place.store.scratch_async("unpacked packages") as scratch:
        files = [await asyncio.to_thread(_as_file, path, scratch / str(at)) for at, path in enumerate(choice.wanted)]
        opened = await _judged(files, place)
        confinement = confined(choice.sandbox, place)
        refuse_unknown(confinement, [package.name for package in opened])
        sandbox, root = await sandbox_and_root(place, confinement, reporter.emit)
        platforms = {_platform(package) for package in opened}
        kitchen = _Kitchen(
            place=place,
            root=root,
            sandbox=sandbox,
            solver=solver_for(place, platforms, root.glibc),
            reporter=reporter,
            only=choice.only,
            confinement=confinement,
        )
        cores = len(os.sched_getaffinity(0))
        jobs = choice.jobs or cores
        at_once = min(jobs, len(files))
        share = _Share(jobs=max(1, jobs // at_once), cores=max(1, cores // at_once))
        works = [partial(_test, file, package, share, kitchen) for file, package in zip(files, opened, strict=True)]
        return list(zip(choice.wanted, await together(works, at_once), strict=True))


async def _judged(files: Sequence[Path], place: Site) -> list[Package]:
    """Return the packages, unpacked into the store, where their tests will look: all of each is judged first."""
    store = PackageStore(place.store, place.access())
    packages, errors = list[Package](), list[BakehouseError]()
    for file in files:
        try:
            packages.append(await asyncio.to_thread(read_back, file))
            await store.loose(packages[-1])
        except SourceError as error:
            errors.append(error)
    if errors:
        raise joined(errors)
    return packages


def _as_file(package: Path, into: Path) -> Path:
    """Return a package's file; one that is unpacked is packed into the folder ``into``, which is made."""
    if not package.is_dir():
        return package
    into.mkdir()
    return packed(package, into)


@frozen
class _Kitchen:
    """What the tests of all packages share."""

    place: Site
    root: Root
    sandbox: Sandbox
    solver: Solving
    reporter: Reporter
    only: tuple[int, ...]
    confinement: Confinement


async def _test(path: Path, package: Package, share: _Share, kitchen: _Kitchen) -> tuple[TestResult, ...]:
    place, reporter, platform = kitchen.place, kitchen.reporter, _platform(package)
    allowance = _allowance(package, share, kitchen.confinement)
    noting, told = _noting(reporter), set[str]()

    async def link_for(specs: Sequence[str], inside: PurePosixPath) -> LinkedPrefix:
        environment = await kitchen.solver.solve(specs, subdir=platform, loose=[package])
        linked = await link(
            environment, inside, place.store, access=place.access(noting), report=noting, scripts_run=True
        )
        _tell_clashes(linked, told, noting)
        return linked

    async with place.store.scratch_async(f"test {package.file_name}", keep=True) as scratch:
        (scratch / "downstream").mkdir()

        async def fetch(wanted: LockedPackage) -> Path:
            packages = PackageStore(place.store, place.access(noting), noting)
            return await packages.archive(wanted, scratch / "downstream")

        logs = place.store.root / "logs" / stem_of(path.name)
        logs.mkdir(parents=True, exist_ok=True)
        bench = TestBench(
            platform=platform,
            sandbox=kitchen.sandbox,
            rootfs=kitchen.root.folder,
            inside=SEALED if kitchen.sandbox.sealed else inside_paths(PurePosixPath(scratch)),
            limits=allowance.limits,
            permissions=allowance.allowed.tests,
            link=link_for,
            fetch=fetch,
            scratch=scratch,
            logs=logs,
            epoch=_epoch(path),
            cores=share.cores,
            at_once=share.jobs,
            secrets=secrets(secret_names(path)),
            on_line=lambda line: reporter.emit(LogLine(task_id=package.file_name, line=line)),
        )
        return await test_package(path, bench, only=kitchen.only)


def _allowance(package: Package, share: _Share, confinement: Confinement) -> Allowance:
    names = (package.name,)
    limits = confinement.limits_for(names, confinement.limits_of(share.jobs))
    return Allowance(limits=limits, allowed=confinement.allowed_to(names))


def _platform(package: Package) -> str:
    """Return where the package's tests run."""
    return "linux-64" if package.subdir == NOARCH else package.subdir


def _noting(reporter: Reporter) -> Callable[[str], None]:
    return lambda text: reporter.emit(Noted(text=text))


def _tell_clashes(linked: LinkedPrefix, told: set[str], note: Callable[[str], None]) -> None:
    """Tell the paths that several packages of an environment bring, and each line once: tests share environments."""
    if linked.clashes:
        from builder.check.clobbering import clashing  # most environments have none

        for finding in clashing(linked.clashes, "the environment of a test"):
            if (line := finding_line(finding)) not in told:
                told.add(line)
                note(line)


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
        if one.undeclared:
            from builder.check.undeclared import undeclared_findings  # what is sealed has none

            found = undeclared_findings(one.undeclared, one.what, "the test's requirements.run")
            lines += [f"    {finding_line(finding)}" for finding in found]
    return lines
