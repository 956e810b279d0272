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
    Offer,
    check_address,
    debian_path,
    join,
    offers,
    parse_pypi,
    scheme,
    shown,
)
from builder.source.apt import debian_archive
from builder.source.connection import TransferError
from builder.source.digests import other_digests
from builder.source.failure import Unfetched, explain, offline_error, together, unhashed_error
from builder.source.fence import judge
from builder.source.transfer import Progress, Transfer
from builder.source.unhashed import Unhashed, unhashed
from builder.store import Store, StoredFile

if TYPE_CHECKING:
    from builder.source.git.repositories import Repositories


_IN_HAND = 64
"""So many sources are fetched or waited for at once, each with a file lock open."""


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
        self._in_hand = asyncio.Semaphore(_IN_HAND)

    @property
    def store(self) -> Store:
        """Where what is fetched lies."""
        return self._store

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
        self.check(sources)
        if self._addresses.allow_unhashed:
            sources = await self.measured(sources)
        there = await asyncio.to_thread(self._there, sources)
        missing = [source for source, path in zip(sources, there, strict=True) if path is None]
        if missing:
            fetched = iter(await self._fetch_missing(missing))
            there = [path or next(fetched) for path in there]
        found = tuple(path for path in there if path is not None)
        await asyncio.to_thread(_check_other_digests, sources, found)
        return found

    def check(self, sources: Iterable[UrlSource]) -> None:
        """Refuse what is no address, and on a farm one that may not be asked, even if the store has the file.

        Raises `SourceError`; asks no network.
        """
        for source in sources:
            _refuse_attestation(source)
            for address in source.urls:
                check_address(address)
                if sum(1 for _ in offers(address, self._addresses.mirrors)) == 1:
                    judge(address, self._addresses.policy)

    async def measured(self, sources: Sequence[UrlSource]) -> tuple[UrlSource, ...]:
        """Return ``sources`` with the sha256 of what comes now for those that have none.

        Offline it is what came last, and that is reported. Raises what `fetch_all` raises.
        """
        self.check(sources)
        memory, asked = Unhashed(self._store), unhashed(sources)
        found = {one: memory.remembered(one) for one in asked} if self._offline else {}
        missing = [one for one in asked if found.get(one) is None]
        if missing:
            async with self._transferring(missing) as transfer, asyncio.TaskGroup() as group:
                tasks = {one: group.create_task(self._measure(transfer, memory, one)) for one in missing}
            ends = {one: task.result() for one, task in tasks.items()}
            errors = [end for end in ends.values() if isinstance(end, BakehouseError)]
            if errors:
                raise together(errors)
            found |= {one: end for one, end in ends.items() if isinstance(end, UrlSource)}
        for one, end in found.items():
            as_said = "as it came last" if self._offline else "as it comes"
            self._report(f"{shown(one.urls[0])} has no sha256 and is taken {as_said}: {end.measured if end else ''}")
        return tuple(found.get(one) or one for one in sources)

    async def _measure(self, transfer: Transfer, memory: Unhashed, source: UrlSource) -> UrlSource | BakehouseError:
        try:
            stored = await self._from_any_address(transfer, source)
            if isinstance(stored, Unfetched):
                return explain(stored)
            return await asyncio.to_thread(memory.measured, source, stored)
        except BakehouseError as error:
            return error

    def _there(self, sources: Sequence[UrlSource]) -> list[Path | None]:
        return [self._store.file(known) if (known := source.known_sha256) else None for source in sources]

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
                found = await self._resolve(transfer, Offer(address=address), None)
                await transfer.ask(found.address, base=found.base)
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
            torn = [(known := source.known_sha256) and self._store.torn(known) for source in wanted]
            raise together([offline_error(source, place) for source, place in zip(wanted, torn, strict=True)])
        policy = self._addresses.policy
        async with Transfer(self._store, retries=self._retries, progress=self._progress, policy=policy) as transfer:
            yield transfer

    async def _get(self, transfer: Transfer, source: UrlSource) -> Path | Unfetched | BakehouseError:
        """Return the source's file or why there is none, so that one failure hides no other."""
        try:
            sha256 = source.known_sha256
            if sha256 is None:
                stored = await self._from_any_address(transfer, source)
                return stored if isinstance(stored, Unfetched) else unhashed_error(source, stored)
            async with self._in_hand, self._store.lock_async(f"fetch {sha256}"):
                if there := await asyncio.to_thread(self._store.file, sha256):
                    return there
                if torn := self._store.torn(sha256):
                    self._report(f"{shown(source.urls[0])}: what the store had was damaged ({torn}); fetching it again")
                stored = await self._from_any_address(transfer, source)
                return stored if isinstance(stored, Unfetched) else stored.path
        except BakehouseError as error:
            return error

    async def _from_any_address(self, transfer: Transfer, source: UrlSource) -> StoredFile | Unfetched:
        """Try the addresses in order, each with its mirrors before it."""
        failures: list[tuple[str, TransferError]] = []
        for offer in (offer for address in source.urls for offer in offers(address, self._addresses.mirrors)):
            try:
                found = await self._resolve(transfer, offer, source.known_sha256)
                stored = await transfer.save(found.address, source.known_sha256, base=found.base)
            except TransferError as failure:
                failures.append((offer.address, failure))
                continue
            for passed, why in failures:
                self._report(f"{shown(passed)}: {why}; took {shown(offer.address)}")
            return stored
        return Unfetched(source=source, tried=tuple(failures))

    async def _resolve(self, transfer: Transfer, offer: Offer, sha256: str | None) -> Offer:
        """Return the ordinary address that a ``pypi:`` or ``debian:`` one stands for, any other as it is."""
        address = offer.address
        match scheme(address):
            case "debian":
                base = await asyncio.to_thread(self._debian)
                return Offer(address=join(base, debian_path(address)), base=base)
            case "pypi":
                index = self._addresses.pypi
                found = await pypi.find(transfer, index, parse_pypi(address))
                if sha256 and found.sha256 not in {None, sha256}:
                    raise TransferError("wrong", f"the index has it with sha256 {found.sha256}, not {sha256}")
                return Offer(address=found.address, base=index)
            case _:
                return offer

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
                    f"{shown(source.urls[0])} has the right sha256, but its {kind} is {found}, not {digest}",
                    code="source.wrong-bytes",
                    remedy=f"remove the {kind} from the recipe if it has a sha256, which is enough",
                )
