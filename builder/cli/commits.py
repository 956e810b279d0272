"""Before a plan: every branch and tag of a git source becomes the commit that it is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.errors import BakehouseError
from builder.model.recipe import GitSource, Source
from builder.model.rendering import Rendering
from builder.source import Fetcher
from builder.source.failure import together

_AT_ONCE = 8

Asked = tuple[GitSource, Path]
"""A source, and the recipe's folder, from which paths start."""


def with_commits(renderings: Sequence[Rendering], fetcher: Fetcher) -> tuple[Rendering, ...]:
    """Return ``renderings`` with the commit in every git source; each repository is asked once for each revision."""
    asked = {
        (source, rendering.recipe.folder): None
        for rendering in renderings
        if not rendering.output.skip
        for source in rendering.output.source
        if isinstance(source, GitSource)
    }
    if not asked:
        return tuple(renderings)
    import asyncio  # nothing else of a plan waits

    async def ask_all() -> dict[Asked, str]:
        repositories, slots = fetcher.repositories, asyncio.Semaphore(_AT_ONCE)

        async def ask(source: GitSource, folder: Path) -> str:
            async with slots:
                return await repositories.commit(source, folder)

        commits = await asyncio.gather(*(ask(*one) for one in asked), return_exceptions=True)
        return _all_good(dict(zip(asked, commits, strict=True)))

    commits = asyncio.run(ask_all())
    return tuple(_with_commits(rendering, commits) for rendering in renderings)


def _with_commits(rendering: Rendering, commits: Mapping[Asked, str]) -> Rendering:
    found: tuple[Source, ...] = tuple(
        replace(source, commit=commits.get((source, rendering.recipe.folder)))
        if isinstance(source, GitSource)
        else source
        for source in rendering.output.source
    )
    return replace(rendering, output=replace(rendering.output, source=found))


def _all_good(commits: Mapping[Asked, str | BaseException]) -> dict[Asked, str]:
    """Return the commits, or raise one error with all problems."""
    failures = [found for found in commits.values() if isinstance(found, BaseException)]
    errors = [failure for failure in failures if isinstance(failure, BakehouseError)]
    if failures:
        raise together(errors) if len(errors) == len(failures) else failures[0]
    return {asked: found for asked, found in commits.items() if isinstance(found, str)}
