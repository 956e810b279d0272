"""Fetches the files that recipes name by address and hash into the store; what is there needs no network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from builder.errors import BakehouseError, MachineError, Problem, SourceError
from builder.model.recipe import UrlSource
from builder.source import pypi
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
from builder.source.transfer import Progress, Transfer, TransferError
from builder.store import Store, StoredFile, digest_file


class PoolFile(Protocol):
    """A file of a Debian archive: ``path`` from the archive's top folder, and its hash."""

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

    async def fetch(self, source: UrlSource) -> Path:
        """Return the verified file of one source; see `fetch_all`."""
        return (await self.fetch_all((source,)))[0]

    async def debs(self, files: Iterable[PoolFile]) -> dict[str, Path]:
        """Fetch files of the Debian archive; the result's keys are their sha256."""
        sources = [UrlSource(urls=(f"debian:{file.path}",), sha256=file.sha256) for file in files]
        paths = await self.fetch_all(sources)
        return {source.sha256 or "": path for source, path in zip(sources, paths, strict=True)}

    async def fetch_all(self, sources: Sequence[UrlSource]) -> tuple[Path, ...]:
        """Return the verified files of ``sources`` in their order, several downloads at once.

        Raises one error with a problem for each source that could not be had: `SourceError` when it has no sha256, the
        wrong bytes or is gone, `MachineError` when nothing can be reached or ``offline`` was asked for.
        """
        for source in sources:
            for address in source.urls:
                check_address(address)
        there = [self._store.file(source.sha256) if source.sha256 else None for source in sources]
        missing = [source for source, path in zip(sources, there, strict=True) if path is None]
        if missing:
            if self._offline:
                raise MachineError.of([_offline_problem(source) for source in missing])
            async with Transfer(self._store, retries=self._retries, progress=self._progress) as transfer:
                batch = _Batch(self._store, self._addresses, transfer, self._report)
                fetched = iter(_all_or_error(await asyncio.gather(*(batch.get(source) for source in missing))))
            there = [path or next(fetched) for path in there]
        found = tuple(path for path in there if path is not None)
        await asyncio.to_thread(_check_md5, sources, found)
        return found


class _Batch:
    """The fetches of one call: they share connections and the pages of the indexes that they ask."""

    def __init__(self, store: Store, addresses: Addresses, transfer: Transfer, report: Callable[[str], None]) -> None:
        self._store = store
        self._addresses = addresses
        self._transfer = transfer
        self._report = report

    async def get(self, source: UrlSource) -> Path | BakehouseError:
        """Return the source's file, or the error, so that one failure hides no other."""
        try:
            if source.sha256 is None:
                raise await self._unhashed(source)
            async with self._store.lock_async(f"fetch {source.sha256}"):
                there = self._store.file(source.sha256)
                return there or (await self._from_any_address(source)).path
        except BakehouseError as error:
            return error

    async def _from_any_address(self, source: UrlSource) -> StoredFile:
        """Try the addresses in order, each with its mirrors before it."""
        failures: list[tuple[str, TransferError]] = []
        for place in (place for address in source.urls for place in with_mirrors(address, self._addresses.mirrors)):
            try:
                stored = await self._transfer.save(await self._resolve(place, source.sha256), source.sha256)
            except TransferError as failure:
                failures.append((place, failure))
                continue
            for passed, why in failures:
                self._report(f"{shown(passed)}: {why}; took {shown(place)}")
            return stored
        raise _failed(failures)

    async def _resolve(self, address: str, sha256: str | None) -> str:
        """Return the ordinary address that a ``pypi:`` or ``debian:`` one stands for, any other as it is."""
        match scheme(address):
            case "debian":
                return join(self.debian, debian_path(address))
            case "pypi":
                found = await pypi.find(self._transfer, self._addresses.pypi, parse_pypi(address))
                if sha256 and found.sha256 not in {None, sha256}:
                    raise TransferError("wrong", f"the index has it with sha256 {found.sha256}, not {sha256}")
                return found.address
            case _:
                return address

    @property
    def debian(self) -> str:
        """The base address of the Debian archive."""
        base = self._addresses.debian or debian_archive(self._addresses.apt)
        if base is None:
            raise MachineError(
                f"there is no address of a Debian archive in {self._addresses.apt}",
                code="source.no-debian-archive",
                remedy="write `debian: ADDRESS` (the folder with `dists` and `pool`) into bakehouse.yaml",
            )
        return base

    async def _unhashed(self, source: UrlSource) -> SourceError:
        """Make the error of a source without sha256; it says the hash to write, of the bytes that come now."""
        stored = await self._from_any_address(source)
        message = f"{shown(source.urls[0])} has no sha256"
        came = "what came now"
        if source.md5 is not None:
            message += ", and md5 alone proves nothing"
            came += ", with the recipe's md5" if stored.md5 == source.md5.lower() else ", whose md5 is not the recipe's"
        return SourceError(
            message,
            code="source.unhashed",
            remedy=f"compare with what its author publishes, then write `sha256: {stored.sha256}` ({came})",
        )


def _failed(failures: Sequence[tuple[str, TransferError]]) -> BakehouseError:
    """Make one error of all that was tried: nobody's bytes were right, nobody has the file, or nobody answers."""
    tried = [f"{shown(place)}: {failure}" for place, failure in failures]
    message = (
        tried[0] if len(tried) == 1 else "no address gives the source:\n" + "\n".join(f"  {line}" for line in tried)
    )
    kinds = {failure.kind for _, failure in failures}
    if "wrong" in kinds:
        remedy = "if its author really published other bytes, check them and change the recipe's sha256"
        return SourceError(message, code="source.wrong-bytes", remedy=remedy)
    if kinds == {"missing"}:
        return SourceError(message, code="source.gone", remedy="give the source another address")
    remedy = "check the network and the proxy settings; `bakehouse fetch` gets everything for a later --offline"
    return MachineError(message, code="source.unreachable", remedy=remedy)


def _offline_problem(source: UrlSource) -> Problem:
    return Problem(
        code="source.offline",
        message=f"{shown(source.urls[0])} was never fetched, and --offline forbids to fetch it now",
        remedy="run `bakehouse fetch PATH…` once with a network",
    )


def _all_or_error(results: Sequence[Path | BakehouseError]) -> list[Path]:
    errors = [result for result in results if isinstance(result, BakehouseError)]
    if errors:
        raise type(errors[0]).of([problem for error in errors for problem in error.problems])
    return [result for result in results if isinstance(result, Path)]


def _check_md5(sources: Sequence[UrlSource], paths: Sequence[Path]) -> None:
    for source, path in zip(sources, paths, strict=True):
        if source.md5 is not None and (found := digest_file(path).md5) != source.md5.lower():
            raise SourceError(
                f"{shown(source.urls[0])} has the recipe's sha256, but its md5 is {found}, not {source.md5}",
                code="source.wrong-bytes",
                remedy="remove the md5 from the recipe: the sha256 is enough",
            )
