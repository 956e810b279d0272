"""Packages that need each other to run: built one by one, tested together by the last, published all or none."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from builder.environment.wall import in_thread
from builder.errors import PackageTestError
from builder.model.outcome import Ending, Outcome
from builder.model.package import Package
from builder.pipeline.trying import found_by, package_epoch, set_aside, tried
from builder.pipeline.work import Work


def waiting_packages(work: Work) -> tuple[Package, ...]:
    """Return the packages whose tests this task runs beside its own: they are in no channel yet."""
    return tuple(one.package for one in work.inputs if one.ending is Ending.WAITING and one.package is not None)


async def left_waiting(work: Work, outcome: Outcome) -> Outcome:
    """Put the package where the task that tests it finds it, and return the end of this one until then."""
    package = outcome.package
    assert package is not None
    folder = await in_thread(work.bench.store.session_folder, f"waiting {work.task.id}")
    place = folder / package.file_name
    await in_thread(_move, package.path, place)
    return replace(outcome, ending=Ending.WAITING, package=replace(package, path=place))


async def settled(work: Work, own: Outcome) -> Outcome:
    """Test the waiting packages and return ``own``, which has been tested, with their ends.

    All packages get into the channel if all tests of all of them pass, and none otherwise: without the others none of
    them can be installed. ``own`` may have been reused; then it is in the channel, whatever becomes of the others.
    """
    waiting = [one for one in work.inputs if one.ending is Ending.WAITING]
    packages = [package for package in (own.package, *waiting_packages(work)) if package is not None]
    ends = []
    for one in waiting:
        assert one.package is not None
        beside = [package for package in packages if package is not one.package]
        epoch = await in_thread(package_epoch, one.package)
        found = await tried(work, one.package, epoch, beside=beside, task_id=one.task_id)
        ends.append(replace(one, tests=found.results, findings=(*one.findings, *found_by(work, found))))
    both = [own, *ends] if own.ending is Ending.BUILT else ends
    bad = [one for one in both if not all(test.passed for test in one.tests)]
    if not bad:
        ends = [await published(work, one) for one in ends]
        return replace(await published(work, own) if own.ending is Ending.BUILT else own, settled=tuple(ends))
    names = ", ".join(str(one.file_name) for one in bad)
    failed = {one.task_id: await _failed(work, one, names) for one in both}
    return replace(failed.get(own.task_id, own), settled=tuple(failed[one.task_id] for one in ends))


async def published(work: Work, outcome: Outcome) -> Outcome:
    """Put the outcome's package into the channel and return its end."""
    package = outcome.package
    assert package is not None
    place = await in_thread(work.bench.channel.publish, package, replace=True)
    await in_thread(package.path.unlink)
    await in_thread((work.bench.broken / package.subdir / package.file_name).unlink, missing_ok=True)
    return replace(outcome, ending=Ending.BUILT, package=replace(package, path=place.path))


async def _failed(work: Work, outcome: Outcome, names: str) -> Outcome:
    assert outcome.package is not None
    if all(test.passed for test in outcome.tests):
        place = work.bench.broken / outcome.package.subdir / outcome.package.file_name
        await in_thread(_move, outcome.package.path, place)
        message = f"{outcome.file_name} stays out of the channel: it needs {names} to run, which failed its tests"
        problems = PackageTestError(message, remedy=f"the package is {place}").problems
    else:
        problems = await set_aside(work, outcome.package, outcome.tests)
    return replace(outcome, ending=Ending.FAILED, problems=problems, exit_code=PackageTestError.exit_code)


def _move(package: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(package, place)
