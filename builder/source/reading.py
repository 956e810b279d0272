"""Reading one file of a recipe's sources before anything is built: as they come, without the recipe's patches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path, PurePosixPath

from builder.archive import is_archive
from builder.errors import SourceError
from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.sandbox.confined import Confined, confine
from builder.source.address import file_name
from builder.source.digests import inside_only, located
from builder.source.fetch import Fetcher
from builder.store import Store

MAX_BYTES = 1 << 20
"""Bytes of a file that is read; a configure script of the largest kind has some 900,000."""


async def read_source_file(
    sources: Sequence[Source], path: str, *, recipe_folder: Path, fetcher: Fetcher, store: Store
) -> bytes | None:
    """Return the file that lies at ``path`` in the work folder once ``sources`` are in it, None if there is none.

    A source is fetched by ``fetcher`` when it may hold the file; the first that does counts, for no two may. Raises
    `SourceError` for a path that leads out, a file with more than `MAX_BYTES`, or wrong sources; `MachineError` for a
    source that cannot be had.
    """
    wanted = PurePosixPath(*inside_only(path, "the file").parts)
    for source in sources:
        folder = inside_only(source.target_directory or ".", "the folder")
        if not wanted.is_relative_to(folder):
            continue
        found = await _Reading(recipe_folder, fetcher, store).read(source, wanted.relative_to(folder).as_posix())
        if found is not None:
            return found
    return None


class _Reading:
    """Reads files of single sources."""

    def __init__(self, recipe_folder: Path, fetcher: Fetcher, store: Store) -> None:
        self._recipe_folder = recipe_folder
        self._fetcher = fetcher
        self._store = store

    async def read(self, source: Source, path: str) -> bytes | None:
        match source:
            case UrlSource():
                file = await self._fetcher.fetch(source)
                sha256 = source.known_sha256
                with nullcontext(file) if sha256 is None else self._fetcher.store.held(sha256) as held:
                    return await asyncio.to_thread(_of_file, confine(self._store), held, source, path)
            case PathSource():
                return await asyncio.to_thread(self._beside, source, path)
            case GitSource():
                return await self._of_commit(source, path)

    def _beside(self, source: PathSource, path: str) -> bytes | None:
        place = located(source.path, self._recipe_folder)
        return _below(place, path) if place.is_dir() else _of_file(confine(self._store), place, source, path)

    async def _of_commit(self, source: GitSource, path: str) -> bytes | None:
        repositories = self._fetcher.repositories
        checkout = await repositories.fetch(source, self._recipe_folder)
        async with self._store.scratch_async("reading") as room:
            await asyncio.to_thread(repositories.check_out, checkout, room / "tree")
            return await asyncio.to_thread(_below, room / "tree", path)


def _of_file(unpacker: Confined, file: Path, source: UrlSource | PathSource, path: str) -> bytes | None:
    """Return the file at ``path`` of the archive ``file``, or ``file`` itself if it is none and has that name."""
    strip, name = True, file.name
    if isinstance(source, UrlSource):
        strip, name = not source.keeps_top_folder, source.archive_name or file_name(source.urls[0])
    if source.file_name is None and is_archive(name):
        return unpacker.read_single(file, path, most=MAX_BYTES, name=name, strip=strip)
    name = source.file_name or name
    return _bounded(file, name) if path == name else None


def _below(root: Path, path: str) -> bytes | None:
    """Return a regular file below ``root``; links are followed, but not out of it."""
    place = (root / path).resolve()
    if not place.is_relative_to(root.resolve()):
        raise SourceError(f"{path} leads out of the sources through a link", code="source.outside")
    return _bounded(place, path) if place.is_file() else None


def _bounded(file: Path, name: str) -> bytes:
    with file.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise SourceError(f"{name} has more than {MAX_BYTES:,} bytes", code="source.too-large")
    return data
