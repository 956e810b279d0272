"""Packages in the store: fetched, compared with their record, and unpacked, once for all environments."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from builder.environment import layer
from builder.environment.access import OPEN, Access
from builder.environment.once import made_once
from builder.environment.place import ChannelPlace
from builder.environment.records import locked_package
from builder.environment.wall import in_thread
from builder.environment.web import TooManyError, Web, opened, sha256_of
from builder.errors import MachineError, Place, SourceError
from builder.model.environment import LockedPackage
from builder.model.package import Package
from builder.sandbox.confined import Confined, confine
from builder.store import Store

KIND = "unpacked"
_CHUNK = 1 << 20
_LARGEST = 64 << 30
"""Bytes of a package of which the index does not say how many it has."""


@dataclass(slots=True)
class PackageStore:
    """Unpacked packages, by the sha256 of their archives; ``access`` says how channels are asked for them."""

    store: Store
    access: Access = OPEN
    report: Callable[[str], None] = field(default=lambda _: None)
    _web: Web | None = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Fetch all that is asked for in the block through the same connections."""
        async with opened(self.store, self.access) as web:
            self._web = web
            try:
                yield
            finally:
                self._web = None

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
                unpacker = confine(self.store)
                unpacker.begin()
                async with self._placed(package, archive):
                    await unpacker.in_thread(_unpack, unpacker, archive, layer.begun(folder))
            await in_thread(layer.finished, folder, package.sha256)

        return layer.tree_in(await made_once(self.store, KIND, package.sha256, make))

    async def loose(self, package: Package) -> Path:
        """Return a package that is in no channel as `unpacked` does; when it is linked later, it is there."""
        named = {**json.loads(package.record), "fn": package.file_name}
        locked = locked_package(named, url=package.path.absolute().as_uri(), channel="loose packages")
        return await self.unpacked(locked)

    async def archive(self, package: LockedPackage, folder: Path) -> Path:
        """Put a private copy of the package's archive into ``folder`` and return its path."""
        target = folder / package.file_name
        async with self.store.scratch_async("archive") as place:
            placed = place / package.file_name
            async with self._placed(package, placed):
                await in_thread(shutil.copyfile, placed, target)
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

    @asynccontextmanager
    async def _placed(self, package: LockedPackage, target: Path) -> AsyncIterator[None]:
        """Have the archive at ``target`` in the block, with the digest that its record says: a link, or a copy."""
        if self.store.file(package.sha256) is None:
            if package.url.startswith("file://"):
                await in_thread(_copy, Path(unquote(urlsplit(package.url).path)), target, package)
                yield
                return
            await self._fetched(package)
        with self.store.held(package.sha256) as kept:
            await in_thread(target.symlink_to, kept)
            yield

    async def _fetched(self, package: LockedPackage) -> None:
        if self.access.offline:
            raise MachineError(
                f"{package.file_name} is not in the store",
                code="environment.offline",
                remedy="fetch it once without --offline",
            )
        self.report(f"fetching {package.file_name}")
        async with self._connections() as web, self.store.scratch_async("fetch") as folder:
            target = folder / "package"
            await _download(web, package, target)
            digest = await in_thread(sha256_of, target)
            if digest != package.sha256:
                raise _other_bytes(package, _compared(digest, package), package.url)
            await in_thread(self.store.add_file, _chunks(target), sha256=package.sha256)

    @asynccontextmanager
    async def _connections(self) -> AsyncIterator[Web]:
        if self._web is not None:
            yield self._web
            return
        async with opened(self.store, self.access) as web:
            yield web


async def _download(web: Web, package: LockedPackage, target: Path) -> None:
    """Write what the channel has under the package's address; of what is too much, no more than shows that it is."""
    channel = package.url.rpartition("/")[0].rpartition("/")[0]
    place = ChannelPlace(name=package.channel, url=channel)
    try:
        found = await web.package(place, package.url, target, most=package.size or _LARGEST)
    except TooManyError:
        raise _other_bytes(package, f"it has more than {package.size or _LARGEST:,} bytes", package.url) from None
    if not found:
        raise MachineError(
            f"{package.file_name} is in the index of {package.channel}, but not in the channel",
            code="environment.package",
            place=Place(file=package.url),
            remedy="try again later; if it stays so, tell whoever runs the channel",
        )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _copy(path: Path, target: Path, package: LockedPackage) -> None:
    digest = hashlib.sha256()
    try:
        if path.exists() and not path.is_file():
            raise FileNotFoundError
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
        raise _other_bytes(package, _compared(digest.hexdigest(), package), str(path))


def _other_bytes(package: LockedPackage, why: str, where: str) -> SourceError:
    return SourceError(
        f"{package.file_name} is not the package that the index of {package.channel} describes: {why}",
        code="environment.package",
        place=Place(file=where),
        remedy="find out who changed it before you use it; if it was you, index the channel again",
    )


def _compared(digest: str, package: LockedPackage) -> str:
    return f"its sha256 is {digest}, expected {package.sha256}"


def _unpack(unpacker: Confined, archive: Path, folder: Path) -> None:
    unpacker.extract(archive, folder)
    own = min((path.relative_to(folder) for path in (folder / "conda-meta").rglob("*")), default=None)
    if own is not None:
        raise SourceError(
            f"{archive.name} brings {own}, where only installers may write",
            code="environment.package",
            remedy="build it again without that file",
        )
