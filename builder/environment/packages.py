"""Packages in the store: fetched, compared with their record, and unpacked, once for all environments."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from builder.archive import read_package
from builder.environment.once import made_once
from builder.environment.wall import finished, in_thread, rattler_wall
from builder.errors import MachineError, Place, SourceError
from builder.model.environment import LockedPackage
from builder.store import Store

if TYPE_CHECKING:
    from rattler.networking.client import Client

KIND = "packages"
_CHUNK = 1 << 20


@dataclass(slots=True)
class PackageStore:
    """Unpacked packages, by the sha256 of their archives; ``offline`` fetches none."""

    store: Store
    offline: bool = False
    report: Callable[[str], None] = field(default=lambda _: None)
    _client: Client | None = None

    async def unpacked(self, package: LockedPackage) -> Path:
        """Return the package as a folder that nobody may write to.

        A private copy is hashed while it is made, from a folder as from the network, and only that copy is read
        further: nobody can exchange the file in between.

        Raises:
            SourceError: the archive is not what the record says, or breaks the member policy.
            MachineError: it cannot be fetched.
        """

        async def make(folder: Path) -> None:
            async with self.store.scratch_async("archive") as place:
                archive = place / package.file_name
                await self._copied(package, archive)
                await in_thread(_unpack, archive, folder)

        return await made_once(self.store, KIND, package.sha256, make)

    async def archive(self, package: LockedPackage, folder: Path) -> Path:
        """Put the package's archive into ``folder``, a private copy or a link to the store's, and return its path."""
        target = folder / package.file_name
        await self._copied(package, target)
        return target

    async def run_exports(self, package: LockedPackage) -> Mapping[str, tuple[str, ...]]:
        """Return what the package adds to its users, from its record or, if that says nothing, from the package."""
        exports = json.loads(package.record).get("run_exports")
        if exports is None:
            path = await self.unpacked(package) / "info" / "run_exports.json"
            exports = json.loads(path.read_bytes()) if path.is_file() else {}
        if isinstance(exports, list):
            exports = {"weak": exports}
        return {key: tuple(str(spec) for spec in specs) for key, specs in exports.items() if isinstance(specs, list)}

    async def _copied(self, package: LockedPackage, target: Path) -> None:
        """Put the archive at ``target``, with the digest that its record says."""
        kept = self.store.file(package.sha256)
        if kept is None and not package.url.startswith("file://"):
            kept = await self._fetched(package)
        if kept is not None:
            await in_thread(target.symlink_to, kept)
        else:
            await in_thread(_copy, Path(unquote(urlsplit(package.url).path)), target, package)

    async def _fetched(self, package: LockedPackage) -> Path:
        from rattler.networking.client import Client
        from rattler.package_streaming import download_to_path

        if self.offline:
            raise MachineError(
                f"{package.file_name} is not in the store",
                code="environment.offline",
                remedy="fetch it once without --offline",
            )
        self._client = self._client or Client()
        self.report(f"fetching {package.file_name}")
        async with self.store.scratch_async("fetch") as folder:
            target = folder / "package"
            with rattler_wall(f"fetching {package.url}", remedy="check the network and the channel"):
                await finished(download_to_path(self._client, package.url, target))
            stored = await in_thread(self.store.add_file, _chunks(target), sha256=package.sha256)
        return stored.path


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _copy(path: Path, target: Path, package: LockedPackage) -> None:
    digest = hashlib.sha256()
    try:
        with target.open("xb") as copy:
            for chunk in _chunks(path):
                digest.update(chunk)
                copy.write(chunk)
    except FileNotFoundError:
        raise SourceError(
            f"{package.file_name} is in the index of {package.channel}, but not in the channel",
            code="environment.package",
            place=Place(file=str(path)),
            remedy="index the channel again",
        ) from None
    if digest.hexdigest() != package.sha256:
        raise SourceError(
            f"{package.file_name} is not the package that the index of {package.channel} describes: "
            f"its sha256 is {digest.hexdigest()}, expected {package.sha256}",
            code="environment.package",
            place=Place(file=str(path)),
            remedy="find out who changed it before you use it; if it was you, index the channel again",
        )


def _unpack(archive: Path, folder: Path) -> None:
    package = read_package(archive)
    own = next(
        (str(entry["_path"]) for entry in package.paths() if str(entry["_path"]).startswith("conda-meta/")), None
    )
    if own is not None:
        raise SourceError(
            f"{archive.name} brings {own}, where only installers may write",
            code="environment.package",
            remedy="build it again without that file",
        )
    package.extract(folder)
