"""Finds the test that `bakehouse debug` is to enter: its package, and its environment, prepared where needed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from builder.archive import OpenPackage, read_package
from builder.cli.baking import solver_for
from builder.cli.debugging import Search, ambiguous, refuse_busy
from builder.cli.roots import sandbox_and_root
from builder.cli.site import secrets
from builder.environment import link
from builder.environment.packages import PackageStore
from builder.errors import UsageError
from builder.model.environment import LinkedPrefix, LockedPackage
from builder.model.inside import SEALED, inside_paths
from builder.model.name import EXTENSIONS, stem_of
from builder.model.rendering import Rendering
from builder.model.target import NOARCH
from builder.pack import read_back
from builder.pipeline import kept
from builder.pipeline.kept import Kept
from builder.pipeline.preparing import prepare_test, test_id
from builder.pipeline.trying import package_epoch
from builder.report.events import Noted
from builder.testing import TestBench
from builder.testing.parts import parts_of
from builder.testing.read import read_tests
from builder.testing.session import ScriptRun, Subject


def package_of(renderings: Sequence[Rendering], search: Search) -> Path:
    """Return the package of the only rendering: that which failed its tests, else the one in the channel."""
    found = [one for one in renderings if one.output.kind == "package"]
    if len(found) != 1:
        raise ambiguous("several of them have tests", found, ["" for _ in found])
    (rendering,), place = found, search.place
    folders = (place.broken / rendering.subdir, place.output / rendering.subdir)
    tried = [folder / f"{rendering.stem}{extension}" for folder in folders for extension in EXTENSIONS]
    for path in tried:
        if path.is_file():
            return path
    raise UsageError(
        f"there is no package {rendering.stem} whose tests could be entered",
        code="debug.no-package",
        remedy="`bakehouse build` makes it; when its tests fail it is kept",
    )


async def prepared_test(package: Path, search: Search) -> Kept:
    """Return the state of a test of ``package``: the kept one, or one that is prepared now."""
    store = search.place.store
    opened = await asyncio.to_thread(_opened, package)
    run = _chosen(opened, search.choice.test)
    folder = store.failed_place(test_id(package, run))
    if search.choice.fresh or not kept.there(folder):
        refuse_busy(test_id(package, run), search)
        await _prepare(opened, run, search)
    return kept.read(folder, store)


async def _prepare(package: OpenPackage, run: ScriptRun, search: Search) -> None:
    place, store = search.place, search.place.store
    record = await asyncio.to_thread(read_back, package.path)
    platform = "linux-64" if record.subdir == NOARCH else record.subdir
    confinement, names = search.confinement, (record.name,)
    sandbox, root = await sandbox_and_root(place, confinement, search.emit)
    solver = solver_for(place, {platform}, root.glibc)
    limits = confinement.limits_for(names, confinement.limits_of(1))

    def note(text: str) -> None:
        search.emit(Noted(text=text))

    async def link_for(specs: Sequence[str], inside: PurePosixPath) -> LinkedPrefix:
        environment = await solver.solve(specs, subdir=platform, loose=[record])
        return await link(environment, inside, store, access=place.access(note), report=note, scripts_run=True)

    async with store.scratch_async(test_id(package.path, run)) as scratch:

        async def fetch(wanted: LockedPackage) -> Path:
            return await PackageStore(store, place.access(note), note).archive(wanted, scratch)

        bench = TestBench(
            platform=platform,
            sandbox=sandbox,
            rootfs=root.folder,
            inside=SEALED if sandbox.sealed else inside_paths(PurePosixPath(scratch)),
            limits=limits,
            permissions=confinement.allowed_to(names).tests,
            link=link_for,
            fetch=fetch,
            scratch=scratch,
            logs=store.root / "logs" / stem_of(record.file_name),
            epoch=package_epoch(record),
            cores=len(os.sched_getaffinity(0)),
            at_once=1,
            secrets=secrets(run.script.secrets),
            on_line=note,
        )
        await prepare_test(run, Subject(package=package, bench=bench), root, store, confinement.engines)


def _opened(package: Path) -> OpenPackage:
    if not package.is_file():
        raise UsageError(f"there is no package {package}", code="cli.no-package")
    return read_package(package)


def _chosen(package: OpenPackage, number: int | None) -> ScriptRun:
    """Return the run to enter: that of test ``number``, or the only one that there is."""
    parts = [part for index, test in enumerate(read_tests(package)) for part in parts_of(test, index)]
    runs = [(part.what, part.run) for part in parts if part.run is not None]
    fitting = [(what, run) for what, run in runs if number is None or run.number == number]
    if number is not None and fitting:
        return fitting[0][1]
    if len(fitting) == 1:
        return fitting[0][1]
    names = "".join(f"\n  {what}" for what, _ in runs)
    if not runs:
        raise UsageError(f"{package.path.name} has no test that runs a script", code="debug.test")
    what = "several tests" if number is None else f"no test {number} that runs a script, but these"
    raise UsageError(f"{package.path.name} has {what}:{names}", code="debug.test", remedy="name one with --test N")
