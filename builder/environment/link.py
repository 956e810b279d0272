"""Linking: a solved environment as a prefix in the store, made once, shared and never written to again."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from builder.environment.once import made_once
from builder.environment.packages import PackageStore
from builder.environment.tidy import Linked, tidied
from builder.environment.wall import finished, in_thread, rattler_wall
from builder.model.environment import Environment, LinkedPrefix, LockedPackage
from builder.model.target import NOARCH
from builder.store import Store

if TYPE_CHECKING:
    from rattler.repo_data.record import RepoDataRecord

KIND = "environments"
FORMAT = 1
"""Raise when the bytes of a linked prefix change for the same packages."""

_AT_ONCE = 4
_LOCK_REVISION = bytes(8)


def environment_key(environment: Environment, inside: PurePosixPath) -> str:
    """Return what the linked prefix goes by: its packages' digests, its path, and our format."""
    parts = [f"format {FORMAT}", str(inside), *sorted(package.sha256 for package in environment.packages)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


async def link(
    environment: Environment,
    inside: PurePosixPath,
    store: Store,
    *,
    offline: bool = False,
    report: Callable[[str], None] = lambda _: None,
    scripts_run: bool = False,
) -> LinkedPrefix:
    """Return ``environment`` linked for the path ``inside``, from the store if it has been linked before.

    Every package is compared with its record first. Files are hard links to the store's unpacked packages, or written
    anew where they hold the prefix; the content depends on the packages' bytes and ``inside`` alone. Scripts that a
    package wants run at linking are not run: `link_scripts` names them, and ``report`` gets a line about them, unless
    the caller says that they will be (``scripts_run``), and one for every path that several packages bring.

    Raises:
        SourceError: a package is not what its record says.
        MachineError: a package cannot be fetched or linked.
    """

    async def make(folder: Path) -> None:
        await _make(environment, inside, folder, PackageStore(store, offline=offline, report=report))

    folder = await made_once(store, KIND, environment_key(environment, inside), make)
    linked = await asyncio.to_thread(Linked.read, folder)
    for note in linked.notes(scripts_run=scripts_run):
        report(note)
    return LinkedPrefix(environment=environment, folder=folder / "prefix", inside=inside, owners=linked.owners)


async def _make(environment: Environment, inside: PurePosixPath, folder: Path, packages: PackageStore) -> None:
    prefix = folder / "prefix"
    unpacked = await _unpacked(environment.packages, packages)
    if unpacked:
        async with packages.store.scratch_async("link") as view:
            await in_thread(_look, view, environment.packages, unpacked)
            await _install(environment.packages, unpacked, view, prefix, inside)
    linked = await in_thread(tidied, prefix, {package.name: unpacked[package.name] for package in environment.packages})
    linked.write(folder)


async def _unpacked(wanted: Sequence[LockedPackage], packages: PackageStore) -> dict[str, Path]:
    """Unpack a few at a time; the first failure is told when all have ended."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(package: LockedPackage) -> Path:
        async with slots:
            return await packages.unpacked(package)

    results = await asyncio.gather(*(one(package) for package in wanted), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return {package.name: path for package, path in zip(wanted, results, strict=True) if isinstance(path, Path)}


def _look(view: Path, wanted: Sequence[LockedPackage], unpacked: Mapping[str, Path]) -> None:
    """Lay out our unpacked packages as rattler's package cache looks like, so that it unpacks nothing itself."""
    for package in wanted:
        stem = f"{package.name}-{package.version}-{package.build}"
        (view / stem).symlink_to(unpacked[package.name])
        (view / f"{stem}.lock").write_bytes(_LOCK_REVISION + bytes.fromhex(package.sha256))


async def _install(
    wanted: Sequence[LockedPackage], unpacked: Mapping[str, Path], view: Path, prefix: Path, inside: PurePosixPath
) -> None:
    from rattler.install import install
    from rattler.package_cache import PackageCache
    from rattler.platform.subdir import Subdir

    subdirs = [package.subdir for package in wanted if package.subdir != NOARCH]
    with rattler_wall(f"linking {', '.join(package.file_name for package in wanted[-3:])}"):
        records = [_record(package, unpacked[package.name]) for package in wanted]
        await finished(
            install(
                records,
                prefix,
                platform=Subdir(subdirs[0] if subdirs else "linux-64"),
                execute_link_scripts=False,
                show_progress=False,
                package_cache=PackageCache(view),
                alternative_target_prefix=inside,
            )
        )


def _record(package: LockedPackage, unpacked: Path) -> RepoDataRecord:
    """Return the record that the package itself carries: what an index says of it must not change the prefix."""
    from rattler.repo_data.package_record import PackageRecord
    from rattler.repo_data.record import RepoDataRecord

    md5 = json.loads(package.record).get("md5")
    record = PackageRecord.from_index_json(
        unpacked / "info" / "index.json", size=package.size, sha256=package.sha256, md5=md5
    )
    return RepoDataRecord(record, package.file_name, f"file:///packages/{package.file_name}", "file:///packages")


def link_scripts(prefix: LinkedPrefix) -> tuple[tuple[str, str], ...]:
    """Return the packages of ``prefix`` that want a script run at linking or unlinking, with its path in the prefix."""
    return Linked.read(prefix.folder.parent).scripts
