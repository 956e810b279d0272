"""Before a plan: every source without a sha256 gets that of what comes now, where the user allows such sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from builder.model.recipe import Source, UrlSource
from builder.model.rendering import Rendering
from builder.source import Fetcher


def with_digests(renderings: Sequence[Rendering], fetcher: Fetcher) -> tuple[Rendering, ...]:
    """Return ``renderings`` with a digest in every source of an address; each file is fetched once.

    The digest goes into recipe keys: other bytes at the same address are another package.
    """
    sources = [source for one in renderings if not one.output.skip for source in one.output.source]
    asked = tuple(one for one in dict.fromkeys(sources) if isinstance(one, UrlSource) and one.sha256 is None)
    if not asked:
        return tuple(renderings)
    import asyncio  # nothing else of a plan waits

    known = dict(zip(asked, asyncio.run(fetcher.measured(asked)), strict=True))
    return tuple(_with_digests(rendering, known) for rendering in renderings)


def _with_digests(rendering: Rendering, known: Mapping[UrlSource, UrlSource]) -> Rendering:
    found: tuple[Source, ...] = tuple(
        known.get(source, source) if isinstance(source, UrlSource) else source for source in rendering.output.source
    )
    return replace(rendering, output=replace(rendering.output, source=found))
