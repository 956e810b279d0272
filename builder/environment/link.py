"""Linking: a solved environment as a prefix in the store, made once, shared and never written to again."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from builder.environment.access import OPEN, Access
from builder.environment.agreement import compared
from builder.environment.apart import Apart, contended
from builder.environment.layer import apart_in
from builder.environment.once import made_once
from builder.environment.packages import PackageStore
from builder.environment.plain import place
from builder.environment.prefix_record import UnlikeError
from builder.environment.tidy import Linked, tidied
from builder.environment.wall import finished, in_thread, rattler_wall
from builder.errors import BakehouseError, joined
from builder.model.environment import Environment, LinkedPrefix, LockedPackage
from builder.model.frozen import frozen
from builder.model.later import later
from builder.model.target import NOARCH
from builder.store import Store, remove_tree

if TYPE_CHECKING:
    from rattler.package_cache import PackageCache
    from rattler.repo_data.record import RepoDataRecord

KIND = "environments"
FORMAT = 3
"""Raise when the bytes of a linked prefix change for the same packages."""

_AT_ONCE = 4
_CASE_BLIND = ("osx-", "win-")
_LONGEST = 1 << 24
"""Bytes of what a package says of itself; ours say some kilobytes."""


def environment_key(environment: Environment, inside: PurePosixPath) -> str:
    """Return what the linked prefix goes by: what its packages are said to be and are, its path, and our format."""
    packages = (f"{one.sha256} {one.spec} {one.build_number} {one.subdir} {one.noarch}" for one in environment.packages)
    parts = [f"format {FORMAT}", str(inside), *sorted(packages)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


async def link(
    environment: Environment,
    inside: PurePosixPath,
    store: Store,
    *,
    access: Access = OPEN,
    report: Callable[[str], None] = lambda _: None,
    scripts_run: bool = False,
) -> LinkedPrefix:
    """Return ``environment`` linked for the path ``inside``, from the store if it has been linked before.

    Every package is compared with its record first, its bytes and what it says that it is. Files are hard links to the
    store's unpacked packages, or written anew where they hold the prefix; the content depends on the packages' bytes
    and ``inside`` alone. Scripts that a package wants run at linking are not run: `link_scripts` names them, and
    ``report`` gets a line about them, unless the caller says that they will be (``scripts_run``). Paths that several
    packages bring are the prefix's ``clashes``.

    Raises:
        SourceError: a package is not what its record says.
        MachineError: a package cannot be fetched or linked.
    """

    async def make(folder: Path) -> None:
        await _make(environment, inside, folder, PackageStore(store, access, report))

    folder = await made_once(store, KIND, environment_key(environment, inside), make)
    linked = await asyncio.to_thread(Linked.read, folder)
    for note in linked.notes(scripts_run=scripts_run):
        report(note)
    known = {
        "environment": environment,
        "folder": folder / "prefix",
        "inside": inside,
        "clashes": linked.clashes,
        "unpublishable": linked.unpublishable,
    }
    return later(LinkedPrefix, lambda _: linked.owners, known)


async def _make(environment: Environment, inside: PurePosixPath, folder: Path, packages: PackageStore) -> None:
    unpacked = await _unpacked(environment.packages, packages)
    if note := await in_thread(compared, environment.packages, unpacked):
        packages.report(note)
    async with packages.store.scratch_async("link") as scratch:
        linked = await _linked(_Linking(environment.packages, unpacked, scratch, folder / "prefix", inside))
    unpublishable = await in_thread(_unpublishable, environment.packages, unpacked)
    replace(linked, unpublishable=unpublishable).write(folder)


@frozen(kw_only=False)
class _Linking:
    """What is to be linked: the packages ``wanted``, ``unpacked`` in folders by name, as ``prefix`` for ``inside``."""

    wanted: Sequence[LockedPackage]
    unpacked: Mapping[str, Path]
    scratch: Path
    prefix: Path
    inside: PurePosixPath

    @property
    def case_blind(self) -> bool:
        """Whether it is for a system whose paths are the same in capitals."""
        return any(package.subdir.startswith(_CASE_BLIND) for package in self.wanted)


async def _linked(linking: _Linking) -> Linked:
    """Link plain files ourselves and the rest by rattler, who also decides whose path it is where several bring one.

    Where anything else is in the way, such as a file where another package has a folder, rattler does it all.
    """
    if apart := await in_thread(_apart, linking.unpacked):
        try:
            await _install(linking, {**linking.unpacked, **{name: one.rest for name, one in apart.items()}})
            return await in_thread(_completed, linking, tuple(apart.values()))
        except (OSError, UnlikeError, BakehouseError):
            await in_thread(remove_tree, linking.prefix)
    if linking.unpacked:
        await _install(linking, linking.unpacked)
    return await in_thread(tidied, linking.prefix, linking.unpacked, case_blind=linking.case_blind)


def _apart(unpacked: Mapping[str, Path]) -> dict[str, Apart]:
    """Return the packages whose plain files are known and nobody else's."""
    known = {name: one for name, tree in unpacked.items() if (one := apart_in(tree)) is not None}
    several = contended(known)
    return {name: one for name, one in known.items() if name not in several}


def _completed(linking: _Linking, apart: Sequence[Apart]) -> Linked:
    """Add the plain files of the packages ``apart`` to a prefix with the rest of them, and tidy it.

    Raises:
        UnlikeError: rattler has put the rest of one of them elsewhere.
        OSError: a file cannot be linked, because another package has something there, or for reasons of the system.
    """
    place(linking.prefix, ((one.tree, one.folders) for one in apart))
    return tidied(linking.prefix, linking.unpacked, apart, case_blind=linking.case_blind)


def _unpublishable(wanted: Sequence[LockedPackage], unpacked: Mapping[str, Path]) -> tuple[str, ...]:
    """Return the files of the packages that say of themselves that they are never to be published."""
    return tuple(sorted(one.file_name for one in wanted if _denies(unpacked[one.name] / "info/bakehouse/keys.json")))


def _denies(keys: Path) -> bool:
    try:
        with keys.open("rb") as file:
            said = json.loads(file.read(_LONGEST))
    except (OSError, ValueError, RecursionError):  # who says nothing that can be read forbids nothing
        return False
    return isinstance(said, dict) and said.get("publishable") is False


async def _unpacked(wanted: Sequence[LockedPackage], packages: PackageStore) -> dict[str, Path]:
    """Unpack a few at a time; all that fail are told when all have ended."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(package: LockedPackage) -> Path:
        async with slots:
            return await packages.unpacked(package)

    async with packages.connected():
        results = await asyncio.gather(*(one(package) for package in wanted), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, BakehouseError):
            raise result
    if failed := [result for result in results if isinstance(result, BakehouseError)]:
        raise joined(failed)
    return {package.name: path for package, path in zip(wanted, results, strict=True) if isinstance(path, Path)}


def _cache(scratch: Path, unpacked: Mapping[str, Path]) -> PackageCache:
    """Return our unpacked packages as a package cache, each a layer that is asked for that package alone.

    What a cache is locked by, and whatever rattler might want to add, goes to the first layer, the empty ``scratch``.
    """
    from rattler.match_spec import MatchSpec
    from rattler.package_cache import PackageCache, PackageCacheLayer, ValidationMode

    as_it_is = ValidationMode.skip()  # it was compared with its digests when it was unpacked
    layers = [
        PackageCacheLayer(tree.parent).with_filter(MatchSpec(name)).with_validation_mode(as_it_is)
        for name, tree in unpacked.items()
    ]
    return PackageCache.from_layers([PackageCacheLayer(scratch), *layers])


async def _install(linking: _Linking, trees: Mapping[str, Path]) -> None:
    """Have rattler link the packages as they lie in ``trees``."""
    from rattler.install import install
    from rattler.platform.subdir import Subdir

    wanted = linking.wanted
    subdirs = [package.subdir for package in wanted if package.subdir != NOARCH]
    with rattler_wall(f"linking {', '.join(package.file_name for package in wanted[-3:])}"):
        records = [_record(package, trees[package.name]) for package in wanted]
        await finished(
            install(
                records,
                linking.prefix,
                platform=Subdir(subdirs[0] if subdirs else "linux-64"),
                execute_link_scripts=False,
                show_progress=False,
                package_cache=_cache(linking.scratch, trees),
                alternative_target_prefix=linking.inside,
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
