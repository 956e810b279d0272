"""Fetches the files that recipes name by address and hash into the store; what is there needs no network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from builder.errors import BakehouseError, MachineError, SourceError
from builder.model.recipe import UrlSource
from builder.source import debian, pypi
from builder.source.address import (
    Addresses,
    check_address,
    debian_path,
    join,
    parse_pypi,
    scheme,
    shown,
    with_mirrors,
)
from builder.source.apt import debian_archive
from builder.source.digests import other_digests
from builder.source.failure import Unfetched, explain, offline_error, together, unhashed_error
from builder.source.transfer import Progress, Transfer, TransferError
from builder.store import Store, StoredFile

if TYPE_CHECKING:
    from builder.source.git.repositories import Repositories


class ArchiveFile(Protocol):
    """A file of a Debian archive."""

    @property
    def path(self) -> str:
        """The path, not quoted: ``pool/main/…``."""
        ...

    @property
    def sha256(self) -> str:
        """The sha256 in lower-case hexadecimal."""
        ...


class Fetcher:
    """Fetches sources into the store, each once, under a file lock of its hash; for many tasks and processes."""

    def __init__(
        self,
        store: Store,
        addresses: Addresses,
        *,
        offline: bool = False,
        report: Callable[[str], None] = lambda _: None,
        progress: Progress | None = None,
        retries: tuple[float, ...] = (0.5, 2.0, 5.0),
    ) -> None:
        """Fetch through ``addresses``; ``offline`` makes everything that is not in the store a `MachineError`."""
        self._store = store
        self._addresses = addresses
        self._offline = offline
        self._report = report
        self._progress = progress
        self._retries = retries

    @property
    def keyring(self) -> Path:
        """The keys that may sign a Debian archive's index."""
        return self._addresses.keyring

    @property
    def repositories(self) -> Repositories:
        """What fetches git repositories, through the same mirrors into the same store."""
        from builder.source.git.repositories import Repositories  # most recipes have none

        return Repositories(self._store, self._addresses, offline=self._offline, report=self._report)

    async def fetch(self, source: UrlSource) -> Path:
        """Return the verified file of one source; see `fetch_all`."""
        return (await self.fetch_all((source,)))[0]

    async def debs(self, files: Iterable[ArchiveFile]) -> dict[str, Path]:
        """Fetch files of the Debian archive; the result's keys are their sha256."""
        sources = [UrlSource(urls=(f"debian:{file.path}",), sha256=file.sha256) for file in files]
        paths = await self.fetch_all(sources)
        return {source.sha256 or "": path for source, path in zip(sources, paths, strict=True)}

    async def fetch_all(self, sources: Sequence[UrlSource]) -> tuple[Path, ...]:
        """Return the verified files of ``sources`` in their order, several downloads at once.

        Raises one error with a problem for each source that could not be had: `SourceError` when it has no sha256, the
        wrong bytes or an attestation, or is gone, `MachineError` when nothing can be reached or ``offline`` was asked
        for.
        """
        for source in sources:
            _refuse_attestation(source)
            for address in source.urls:
                check_address(address)
        there = [self._store.file(source.sha256) if source.sha256 else None for source in sources]
        missing = [source for source, path in zip(sources, there, strict=True) if path is None]
        if missing:
            fetched = iter(await self._fetch_missing(missing))
            there = [path or next(fetched) for path in there]
        found = tuple(path for path in there if path is not None)
        await asyncio.to_thread(_check_other_digests, sources, found)
        return found

    async def current(self, address: str) -> Path:
        """Return what lies at ``address`` now, which nothing vouches for."""
        source = UrlSource(urls=(address,))
        async with self._transferring((source,)) as transfer:
            result = await self._from_any_address(transfer, source)
        if isinstance(result, Unfetched):
            raise explain(result)
        return result.path

    async def is_gone(self, address: str) -> bool:
        """Tell whether the server knows no ``address``; a server that cannot be reached is a `MachineError`."""
        source = UrlSource(urls=(address,))
        async with self._transferring((source,)) as transfer:
            try:
                await transfer.ask(await self._resolve(transfer, address, None))
            except TransferError as failure:
                if failure.kind == "missing":
                    return True
                raise explain(Unfetched(source=source, tried=((address, failure),))) from failure
        return False

    async def _fetch_missing(self, missing: Sequence[UrlSource]) -> list[Path]:
        async with self._transferring(missing) as transfer, asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._get(transfer, source)) for source in missing]
        results = [task.result() for task in tasks]
        unfetched = [result for result in results if isinstance(result, Unfetched)]
        errors = [result for result in results if isinstance(result, BakehouseError)]
        if unfetched or errors:
            present = await self._present(unfetched)
            raise together([*errors, *(explain(result, present) for result in unfetched)])
        return [result for result in results if isinstance(result, Path)]

    @asynccontextmanager
    async def _transferring(self, wanted: Sequence[UrlSource]) -> AsyncIterator[Transfer]:
        if self._offline:
            raise together([offline_error(source) for source in wanted])
        async with Transfer(self._store, retries=self._retries, progress=self._progress) as transfer:
            yield transfer

    async def _get(self, transfer: Transfer, source: UrlSource) -> Path | Unfetched | BakehouseError:
        """Return the source's file or why there is none, so that one failure hides no other."""
        try:
            if source.sha256 is None:
                stored = await self._from_any_address(transfer, source)
                return stored if isinstance(stored, Unfetched) else unhashed_error(source, stored)
            async with self._store.lock_async(f"fetch {source.sha256}"):
                if there := self._store.file(source.sha256):
                    return there
                stored = await self._from_any_address(transfer, source)
                return stored if isinstance(stored, Unfetched) else stored.path
        except BakehouseError as error:
            return error

    async def _from_any_address(self, transfer: Transfer, source: UrlSource) -> StoredFile | Unfetched:
        """Try the addresses in order, each with its mirrors before it."""
        failures: list[tuple[str, TransferError]] = []
        for place in (place for address in source.urls for place in with_mirrors(address, self._addresses.mirrors)):
            try:
                address = await self._resolve(transfer, place, source.sha256)
                stored = await transfer.save(address, source.sha256)
            except TransferError as failure:
                failures.append((place, failure))
                continue
            for passed, why in failures:
                self._report(f"{shown(passed)}: {why}; took {shown(place)}")
            return stored
        return Unfetched(source=source, tried=tuple(failures))

    async def _resolve(self, transfer: Transfer, address: str, sha256: str | None) -> str:
        """Return the ordinary address that a ``pypi:`` or ``debian:`` one stands for, any other as it is."""
        match scheme(address):
            case "debian":
                return join(await asyncio.to_thread(self._debian), debian_path(address))
            case "pypi":
                found = await pypi.find(transfer, self._addresses.pypi, parse_pypi(address))
                if sha256 and found.sha256 not in {None, sha256}:
                    raise TransferError("wrong", f"the index has it with sha256 {found.sha256}, not {sha256}")
                return found.address
            case _:
                return address

    def _debian(self) -> str:
        base = self._addresses.debian or debian_archive(self._addresses.apt)
        if base is None:
            raise MachineError(
                f"there is no address of a Debian archive in {self._addresses.apt}",
                code="source.no-debian-archive",
                remedy="write `debian: ADDRESS` (the folder with `dists` and `pool`) into bakehouse.yaml",
            )
        return base

    async def _present(self, unfetched: Sequence[Unfetched]) -> dict[str, debian.PoolFile]:
        """Return what the archive has now in place of pinned files that left it, as far as that can be known."""
        addresses = (address for result in unfetched if result.is_gone for address in result.source.urls)
        paths = [debian_path(address) for address in addresses if address.startswith("debian:")]
        try:
            return await debian.successors(self, paths) if paths else {}
        except BakehouseError as error:
            self._report(f"the archive's index does not say what is there now: {error}")
            return {}


def _refuse_attestation(source: UrlSource) -> None:
    """Refuse a source whose signature somebody counts on, for nothing here checks it."""
    if source.attestation is not None:
        raise SourceError(
            f"{shown(source.urls[0])} asks for an attestation, which is not checked here",
            code="source.attestation",
            remedy="remove `attestation` and rely on sha256, or build it with rattler-build",
        )


def _check_other_digests(sources: Sequence[UrlSource], paths: Sequence[Path]) -> None:
    """Compare what recipes say beside the sha256, by which files are kept."""
    for source, path in zip(sources, paths, strict=True):
        for kind, digest, found in other_digests(source, path):
            if found != digest:
                raise SourceError(
                    f"{shown(source.urls[0])} has the recipe's sha256, but its {kind} is {found}, not {digest}",
                    code="source.wrong-bytes",
                    remedy=f"remove the {kind} from the recipe: the sha256 is enough",
                )
