"""What a ``meta.yaml`` is told of its sources: read in the store, and fetched by those commands that fetch anyway."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from builder.cli.collection import Collection
from builder.errors import BakehouseError, UsageError
from builder.model.recipe import GitSource, PathSource, Source

if TYPE_CHECKING:  # see `builder.cli.asking`
    from builder.cli.options import Places
    from builder.cli.site import Site

_T = TypeVar("_T")

_OFFLINE = "source.offline"


class SourceAnswers:
    """The `builder.recipe.v0.asked.AskSources` of one recipe; a question is answered once for all variants.

    Without ``places``, which commands have that fetch or build, nothing is fetched.
    """

    def __init__(self, folder: Path, collection: Collection, places: Places | None) -> None:
        """Answer the recipe in ``folder``."""
        self._folder = folder
        self._collection = collection
        self._places = places
        self._files: dict[tuple[tuple[Source, ...], str], bytes | None] = {}
        self._descriptions: dict[Source, Mapping[str, str]] = {}

    def source_file(self, sources: Sequence[Source], path: str) -> bytes | None:
        """Return a file of the sources, None if they have none of that path.

        Raises `UsageError` with the command that fetches them when they are not there, and what reading raises.
        """
        key = (tuple(sources), path)
        if key not in self._files:
            self._files[key] = self._answered(path, lambda site: self._read(site, *key))
        return self._files[key]

    def description(self, source: GitSource | PathSource) -> Mapping[str, str]:
        """Return what git says of the commit of a source, nothing for a folder without a repository."""
        if source not in self._descriptions:
            asking = lambda site: self._describe(site, source)  # noqa: E731 - it would be told in more words
            self._descriptions[source] = self._answered("the commit of the source", asking)
        return self._descriptions[source]

    async def _read(self, site: Site, sources: tuple[Source, ...], path: str) -> bytes | None:
        from builder.source.reading import read_source_file

        fetcher = site.fetcher(lambda _: None)
        return await read_source_file(sources, path, recipe_folder=self._folder, fetcher=fetcher, store=site.store)

    async def _describe(self, site: Site, source: GitSource | PathSource) -> Mapping[str, str]:
        from builder.source.digests import located
        from builder.source.git.description import Descriptions

        descriptions = Descriptions(site.store, site.addresses, offline=site.offline)
        if isinstance(source, GitSource):
            return await descriptions.of(source, self._folder)
        return await descriptions.of_folder(located(source.path, self._folder))

    def _answered(self, what: str, ask: Callable[[Site], Coroutine[None, None, _T]]) -> _T:
        try:
            return completed(ask(self._site()))
        except BakehouseError as error:
            if error.problems[0].code != _OFFLINE:
                raise
            raise UsageError(
                f"{what} is asked for while the recipe is rendered, and its source is not there",
                code="recipe.needs-source",
                remedy=f"run `bakehouse fetch {self._folder}` once with a network",
            ) from error

    def _site(self) -> Site:
        from builder.cli.options import Places
        from builder.cli.site import site

        if self._places is not None:
            return site(self._places, self._collection)
        kept = os.environ.get("BAKEHOUSE_STORE")
        places = Places(output=None, channels=(), offline=True, store=Path(kept) if kept else None)
        return replace(site(places, self._collection), offline=True)


def completed(asking: Coroutine[None, None, _T]) -> _T:
    """Return what ``asking`` comes to, also where the loop of this thread is busy with who renders."""
    import asyncio  # hardly any recipe asks
    from concurrent.futures import ThreadPoolExecutor

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(asking)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asking).result()
