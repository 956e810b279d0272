"""The files of the other outputs of a recipe that are finished: they are installed with the one that is checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from builder.archive import OpenPackage, read_package
from builder.check import SiblingFiles
from builder.environment.packages import PackageStore
from builder.environment.wall import in_thread
from builder.model.outcome import Ending
from builder.model.rendering import Sibling
from builder.model.target import NOARCH
from builder.pipeline.work import Work


async def sibling_files(work: Work) -> tuple[SiblingFiles, ...]:
    """Return the files of each sibling that this task waited for, wherever its package is."""
    places = [*_here(work), *[await _fetched(work, sibling) for sibling in _elsewhere(work)]]
    return await in_thread(_read, places, frozenset(sibling.name for sibling in work.rendering.siblings))


def _here(work: Work) -> Iterator[Path]:
    """Yield the packages that lie in the channel, or wait for their tests."""
    for outcome in work.inputs:
        if outcome.ending is Ending.WAITING and outcome.package is not None:
            yield outcome.package.path
        elif outcome.file_name is not None:
            yield work.bench.channel.root / outcome.task_id.partition("/")[0] / outcome.file_name


def _elsewhere(work: Work) -> Iterator[Sibling]:
    """Yield the siblings that were not built since another channel has them."""
    reused = {one.task_id for one in work.inputs if one.ending is Ending.REUSED and one.file_name is None}
    for sibling in work.rendering.siblings:
        stem = f"{sibling.name}-{sibling.version}-{sibling.build_string}"
        if not reused.isdisjoint({f"{subdir}/{stem}" for subdir in (work.rendering.platforms.host, NOARCH)}):
            yield sibling


async def _fetched(work: Work, sibling: Sibling) -> Path:
    bench, rendering = work.bench, work.rendering
    spec = f"{sibling.name} =={sibling.version} {sibling.build_string}"
    environment = await bench.solver_of(rendering).solve([spec], subdir=rendering.platforms.host)
    record = next(package for package in environment.packages if package.name == sibling.name)
    packages = PackageStore(bench.store, bench.access, work.note)
    return await packages.archive(record, work.folder("siblings"))


def _read(places: list[Path], names: frozenset[str]) -> tuple[SiblingFiles, ...]:
    opened = map(read_package, places)
    return tuple(_files(package) for package in opened if package.index()["name"] in names)


def _files(package: OpenPackage) -> SiblingFiles:
    listed = package.paths()
    return SiblingFiles(
        name=str(package.index()["name"]),
        paths=frozenset(str(entry["_path"]) for entry in listed),
        digests={str(entry["_path"]): str(entry.get("sha256")) for entry in listed},
    )
