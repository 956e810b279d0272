"""From renderings to a plan against a channel and what the ledger remembers; shared by ``plan`` and ``build``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.cli.collection import recipe_files
from builder.cli.options import Selection
from builder.cli.rendering import Rendered, render_files
from builder.cli.site import Site, source_date_epoch
from builder.errors import BakehouseError
from builder.farm import Ledger
from builder.model.recipe import GitSource, Source
from builder.model.rendering import Rendering
from builder.model.task import Plan
from builder.plan import PlanContext, make_plan, missing_from, providers
from builder.report import write_text
from builder.report.events import Event, Noted
from builder.source import Fetcher, source_digests
from builder.source.failure import together


def make(
    renderings: Sequence[Rendering],
    place: Site,
    ledger: Ledger,
    *,
    sealed: bool,
    emit: Callable[[Event], None] | None = None,
) -> Plan:
    """Return the plan for ``renderings``: what the channel has under a recipe key is reused.

    Git repositories are asked what the branches and tags in recipes are now; ``emit`` is told of it, without it
    standard error.
    """
    renderings = with_commits(renderings, place.fetcher(emit or _told))
    channel = str(place.output)
    keys = place.channel.keys()
    there = set(keys.values())
    remembered = {key: name for key, name in ledger.done(channel).items() if name in there}
    context = PlanContext(
        rootfs_digest=place.rootfs_digest,
        sources=source_digests,
        known={**remembered, **keys},
        records=ledger.explanations(channel),
        sealed=sealed,
        epoch=source_date_epoch(),
        outside=(place.output, place.store.root),
    )
    return make_plan(renderings, context)


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

    async def ask() -> dict[tuple[GitSource, Path], str]:
        repositories = fetcher.repositories
        commits = await asyncio.gather(
            *(repositories.commit(source, folder) for source, folder in asked), return_exceptions=True
        )
        return _all_good(dict(zip(asked, commits, strict=True)))

    commits = asyncio.run(ask())
    return tuple(_with_commits(rendering, commits) for rendering in renderings)


def _with_commits(rendering: Rendering, commits: Mapping[tuple[GitSource, Path], str]) -> Rendering:
    found: tuple[Source, ...] = tuple(
        replace(source, commit=commits.get((source, rendering.recipe.folder)))
        if isinstance(source, GitSource)
        else source
        for source in rendering.output.source
    )
    return replace(rendering, output=replace(rendering.output, source=found))


def _all_good(commits: Mapping[tuple[GitSource, Path], str | BaseException]) -> dict[tuple[GitSource, Path], str]:
    """Return the commits, or raise one error with all problems."""
    failures = [found for found in commits.values() if isinstance(found, BaseException)]
    errors = [failure for failure in failures if isinstance(failure, BakehouseError)]
    if failures:
        raise together(errors) if len(errors) == len(failures) else failures[0]
    return {asked: found for asked, found in commits.items() if isinstance(found, str)}


def _told(event: Event) -> None:
    if isinstance(event, Noted):
        write_text(event.text, sys.stderr)


def with_dependencies(rendered: Rendered, selection: Selection, available: set[str]) -> Rendered:
    """Add the recipes of the collection that provide what is missing, and what those miss, until nothing is found.

    Recipes that cannot be read provide nothing; their errors come along, for one of them may be the missing one.
    """
    files = recipe_files(rendered.collection.recipes)
    everything = render_files(files, selection, rendered.collection)
    outputs: dict[object, list[str]] = {}
    for rendering in everything.renderings:
        outputs.setdefault(rendering.recipe.path, []).append(rendering.output.name)
    chosen = {rendering.recipe.path for rendering in rendered.renderings}
    renderings = list(rendered.renderings)
    while True:
        wanted = set(providers(missing_from(renderings, available), outputs).values()) - chosen
        if not wanted:
            return replace(rendered, renderings=tuple(renderings), errors=everything.errors)
        chosen |= wanted  # type: ignore[arg-type]
        renderings += [rendering for rendering in everything.renderings if rendering.recipe.path in wanted]
